/** Lines of styled text that are cut to a width before they become escape sequences. */

export type Style = "good" | "busy" | "bad" | "faint" | "strong";

export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

const codes: Readonly<Record<Style, string>> = { good: "32", busy: "33", bad: "31", faint: "2", strong: "1" };

/** The line in at most `width` characters; an ellipsis shows that something was cut. */
export function renderLine(line: Line, { width, colour }: { readonly width: number; readonly colour: boolean }): string {
  const length = line.reduce((sum, { text }) => sum + [...text].length, 0);
  let room = length > width ? Math.max(0, width - 1) : width;
  let out = "";
  for (const { text, style } of line) {
    const kept = [...text].slice(0, room).join("");
    if (kept === "") continue;
    room -= [...kept].length;
    out += colour && style ? `\u001b[${codes[style]}m${kept}\u001b[0m` : kept;
  }
  return length > width && width > 0 ? `${out}…` : out;
}

/** A sentence over several lines, broken between words; `indent` stands before each but the first. */
export function wrapped(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if ([...joined].length <= width || line.trim() === "") line = joined;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line];
}
