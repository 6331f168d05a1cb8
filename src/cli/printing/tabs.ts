/**
 * Aligns text whose cells end with tabs, as Go's tabwriter does for `describe`: neighbouring lines that both have a cell in a
 * column share its width, which is that of the widest cell and two spaces. What follows a line's last tab belongs to no column.
 */

const gap = 2;

/** The text, aligned. */
export function alignTabs(text: string): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const out: string[] = [];
  format(lines, 0, lines.length, [], out);
  return out.join("\n");
}

/** Prints the lines from `from` to `to`, of which the columns in `widths` are known. */
function format(lines: readonly (readonly string[])[], from: number, to: number, widths: readonly number[], out: string[]): void {
  const column = widths.length;
  let at = from;
  while (at < to) {
    if (!hasCell(lines[at], column)) {
      out.push(printed(lines[at] as readonly string[], widths));
      at++;
      continue;
    }
    let end = at;
    let width = 0;
    while (end < to && hasCell(lines[end], column))
      width = Math.max(width, [...((lines[end++] as readonly string[])[column] as string)].length + gap);
    format(lines, at, end, [...widths, width], out);
    at = end;
  }
}

const hasCell = (cells: readonly string[] | undefined, column: number): boolean => cells !== undefined && column < cells.length - 1;

const printed = (cells: readonly string[], widths: readonly number[]): string =>
  cells.map((cell, at) => (at === cells.length - 1 ? cell : cell + " ".repeat(Math.max(0, (widths[at] ?? 0) - [...cell].length)))).join("");
