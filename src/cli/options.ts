/** `options`: the flags that every command on a cluster takes. */
import type { Command } from "./command.ts";
import { globalFlags } from "./global-flags.ts";
import { flagLines } from "./usage.ts";

export const options: Command = {
  usage: "",
  about: "Lists the flags that every command on a cluster takes, before or after its name.",
  flags: [],
  async run(_, { stdout }) {
    const lines = globalFlags.filter((flag) => !flag.hidden).flatMap((flag) => flagLines(flag).split("\n"));
    stdout.write(`The following options can be passed to any command on a cluster:\n\n${lines.map((line) => `    ${line}\n`).join("")}`);
    return 0;
  },
};
