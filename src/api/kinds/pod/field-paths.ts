/** Which fields of its own Pod a container may read. */

const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/;

const environmentPaths: ReadonlySet<string> = new Set([
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

const volumePaths: ReadonlySet<string> = new Set([
  "metadata.name",
  "metadata.namespace",
  "metadata.labels",
  "metadata.annotations",
  "metadata.uid",
]);

/** The paths that an environment variable may name, beside `metadata.labels['KEY']` and `metadata.annotations['KEY']`. */
export const environmentFieldPaths: readonly string[] = [...environmentPaths];

/** Whether an environment variable may read the field. */
export const isEnvironmentFieldPath = (path: string): boolean => environmentPaths.has(path) || subscript.test(path);

/** Whether a file of a downward API volume may show the field. */
export const isVolumeFieldPath = (path: string): boolean => volumePaths.has(path) || subscript.test(path);
