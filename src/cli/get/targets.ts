/** What `get` asks the server for: a list of a type, or one object. */
import type { Environment } from "../command.ts";
import type { Connection } from "../connection.ts";
import type { Resource } from "../discovery/resource.ts";
import { findObjects, parseWords, resourcesOf } from "../objects/find-objects.ts";
import type { Selection } from "../objects/selection.ts";

export interface Target {
  readonly resource: Resource;
  /** undefined: all namespaces, or a kind without. */
  readonly namespace: string | undefined;
  /** undefined: a list. */
  readonly name: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** In the order of the command line. Throws `CommandError`, `NoResourceError`. */
export async function findTargets(
  environment: Pick<Environment, "files" | "stdin">,
  connection: Connection,
  selection: Selection,
): Promise<readonly Target[]> {
  const { args, files, labelSelector, fieldSelector, allNamespaces } = selection;
  const hasFiles = files && (files.filenames.length > 0 || files.kustomize !== "");
  const words = hasFiles ? undefined : parseWords(args);
  if (!words || words.pairs || words.names.length > 0) {
    const { found, errors } = await findObjects(environment, connection, selection);
    if (errors.length > 0) throw errors[0];
    return found;
  }
  return (await resourcesOf(connection, words.types)).map((resource) => ({
    resource,
    namespace: resource.scope === "Namespaced" && !allNamespaces ? connection.namespace : undefined,
    name: undefined,
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
  }));
}
