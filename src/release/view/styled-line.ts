/** Lines of styled text that are cut to a width before they become escape sequences. */
import type { Lettering } from "./lettering.ts";

export type Style = "good" | "busy" | "bad" | "faint" | "strong";

export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

export interface LineOptions {
  /** In columns of the terminal. */
  readonly width: number;
  readonly colour: boolean;
  readonly lettering: Lettering;
}

const codes: Readonly<Record<Style, string>> = { good: "32", busy: "33", bad: "31", faint: "2", strong: "1" };

const nothing = /^\p{M}$|^[\u200b\u200c]$|^\u200d$/u;
const twice =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]$|^\p{Emoji_Presentation}$/u;

/** How many columns of a terminal a text takes: two for each East Asian character and emoji. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfOne(character);
  return columns;
}

const columnsOfOne = (character: string): number =>
  character < "\u0300" ? 1 : nothing.test(character) ? 0 : twice.test(character) ? 2 : 1;

/** The line in at most `width` columns; an ellipsis shows that something was cut. */
export function renderLine(line: Line, { width, colour, lettering }: LineOptions): string {
  const spans = line.map(({ text, style }) => ({ text: lettering.text(text.replaceAll("\t", "  ")), style }));
  const isCut = spans.reduce((sum, { text }) => sum + columnsOf(text), 0) > width;
  const ellipsis = lettering.text("…");
  let room = isCut ? Math.max(0, width - columnsOf(ellipsis)) : width;
  let out = "";
  for (const { text, style } of spans) {
    const kept = fitting(text, room);
    if (kept === "") continue;
    room -= columnsOf(kept);
    out += colour && style ? `\u001b[${codes[style]}m${kept}\u001b[0m` : kept;
    if (kept.length < text.length) break;
  }
  return isCut && width > 0 ? `${out}${ellipsis}` : out;
}

/** As much of the beginning of a text as has room. */
function fitting(text: string, room: number): string {
  let kept = "";
  for (const character of text) {
    room -= columnsOfOne(character);
    if (room < 0) break;
    kept += character;
  }
  return kept;
}

/** A sentence over several lines, broken between words; `indent` stands before each but the first. */
export function wrapped(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (columnsOf(joined) <= width || line.trim() === "") line = joined;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line];
}
