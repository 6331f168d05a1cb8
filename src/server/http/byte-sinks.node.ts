/**
 * Answers written piece by piece. What is written within one turn of the event loop goes to the operating system as
 * one write, so a burst of small watch events costs one TLS record and not a hundred.
 */
import type { Writable } from "node:stream";
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

/** A sink over a response or an HTTP/2 stream. */
export function byteSink(stream: Writable, destroy: () => void): ByteSink {
  let pieces: Uint8Array[] = [];
  let piecesBytes = 0;
  let scheduled = false;
  let ended = false;

  const flush = (): void => {
    scheduled = false;
    if (pieces.length === 0) return;
    const due = pieces;
    pieces = [];
    const bytes = piecesBytes;
    piecesBytes = 0;
    if (stream.destroyed || stream.writableEnded) return;
    stream.write(due.length === 1 ? due[0] : Buffer.concat(due, bytes));
  };
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
    write(bytes) {
      if (ended || bytes.length === 0) return true;
      pieces.push(bytes);
      piecesBytes += bytes.length;
      if (piecesBytes >= flushBytes) flush();
      else schedule();
      return buffered() < highWaterBytes;
    },
    async drained() {
      flush();
      while (stream.writableNeedDrain && !stream.destroyed) await once(stream);
      if (stream.destroyed) throw new Error("the client has gone");
    },
    end() {
      if (ended) return;
      flush();
      ended = true;
      if (!stream.destroyed) stream.end();
    },
    destroy() {
      ended = true;
      pieces = [];
      piecesBytes = 0;
      destroy();
    },
  };
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
