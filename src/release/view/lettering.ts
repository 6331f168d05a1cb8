/** The characters that drawings are made of: for terminals that show any, and for those that show ASCII alone. */
import type { PodState } from "./pod-state.ts";

export interface Lettering {
  /** Shape and letter of a Pod. */
  readonly squares: Readonly<Record<PodState, string>>;
  /** Of a bar: what is available, what is on its way. */
  readonly full: string;
  readonly part: string;
  /** Below a bar: nothing, the floor, the ceiling, both in one place. */
  readonly scale: readonly [string, string, string, string];
  /** From nothing to everything, nine of them. */
  readonly levels: string;
  /** Any text, so that it can be shown. */
  text(text: string): string;
}

/** Shape, letter and, where there is some, colour say the same thing three times, for whoever lacks one of them. */
export const unicodeLettering: Lettering = {
  squares: {
    available: "■A",
    ready: "▣R",
    unready: "◧N",
    starting: "◌S",
    pending: "·P",
    failing: "✗F",
    terminating: "□T",
    ended: "◇E",
  },
  full: "█",
  part: "▒",
  scale: [".", "└", "┘", "┴"],
  levels: " ▁▂▃▄▅▆▇█",
  text: (text) => text,
};

const plainWords: Readonly<Record<string, string>> = {
  "…": "...",
  "→": "->",
  "✗": "x",
  "✓": "ok",
  "·": "-",
  "×": "x",
  "“": '"',
  "”": '"',
  "’": "'",
  "–": "-",
};

/** Letters alone, small where a Pod does not serve: `A A s F`. What has no ASCII is a question mark. */
export const asciiLettering: Lettering = {
  squares: {
    available: "A",
    ready: "R",
    unready: "n",
    starting: "s",
    pending: "p",
    failing: "F!",
    terminating: "t",
    ended: "e",
  },
  full: "#",
  part: "-",
  scale: [".", "[", "]", "|"],
  levels: " _.:-=+*#",
  text: (text) => text.replace(/[^\t -~]/gu, (character) => plainWords[character] ?? "?"),
};
