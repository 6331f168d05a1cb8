/** The log of one container on disk: `log`, and older pieces `log.1`, `log.2` (higher is newer) after rotation. */
import { watch } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../base/system-world.node.ts";
import { parseTime } from "../../base/time.ts";
import type { LogOptions } from "../../api/node-api.ts";
import { tell } from "./conmon-socket.node.ts";
import { type LogPrinter, logPrinter, tailStart } from "./cri-log.ts";

const chunkBytes = 64 * 1024;
/** A look at the file even when no notice came: some file systems give none. */
const lookAgainMs = 1000;
const goOverLooks = 200;
const goOverLookMs = 5;

export interface LogRotation {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** Renames a log that has grown too large, tells its writer to go on in a new file, and drops the oldest pieces. */
export async function rotateLog(directory: string, rotation: LogRotation): Promise<void> {
  const path = join(directory, "log");
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size < rotation.maxBytes) return;
  const pieces = await olderPieces(path);
  await rename(path, `${path}.${(pieces.at(-1) ?? 0) + 1}`);
  await tell(directory, "2 0 0\n");
  // The writer goes over to the new file in its own time; until then there is none.
  for (let looks = 0; looks < goOverLooks && !(await stat(path).catch(() => undefined)); looks++) await sleep(systemClock, goOverLookMs);
  const tooMany = pieces.length + 2 - rotation.maxFiles;
  for (const piece of pieces.slice(0, Math.max(0, tooMany))) await rm(`${path}.${piece}`, { force: true });
}

export interface LogReading {
  readonly path: string;
  readonly options: Omit<LogOptions, "container" | "previous">;
  readonly now: number;
  /** Whether the writer is done with the log. Asked before each look for more. */
  readonly ended: () => boolean;
  readonly sink: (bytes: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Writes the log to the sink; see `Runtime.logs`. */
export async function readLog(reading: LogReading): Promise<void> {
  const { path, options, sink, signal } = reading;
  const stream = options.stream?.toLowerCase();
  const printer = logPrinter({
    since: options.sinceSeconds !== undefined ? reading.now - options.sinceSeconds * 1000 : parseTime(options.sinceTime),
    stream: stream === "stdout" || stream === "stderr" ? stream : undefined,
    timestamps: options.timestamps === true,
    limitBytes: options.limitBytes,
  });
  const files = [...(await olderPieces(path)).map((piece) => `${path}.${piece}`), path];
  let { file, offset } = options.tailLines === undefined ? { file: 0, offset: 0 } : await findTail(files, options.tailLines);
  for (; file < files.length - 1; file++) {
    await pour(files[file] as string, offset, printer, reading);
    offset = 0;
    if (printer.full || signal.aborted) return;
  }
  await followFile({ path, offset, printer, reading, sink });
}

async function followFile(work: {
  path: string;
  offset: number;
  printer: LogPrinter;
  reading: LogReading;
  sink: (bytes: Uint8Array) => Promise<void>;
}): Promise<void> {
  const { path, printer, reading } = work;
  const follow = reading.options.follow === true;
  let wake = (): void => {};
  let handle = await open(path).catch(() => undefined);
  let inode = (await handle?.stat())?.ino;
  let { offset } = work;
  let noticed = false;
  const notice = (): void => {
    noticed = true;
    wake();
  };
  const watcher = follow ? watch(dirname(path), notice) : undefined;
  watcher?.on("error", () => {});
  reading.signal.addEventListener("abort", notice, { once: true });
  try {
    for (;;) {
      noticed = false;
      const ended = reading.ended();
      if (handle) offset = await pourHandle(handle, offset, printer, reading);
      if (printer.full || reading.signal.aborted || !follow) return;
      const current = await stat(path).catch(() => undefined);
      if (current && current.ino !== inode) {
        // Rotated: the rest of the old file has been read, the new one begins at its start.
        if (handle) await pourHandle(handle, offset, printer, reading);
        await handle?.close();
        handle = await open(path).catch(() => undefined);
        inode = (await handle?.stat())?.ino;
        offset = 0;
        continue;
      }
      if (ended) return;
      if (!noticed) {
        await new Promise<void>((resolve) => {
          const timer = systemClock.setTimer(lookAgainMs, resolve);
          wake = () => {
            timer.cancel();
            resolve();
          };
        });
      }
    }
  } finally {
    watcher?.close();
    reading.signal.removeEventListener("abort", notice);
    await handle?.close();
  }
}

async function pour(path: string, offset: number, printer: LogPrinter, reading: LogReading): Promise<void> {
  const handle = await open(path).catch(() => undefined);
  if (!handle) return;
  try {
    await pourHandle(handle, offset, printer, reading);
  } finally {
    await handle.close();
  }
}

async function pourHandle(
  handle: Awaited<ReturnType<typeof open>>,
  offset: number,
  printer: LogPrinter,
  { sink, signal }: LogReading,
): Promise<number> {
  const buffer = new Uint8Array(chunkBytes);
  let at = offset;
  while (!printer.full && !signal.aborted) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const bytes = printer.print(buffer.subarray(0, bytesRead));
    if (bytes.length > 0) await sink(bytes.slice());
  }
  return at;
}

/** Where the last `lines` lines begin, reading backwards from the newest file. */
async function findTail(files: readonly string[], lines: number): Promise<{ file: number; offset: number }> {
  let wanted = lines;
  for (let file = files.length - 1; file >= 0; file--) {
    const handle = await open(files[file] as string).catch(() => undefined);
    if (!handle) continue;
    try {
      const { size } = await handle.stat();
      if (wanted === 0 && file === files.length - 1) return { file, offset: size };
      for (let length = Math.min(size, chunkBytes); ; length = Math.min(size, length * 4)) {
        const bytes = new Uint8Array(length);
        await handle.read(bytes, 0, length, size - length);
        // A piece that begins within a line lets its first line go.
        const skip = length < size ? bytes.indexOf(0x0a) + 1 : 0;
        const { start, found } = tailStart(bytes.subarray(skip), wanted);
        if (start > 0) return { file, offset: size - length + skip + start };
        if (length === size) {
          wanted -= found;
          break;
        }
      }
      if (wanted <= 0) return { file, offset: 0 };
    } finally {
      await handle.close();
    }
  }
  return { file: 0, offset: 0 };
}

/** Numbers of the pieces, oldest first. */
async function olderPieces(path: string): Promise<number[]> {
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((name) => /^log\.\d+$/.test(name) && join(dirname(path), name).startsWith(`${path}.`))
    .map((name) => Number(name.slice("log.".length)))
    .sort((a, b) => a - b);
}
