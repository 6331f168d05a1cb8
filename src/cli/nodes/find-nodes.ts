/** The nodes that a line of `cordon`, `uncordon` or `drain` means. */
import type { KindRef } from "../../api/kind.ts";
import type { Node } from "../../api/types.ts";
import type { Environment, Invocation } from "../command.ts";
import type { Connection } from "../connection.ts";
import { throwAll, usageError } from "../errors.ts";
import { findObjects } from "../objects/find-objects.ts";

export const nodeRef: KindRef<Node> = { group: "", version: "v1", kind: "Node", plural: "nodes", scope: "Cluster" };

/** By name, `node/NAME`, or -l. Throws usage errors, and what the server says of those that are not there. */
export async function findNodes(
  { args, flags, name }: Invocation,
  environment: Environment,
  connection: Connection,
): Promise<readonly Node[]> {
  const selector = flags.string("selector");
  const verb = name.split(" ").at(-1);
  if (args.length === 0 && !flags.given("selector")) throw usageError(name, `USAGE: ${verb} NODE [flags]`);
  if (args.length > 0 && selector !== "") throw usageError(name, "cannot specify both a node name and a --selector option");
  const words = args.length > 0 ? args.map((word) => (word.includes("/") ? word : `nodes/${word}`)) : ["nodes"];
  const { found, errors } = await findObjects(environment, connection, { args: words, labelSelector: selector }, { fetch: true });
  throwAll(errors);
  return found.map(({ object }) => object as unknown as Node);
}
