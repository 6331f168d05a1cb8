/** Whether a command in a container gets a terminal. */
import type { Environment } from "../command.ts";

export interface TerminalWish {
  readonly withStdin: boolean;
  readonly wanted: boolean;
  readonly quiet: boolean;
}

/** A terminal there needs one here, and input that goes to it; what can't be had is said on stderr. */
export function terminalOf({ withStdin, wanted, quiet }: TerminalWish, { stdin, stderr }: Pick<Environment, "stdin" | "stderr">): boolean {
  if (!wanted) return false;
  if (!withStdin) return true;
  if (stdin.isTerminal) return true;
  if (!quiet) stderr.write("Unable to use a TTY - input is not a terminal or the right kind of file\n");
  return false;
}
