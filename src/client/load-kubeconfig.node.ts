/** Finds and loads the kubeconfig as kubectl does: an explicit file, else the list in KUBECONFIG, else ~/.kube/config. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type AccessChoice, accessOf, type ClusterAccess, type Kubeconfig, KubeconfigError, parseKubeconfigs } from "./kubeconfig.ts";

/**
 * An explicit file must exist; of the others the missing ones are passed over. Throws `KubeconfigError` for a file that
 * can't be read.
 */
export async function loadKubeconfig(explicit?: string, environment: NodeJS.ProcessEnv = process.env): Promise<Kubeconfig> {
  if (explicit !== undefined) return readKubeconfigs([explicit], { mustExist: true });
  const fromEnvironment = environment["KUBECONFIG"]?.split(delimiter).filter((path) => path !== "") ?? [];
  const home = environment["HOME"] ?? homedir();
  return readKubeconfigs(fromEnvironment.length > 0 ? fromEnvironment : [join(home, ".kube", "config")], { mustExist: false });
}

/** Reads and merges files. Throws `KubeconfigError` for one that can't be read, and for a missing one if it must exist. */
async function readKubeconfigs(paths: readonly string[], { mustExist }: { readonly mustExist: boolean }): Promise<Kubeconfig> {
  const files: { path: string; text: string }[] = [];
  for (const path of paths) {
    try {
      files.push({ path, text: readFileSync(path, "utf8") });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        throw new KubeconfigError(`error loading config file "${path}": ${(error as Error).message}`, { cause: error });
      if (mustExist) throw new KubeconfigError(`stat ${path}: no such file or directory`, { cause: error });
    }
  }
  return parseKubeconfigs(files, (file, path) => resolve(dirname(file), path));
}

export interface AccessOptions {
  /** One file, which must exist. */
  readonly kubeconfig?: string;
  /** Other files than the usual ones; missing ones are passed over. */
  readonly paths?: readonly string[];
  readonly choice?: AccessChoice;
}

/**
 * How to reach the cluster that the user means: the context asked for, else the current one; in a container without any
 * kubeconfig the cluster around it. Throws `KubeconfigError`.
 */
export async function findAccess(
  { kubeconfig, paths, choice = {} }: AccessOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ClusterAccess> {
  const config =
    kubeconfig === undefined && paths ? await readKubeconfigs(paths, { mustExist: false }) : await loadKubeconfig(kubeconfig, environment);
  const isNamed = choice.context !== undefined || choice.cluster !== undefined || choice.server !== undefined;
  if (!isNamed && config.currentContext === undefined) {
    const around = inClusterAccess(environment);
    if (around) return { ...around, ...choice.overrides };
  }
  return accessOf(config, choice);
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** How a container in a cluster reaches that cluster's API; undefined outside of one. */
function inClusterAccess(environment: NodeJS.ProcessEnv): ClusterAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port) return undefined;
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    certificateAuthorityFile: `${serviceAccountFolder}/ca.crt`,
    tokenFile: `${serviceAccountFolder}/token`,
    ...ownNamespace(),
  };
}

/** The namespace of the Pod itself. */
function ownNamespace(): { namespace?: string } {
  try {
    return { namespace: readFileSync(`${serviceAccountFolder}/namespace`, "utf8").trim() };
  } catch {
    return {};
  }
}
