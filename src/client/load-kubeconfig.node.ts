/** Finds and loads the kubeconfig as kubectl does: an explicit file, else the list in KUBECONFIG, else ~/.kube/config. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { accessOf, type ClusterAccess, type Kubeconfig, KubeconfigError, parseKubeconfigs } from "./kubeconfig.ts";

/**
 * An explicit file must exist; of the others the missing ones are passed over. Throws `KubeconfigError` for a file that
 * can't be read.
 */
export function loadKubeconfig(explicit?: string, environment: NodeJS.ProcessEnv = process.env): Kubeconfig {
  const fromEnvironment = environment["KUBECONFIG"]?.split(delimiter).filter((path) => path !== "") ?? [];
  const home = environment["HOME"] ?? homedir();
  const paths = explicit !== undefined ? [explicit] : fromEnvironment.length > 0 ? fromEnvironment : [join(home, ".kube", "config")];
  const files: { path: string; text: string }[] = [];
  for (const path of paths) {
    try {
      files.push({ path, text: readFileSync(path, "utf8") });
    } catch (error) {
      if (explicit === undefined && (error as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw new KubeconfigError(`error loading config file "${path}": ${(error as Error).message}`, { cause: error });
    }
  }
  return parseKubeconfigs(files, (file, path) => resolve(dirname(file), path));
}

/**
 * How to reach the cluster that the user means: the context asked for, else the current one; in a container without any
 * kubeconfig the cluster around it. Throws `KubeconfigError`.
 */
export function findAccess(
  options: { readonly kubeconfig?: string; readonly context?: string },
  environment: NodeJS.ProcessEnv = process.env,
): ClusterAccess {
  const config = loadKubeconfig(options.kubeconfig, environment);
  if (options.context === undefined && config.currentContext === undefined) {
    const around = inClusterAccess(environment);
    if (around) return around;
  }
  return accessOf(config, options.context);
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
  };
}
