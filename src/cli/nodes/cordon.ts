/** `cordon` and `uncordon`: whether new Pods may come onto nodes (KR-44). */
import type { Node } from "../../api/types.ts";
import type { Command } from "../command.ts";
import type { Connection } from "../connection.ts";
import { failuresOf, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { selectorFlag } from "../objects/selection.ts";
import { findNodes, nodeRef } from "./find-nodes.ts";

const flags: readonly Flag[] = [selectorFlag, dryRunFlag];

const command = (unschedulable: boolean, texts: Pick<Command, "about" | "examples">): Command => ({
  usage: "(NODE ... | -l LABELS) [flags]",
  ...texts,
  flags,
  async run(invocation, environment) {
    const dryRun = dryRunOf(invocation.flags, environment);
    const connection = await environment.connect(invocation.flags);
    try {
      throwAll(
        await failuresOf(await findNodes(invocation, environment, connection), async (node) => {
          environment.stdout.write(await setSchedulable(node, unschedulable, dryRun, connection));
        }),
      );
      return 0;
    } finally {
      connection.close();
    }
  },
});

export const cordon = command(true, {
  about: "Keeps new Pods away from nodes. Those that run stay.",
  examples: "windlass cordon windlass-2",
});
export const uncordon = command(false, { about: "Lets new Pods onto nodes again.", examples: "windlass uncordon windlass-2" });

/** Marks one node. Resolves with the line to print; throws what the server says. */
export async function setSchedulable(node: Node, unschedulable: boolean, dryRun: DryRun, { client }: Connection): Promise<string> {
  const { name = "" } = node.metadata;
  const isSo = (node.spec?.unschedulable ?? false) === unschedulable;
  const done = unschedulable ? "cordoned" : "uncordoned";
  if (!isSo && dryRun !== "client")
    await client.patch(
      nodeRef,
      { name },
      "strategic",
      { spec: { unschedulable: unschedulable || null } },
      dryRun === "server" ? { dryRun: true } : {},
    );
  return `node/${name} ${isSo ? "already " : ""}${done}${dryRunSuffix(dryRun)}\n`;
}
