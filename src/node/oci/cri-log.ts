/** The log format of CRI: `2026-11-22T10:00:00.123456789+00:00 stdout F a line`. P instead of F: the line goes on in the next entry. */

import { parseTime } from "../../base/time.ts";

export interface LogEntry {
  /** As it stands in the file. */
  readonly timestamp: string;
  readonly stream: "stdout" | "stderr";
  /** Whether the line ends with this entry. */
  readonly full: boolean;
  readonly content: Uint8Array;
}

const space = 0x20;
const newline = 0x0a;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads one line of the file, without its newline. Undefined: it is no entry. */
export function parseEntry(line: Uint8Array): LogEntry | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  const third = line.indexOf(space, second + 1);
  if (first <= 0 || second < 0) return undefined;
  const stream = decoder.decode(line.subarray(first + 1, second));
  const tag = decoder.decode(third < 0 ? line.subarray(second + 1) : line.subarray(second + 1, third));
  if ((stream !== "stdout" && stream !== "stderr") || (tag !== "F" && tag !== "P")) return undefined;
  return {
    timestamp: decoder.decode(line.subarray(0, first)),
    stream,
    full: tag === "F",
    content: third < 0 ? new Uint8Array(0) : line.subarray(third + 1),
  };
}

export interface LogFilter {
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly stream: "stdout" | "stderr" | undefined;
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
}

export interface LogPrinter {
  /** What a reader of the log gets to see of these bytes of the file. Cut lines are kept for the next call. */
  print(bytes: Uint8Array): Uint8Array;
  /** The limit is reached: nothing will come any more. */
  readonly full: boolean;
}

/** Turns files into what a user reads: filtered, entries of one line joined. */
export function logPrinter(filter: LogFilter): LogPrinter {
  let rest: Uint8Array = new Uint8Array(0);
  let left = filter.limitBytes ?? Number.POSITIVE_INFINITY;
  const open = { stdout: false, stderr: false };

  function printed(line: Uint8Array, out: Uint8Array[]): void {
    const entry = parseEntry(line);
    if (!entry) return;
    const begins = !open[entry.stream];
    open[entry.stream] = !entry.full;
    if (filter.stream !== undefined && entry.stream !== filter.stream) return;
    if (filter.since !== undefined && (parseTime(entry.timestamp) ?? 0) < filter.since) return;
    if (filter.timestamps && begins) out.push(encoder.encode(`${entry.timestamp.replace("+00:00", "Z")} `));
    out.push(entry.content);
    if (entry.full) out.push(Uint8Array.of(newline));
  }

  return {
    get full() {
      return left <= 0;
    },
    print(bytes) {
      const all = rest.length > 0 ? concat([rest, bytes]) : bytes;
      const out: Uint8Array[] = [];
      let start = 0;
      for (let end = all.indexOf(newline); end >= 0; end = all.indexOf(newline, start)) {
        printed(all.subarray(start, end), out);
        start = end + 1;
      }
      rest = all.slice(start);
      const result = concat(out);
      const kept = result.length > left ? result.subarray(0, left) : result;
      left -= kept.length;
      return kept;
    },
  };
}

/** How many lines end within these bytes of a file, counting from its end, and where the last `lines` of them begin. */
export function tailStart(bytes: Uint8Array, lines: number): { readonly start: number; readonly found: number } {
  let end = bytes.length;
  let found = 0;
  let start = end;
  while (end > 0) {
    const begin = bytes.lastIndexOf(newline, end - 2) + 1;
    const entry = parseEntry(bytes.subarray(begin, bytes[end - 1] === newline ? end - 1 : end));
    // A line that has not ended yet counts as well, when it is the very last.
    if (entry && (entry.full || end === bytes.length)) {
      if (found === lines) return { start, found };
      found++;
    }
    start = begin;
    end = begin;
  }
  return { start, found };
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
