/** The flag --dry-run of the verbs that change something. */
import type { Environment } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";

/** `none`: do it. `client`: say what would be sent. `server`: have the server do everything but keep it. */
export type DryRun = "none" | "client" | "server";

/** What the bare flag stands for: the meaning that it once had, which is `client` (KR-21). */
const bare = "unchanged";

export const dryRunFlag: Flag = {
  name: "dry-run",
  type: "string",
  default: "none",
  bare,
  about: "none, server (have the server check everything and keep nothing) or client (only print what would be sent)",
};

/** Throws `CommandError`. Warns of the forms that are on their way out. */
export function dryRunOf(flags: Flags, { stderr }: Pick<Environment, "stderr">): DryRun {
  const text = flags.string("dry-run");
  switch (text) {
    case "none":
    case "client":
    case "server":
      return text;
    case bare:
      stderr.write("Warning: --dry-run is deprecated and can be replaced with --dry-run=client.\n");
      return "client";
    default:
      throw new CommandError(`Invalid dry-run value (${text}). Must be "none", "server", or "client".`);
  }
}

/** What follows the line of a verb. */
export const dryRunSuffix = (dryRun: DryRun): string =>
  dryRun === "client" ? " (dry run)" : dryRun === "server" ? " (server dry run)" : "";
