/** --cascade: what becomes of what a deleted object owns. */
import type { Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";

export const cascadeFlag: Flag = {
  name: "cascade",
  type: "string",
  default: "background",
  bare: "background",
  about: "what becomes of what the object owns: background (deleted after it), foreground (before it), orphan (left alone)",
};

const policies: Readonly<Record<string, "Background" | "Foreground" | "Orphan">> = {
  background: "Background",
  foreground: "Foreground",
  orphan: "Orphan",
};

/** Throws `CommandError`. Warns of the forms that are on their way out. */
export function propagationOf(given: Flags, { stderr }: Pick<Environment, "stderr">): "Background" | "Foreground" | "Orphan" {
  const text = given.string("cascade");
  if (text === "true" || text === "false") {
    const meant = text === "true" ? "background" : "orphan";
    stderr.write(`warning: --cascade=${text} is deprecated (boolean value) and can be replaced with --cascade=${meant}.\n`);
    return policies[meant] as "Background" | "Orphan";
  }
  const policy = policies[text];
  if (!policy) throw new CommandError(`invalid cascade value (${text}). Must be "background", "foreground", or "orphan"`);
  return policy;
}
