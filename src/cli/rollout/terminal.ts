/** What the terminal can show: colours, and characters beyond ASCII. */
import { asciiLettering, type Lettering, unicodeLettering } from "../../release/view/lettering.ts";
import type { Environment, Output } from "../command.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";

/** Flags by which somebody says what the terminal can show. */
export const terminalFlags: readonly Flag[] = [
  { name: "color", type: "string", default: "auto", about: "colours: auto (on a terminal, unless NO_COLOR is set), always, never" },
  { name: "no-color", about: "the same as --color=never" },
  { name: "ascii", about: "no characters beyond ASCII; so it is where the locale has no UTF-8, and on the console of Linux" },
];

export interface Terminal {
  readonly colour: boolean;
  readonly lettering: Lettering;
  /** The cursor can be moved. */
  readonly isPaintable: boolean;
}

/** As flags, variables and standard output have it. Throws `CommandError` for an unknown `--color`. */
export function terminalOf({ stdout, variable }: Pick<Environment, "stdout" | "variable">, flags: Flags): Terminal {
  const wanted = flags.string("color");
  if (!["auto", "always", "never"].includes(wanted)) throw new CommandError("--color must be one of auto, always, never");
  const isDumb = variable("TERM") === "dumb";
  const isColoured = wanted === "always" || (wanted === "auto" && stdout.isTerminal && !variable("NO_COLOR") && !isDumb);
  return {
    colour: isColoured && !flags.bool("no-color"),
    lettering: flags.bool("ascii") ? asciiLettering : letteringOf(stdout, variable),
    isPaintable: stdout.isTerminal && !isDumb,
  };
}

/** What can be shown where nobody has said it by a flag. Only a terminal is asked for its locale: logs are read elsewhere. */
export const letteringOf = ({ isTerminal }: Output, variable: Environment["variable"]): Lettering =>
  isTerminal && (["dumb", "linux"].includes(variable("TERM") ?? "") || !isUtf8(variable)) ? asciiLettering : unicodeLettering;

/** The first of the three that is set decides (POSIX). */
const isUtf8 = (variable: Environment["variable"]): boolean =>
  /utf-?8/i.test(variable("LC_ALL") || variable("LC_CTYPE") || variable("LANG") || "");
