/** Lines of cells, aligned: a column is as wide as its widest cell and three spaces, six at least; the last is not padded. */

const least = 6;
const gap = 3;

/** Remembers widths: of lines that are aligned later, a column is at least as wide as before. */
export interface ColumnAligner {
  /** The text of some lines, each with a line break at its end. */
  align(lines: readonly (readonly string[])[]): string;
}

export function columnAligner(): ColumnAligner {
  const widths: number[] = [];
  return {
    align(lines) {
      for (const cells of lines)
        for (let at = 0; at < cells.length - 1; at++) widths[at] = Math.max(widths[at] ?? least, lengthOf(cells[at] as string) + gap);
      return lines
        .map(
          (cells) =>
            `${cells.map((cell, at) => (at === cells.length - 1 ? cell : cell + " ".repeat((widths[at] as number) - lengthOf(cell)))).join("")}\n`,
        )
        .join("");
    },
  };
}

/** Some lines, aligned by themselves. */
export const alignColumns = (lines: readonly (readonly string[])[]): string => columnAligner().align(lines);

/** Characters, not code units. */
const lengthOf = (text: string): number => (/^[\x20-\x7e]*$/.test(text) ? text.length : [...text].length);
