/** `get`: objects as tables, YAML, JSON, names or single fields. */
import type { Command } from "../command.ts";
import { findObjects } from "../objects/find-objects.ts";
import { allNamespacesFlag, fileFlags, fieldSelectorFlag, selectionOf, selectorFlag } from "../objects/selection.ts";
import { printerOf, printFlags } from "../printing/printer.ts";
import { throwAll } from "../errors.ts";

const flags = [...fileFlags, selectorFlag, fieldSelectorFlag, allNamespacesFlag, ...printFlags];

export const get: Command = {
  usage: "(TYPE[,TYPE...] [NAME... | -l LABELS] | TYPE/NAME... | -f FILE) [flags]",
  about: "Shows objects.",
  flags,
  async run(invocation, environment) {
    const connection = await environment.connect(invocation.flags);
    const printer = await printerOf(invocation.flags, environment);
    const selection = { ...selectionOf(invocation.args, invocation.flags, flags), namelessMeansAll: true };
    const { found, errors } = await findObjects(environment, connection, selection, { fetch: true });
    for (const each of found) if (each.object && printer) environment.stdout.write(printer(each.object));
    throwAll(errors);
    return 0;
  },
};
