/** What happened in a run, line by line, and one number that stands for all of it: equal numbers are equal runs. */
import { virtualEpochMs } from "../base/virtual-clock.ts";

export interface Trace {
  /** Kept only when asked for; the digest counts them in any case. */
  readonly lines: readonly string[];
  digest(): string;
  /** `line` is only called for when lines are kept. */
  add(atMs: number, brief: string, line?: () => string): void;
}

export function createTrace(options: { readonly keepsLines: boolean }): Trace {
  const lines: string[] = [];
  let hash = 0x811c9dc5;
  return {
    lines,
    digest: () => (hash >>> 0).toString(16).padStart(8, "0"),
    add(atMs, brief, line) {
      hash = fnv(fnv(hash, String(atMs)), brief);
      if (options.keepsLines) lines.push(`${clockText(atMs)}  ${line?.() ?? brief}`);
    },
  };
}

function fnv(hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** `3:07.250`: minutes, seconds and milliseconds since the beginning. */
function clockText(atMs: number): string {
  const ms = Math.floor(atMs - virtualEpochMs);
  const seconds = Math.floor(ms / 1000);
  const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");
  return `${String(Math.floor(seconds / 60)).padStart(3)}:${padded(seconds % 60, 2)}.${padded(ms % 1000, 3)}`;
}
