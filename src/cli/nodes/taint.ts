/** `taint`: taints of nodes, which keep Pods away that do not tolerate them (KR-44). */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Node } from "../../api/types.ts";
import type { Command } from "../command.ts";
import { CommandError, failuresOf, throwAll } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { validateFlag } from "../apply/validation.ts";
import { dryRunFlag, dryRunOf } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { allFlag, selectionOf, selectorFlag } from "../objects/selection.ts";
import { objectLine, printFlags, printerOf } from "../printing/printer.ts";
import { nodeRef } from "./find-nodes.ts";
import { changeTaints, parseTaints } from "./taints.ts";

const flags: readonly Flag[] = [
  selectorFlag,
  allFlag,
  ...printFlags,
  dryRunFlag,
  fieldManagerFlag,
  validateFlag,
  { name: "overwrite", about: "change taints that are there already" },
];

export const taint: Command = {
  usage: "node (NAME ... | -l LABELS | --all) KEY[=VALUE]:EFFECT ... KEY[:EFFECT]- ... [flags]",
  about: "Sets and takes away taints of nodes. EFFECT is NoSchedule, PreferNoSchedule or NoExecute.",
  examples: `windlass taint node windlass-2 dedicated=db:NoSchedule
windlass taint nodes --all dedicated-`,
  flags,
  async run(invocation, environment) {
    const { flags: given, args } = invocation;
    const at = args.findIndex((word) => /[=:]/.test(word) || word.endsWith("-"));
    const resources = at < 0 ? args : args.slice(0, at);
    if (resources.length === 0) throw new CommandError("one or more resources must be specified as <resource> <name>");
    const changes = at < 0 ? [] : args.slice(at);
    if (changes.length === 0) throw new CommandError("at least one taint update is required");
    const asked = parseTaints(changes, invocation.name);
    const [type = ""] = resources;
    if (!["node", "nodes", "no"].includes(type)) throw new CommandError(`invalid resource type ${type}, only node types are supported`);
    const dryRun = dryRunOf(given, environment);
    const printer = await printerOf(given, environment);
    const connection = await environment.connect(given);
    try {
      const { found, errors } = await findObjects(environment, connection, selectionOf(resources, given, flags), { fetch: true });
      throwAll([
        ...errors,
        ...(await failuresOf(found, async ({ object, name }) => {
          const { taints, done } = changeTaints(object as unknown as Node, asked, given.bool("overwrite"));
          const options = { fieldManager: given.string("field-manager") || "kubectl-taint", ...(dryRun === "server" && { dryRun: true }) };
          const after = { ...(object as AnyObject), spec: { ...(object as AnyObject)["spec"], taints } } as AnyObject;
          const result =
            dryRun === "client"
              ? after
              : await connection.client.patch(nodeRef, { name }, "merge", { spec: { taints: taints.length > 0 ? taints : null } }, options);
          environment.stdout.write(printer ? printer(result as AnyObject) : objectLine(result as AnyObject, done));
        })),
      ]);
      return 0;
    } finally {
      connection.close();
    }
  },
};
