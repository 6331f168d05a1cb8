/**
 * Answers written piece by piece. What is written within one turn of the event loop goes to the operating system as
 * one write, so a burst of small watch events costs one TLS record and not a hundred.
 */
import type { Writable } from "node:stream";
import { systemClock } from "../../base/system-world.node.ts";
import type { ByteSink } from "./exchange.ts";

/** More than this waiting is a sign to hold back. */
const highWaterBytes = 1024 * 1024;
/** Reaching this much within one turn is written at once. */
const flushBytes = 256 * 1024;

/** Sinks with something to flush at the end of this turn. */
let dirty: Array<() => void> = [];

function flushAll(): void {
  const due = dirty;
  dirty = [];
  for (const flush of due) flush();
}

/**
 * A sink over a response or an HTTP/2 stream. While the stream is full, pieces wait as they were given: many watchers
 * then share the bytes of an event that they all wait for.
 */
export function byteSink(stream: Writable, destroy: () => void): ByteSink {
  let pieces: Uint8Array[] = [];
  let piecesBytes = 0;
  let scheduled = false;
  let ended = false;
  let blockedSince = 0;

  const writable = (): boolean => !stream.destroyed && !stream.writableEnded;
  const flush = (): void => {
    scheduled = false;
    if (!writable()) {
      pieces = [];
      piecesBytes = 0;
      return;
    }
    if (pieces.length === 0 || stream.writableNeedDrain) return;
    const due = pieces;
    const bytes = piecesBytes;
    pieces = [];
    piecesBytes = 0;
    if (bytes <= flushBytes || due.length === 1) stream.write(due.length === 1 ? due[0] : Buffer.concat(due, bytes));
    else for (const part of parts(due)) stream.write(part);
    if (stream.writableNeedDrain) blockedSince = systemClock.monotonic();
  };
  stream.on("drain", () => {
    flush();
    if (ended && pieces.length === 0 && writable()) stream.end();
  });
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    if (dirty.length === 0) setImmediate(flushAll);
    dirty.push(flush);
  };
  const buffered = (): number => piecesBytes + stream.writableLength;

  return {
    get buffered() {
      return buffered();
    },
    get blockedMs() {
      return stream.writableNeedDrain ? systemClock.monotonic() - blockedSince : 0;
    },
    write(bytes) {
      if (ended || bytes.length === 0) return true;
      pieces.push(bytes);
      piecesBytes += bytes.length;
      if (piecesBytes >= flushBytes) flush();
      else schedule();
      return buffered() < highWaterBytes;
    },
    async drained(stalledMaxMs) {
      flush();
      while ((stream.writableNeedDrain || pieces.length > 0) && !stream.destroyed) {
        const timer = stalledMaxMs === undefined ? undefined : systemClock.setTimer(stalledMaxMs, destroy);
        await once(stream);
        timer?.cancel();
      }
      if (stream.destroyed) throw new Error("the client has gone");
    },
    end() {
      if (ended) return;
      ended = true;
      flush();
      if (pieces.length === 0 && writable()) stream.end();
    },
    destroy() {
      ended = true;
      pieces = [];
      piecesBytes = 0;
      destroy();
    },
  };
}

/** Joins pieces into parts of about the size that is written at a time. */
function* parts(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    part.push(piece);
    bytes += piece.length;
    if (bytes < flushBytes) continue;
    yield Buffer.concat(part, bytes);
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield Buffer.concat(part, bytes);
}

/** Resolves when the stream drained or was closed, whichever comes first. */
const once = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
