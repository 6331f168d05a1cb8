/** A part of the terminal that is painted over and over, below what was there before; what stands there at the end stays. */
import type { Output } from "../command.ts";

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[J";
/** The terminal shows everything in between at once, where it knows how. */
const beginUpdate = "\u001b[?2026h";
const endUpdate = "\u001b[?2026l";
const clearScreen = "\u001b[2J\u001b[H";

export interface Screen {
  readonly width: number;
  /** Replaces what was painted before. Lines are no wider than `width`; what does not fit below one another is left out. */
  paint(lines: readonly string[]): void;
  /** Gives the cursor back, below the last picture. Idempotent. */
  close(): void;
}

/** Takes over the cursor of a terminal until `close`. */
export function openScreen(output: Output): Screen {
  let painted = 0;
  let columns = sizeOf(output).columns;
  let isOpen = true;
  output.write(hideCursor);
  return {
    get width() {
      return sizeOf(output).columns;
    },
    paint(lines) {
      if (!isOpen) return;
      const size = sizeOf(output);
      const room = Math.max(1, size.rows - 1);
      const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more lines`];
      // After a change of width nobody knows on which line the cursor stands.
      const back = size.columns !== columns ? clearScreen : painted > 0 ? `\u001b[${painted}A\r` : "";
      columns = size.columns;
      painted = shown.length;
      output.write(`${beginUpdate}${back}${clearBelow}${shown.map((line) => `${line}\n`).join("")}${endUpdate}`);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      output.write(showCursor);
    },
  };
}

const sizeOf = (output: Output): { readonly columns: number; readonly rows: number } => {
  const size = output.size();
  return { columns: size?.columns || 80, rows: size?.rows || 24 };
};
