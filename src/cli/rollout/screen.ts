/** A part of the terminal that is painted over and over, below what was there before; what stands there at the end stays. */
import type { Output } from "../command.ts";

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";
/** The terminal shows everything in between at once, where it knows how. */
const beginUpdate = "\u001b[?2026h";
const endUpdate = "\u001b[?2026l";
const clearScreen = "\u001b[2J\u001b[H";

export interface Screen {
  /** In columns. */
  readonly width: number;
  /** So many lines can be painted. */
  readonly height: number;
  /** Replaces what was painted before. Lines are no wider than `width`; those beyond `height` are left out. */
  paint(lines: readonly string[]): void;
  /** Gives the cursor back, below the last picture. Idempotent. */
  close(): void;
}

/** Takes over the cursor of a terminal until `close`. `resized` is called after each change of its size. */
export function openScreen(output: Output, resized: () => void): Screen {
  let painted: readonly string[] = [];
  let size = sizeOf(output);
  let isOpen = true;
  let isMoved = false;
  const watch = output.onResize(() => {
    size = sizeOf(output);
    // Lines were broken anew: nobody knows on which one the cursor stands.
    isMoved = true;
    resized();
  });
  output.write(hideCursor);
  return {
    get width() {
      return size.columns;
    },
    get height() {
      // The cursor stands on a line of its own, below the picture.
      return Math.max(1, size.rows - 1);
    },
    paint(lines) {
      const shown = lines.slice(0, Math.max(1, size.rows - 1));
      if (!isOpen || (!isMoved && isSame(shown, painted))) return;
      const back = isMoved ? clearScreen : painted.length > 0 ? `\u001b[${painted.length}A\r` : "";
      isMoved = false;
      painted = shown;
      // Each line is cleared behind its text and not before, so that nothing blinks.
      output.write(`${beginUpdate}${back}${shown.map((line) => `${line}${clearLine}\n`).join("")}${clearBelow}${endUpdate}`);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      watch.close();
      output.write(showCursor);
    },
  };
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, index) => line === b[index]);

const sizeOf = (output: Output): { readonly columns: number; readonly rows: number } => {
  const size = output.size();
  return { columns: size?.columns || 80, rows: size?.rows || 24 };
};
