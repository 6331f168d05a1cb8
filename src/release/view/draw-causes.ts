/** The words of a drawing: what is in the way, the end of its log, the ways out. */
import type { Explanation } from "../explain/explanation.ts";
import type { Lettering } from "./lettering.ts";
import { type Line, wrapped } from "./styled-line.ts";

export interface CauseOptions {
  readonly width: number;
  readonly lettering: Lettering;
  readonly causesMax: number;
  /** Of each log, the last ones. */
  readonly logLinesMax: number;
}

const certaintyMarks = {
  certain: { glyph: "✗", style: "bad" },
  likely: { glyph: "!", style: "busy" },
  waiting: { glyph: "…", style: "faint" },
} as const;

/** What is in the way, the worst first, with the end of its log and the ways out. */
export function causeLines(explanations: readonly Explanation[], options: CauseOptions): Line[] {
  const { width, lettering, causesMax, logLinesMax } = options;
  const told = explanations.filter(({ certainty, needsPerson }) => certainty !== "waiting" || needsPerson);
  const lines: Line[] = [];
  for (const { certainty, sentence, evidence, wayOut } of told.slice(0, causesMax)) {
    const { glyph, style } = certaintyMarks[certainty];
    for (const [index, text] of wrapped(lettering.text(sentence), width - 4).entries())
      lines.push([
        { text: index === 0 ? `  ${glyph} ` : "    ", style },
        { text, ...(index === 0 && { style }) },
      ]);
    const log = evidence.find(({ at }) => at.startsWith("log of "));
    const lastLines = logLinesMax > 0 ? log?.text.split("\n").slice(-logLinesMax) : undefined;
    for (const text of lastLines ?? []) lines.push([{ text: `    | ${text}`, style: "faint" }]);
    for (const { about, command } of wayOut) {
      for (const text of command === undefined
        ? wrapped(lettering.text(`→ ${about}`), width - 6, "  ")
        : commandLines(lettering.text("→ "), command, width))
        lines.push([{ text: `    ${text}` }]);
    }
  }
  if (told.length > causesMax) lines.push([{ text: `    and ${told.length - causesMax} more`, style: "faint" }]);
  return lines;
}

/** A command that stays one when it is pasted, however narrow the terminal is. */
function commandLines(arrow: string, command: string, width: number): string[] {
  const lines = wrapped(`${arrow}${command}`, width - 8, "    ");
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

/** What is worth knowing and in nobody's way. */
export const noteLines = (explanations: readonly Explanation[], { width, lettering }: Pick<CauseOptions, "width" | "lettering">): Line[] =>
  explanations
    .filter(({ isNote }) => isNote)
    .flatMap(({ sentence }) => wrapped(lettering.text(`· ${sentence}`), width - 4, "  "))
    .map((text) => [{ text: `  ${text}`, style: "faint" }]);
