/**
 * Where the kubeconfig comes from: --kubeconfig, else the list in KUBECONFIG, else the one that the engine wrote into
 * its home and after it ~/.kube/config. So the embedded engine is the default as soon as it was started once, every
 * other context can still be named, and a command never goes to another cluster because the engine is down.
 * As a plugin of kubectl the engine's file is left out: a plugin means the cluster that kubectl means.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** The files in order; of two entries of one name the first counts. Missing ones are passed over. */
export function kubeconfigPaths({ isPlugin }: { readonly isPlugin: boolean }, variables: NodeJS.ProcessEnv = process.env): string[] {
  const listed = variables["KUBECONFIG"]?.split(delimiter).filter((path) => path !== "") ?? [];
  if (listed.length > 0) return [...new Set(listed)];
  const home = variables["HOME"] ?? homedir();
  const usual = join(home, ".kube", "config");
  const engine = join(variables["WINDLASS_HOME"] ?? join(home, ".windlass"), "kubeconfig");
  return !isPlugin && existsSync(engine) ? [engine, usual] : [usual];
}
