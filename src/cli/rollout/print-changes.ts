/** Differences between two states of a workload, as lines for people. */
import type { Change } from "../../release/history/changes.ts";
import type { DiffLine } from "../../release/history/line-diff.ts";
import type { Environment, Output } from "../command.ts";

const marks: Readonly<Record<DiffLine["type"], string>> = { same: "   ", removed: " - ", added: " + ", skip: "   " };
const colours: Readonly<Record<DiffLine["type"], string>> = { same: "", removed: "\x1b[31m", added: "\x1b[32m", skip: "\x1b[2m" };
const plain = "\x1b[0m";

/** Whether an output is looked at by somebody who likes colours. */
export const isColoured = (output: Output, { variable }: Pick<Environment, "variable">): boolean =>
  output.isTerminal && (variable("NO_COLOR") ?? "") === "" && variable("TERM") !== "dumb";

/** One block for each change, each line with its line break. */
export function changesText(changes: readonly Change[], coloured: boolean): string {
  return changes
    .map(({ title, lines, note }) => {
      const head = note === undefined ? `${title}:\n` : `${title}: ${note}\n`;
      return head + lines.map((line) => lineText(line, coloured)).join("");
    })
    .join("");
}

function lineText({ type, text }: DiffLine, coloured: boolean): string {
  const line = `${marks[type]}${printable(type === "skip" ? "…" : text)}`.trimEnd();
  return coloured && colours[type] !== "" ? `${colours[type]}${line}${plain}\n` : `${line}\n`;
}

/** What is in a ConfigMap may steer a terminal; it is shown, not done. */
const printable = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
