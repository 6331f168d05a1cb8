/**
 * SPDY/3.1, the server's half, over any duplex: what kubectl before 1.30 speaks for exec, attach and port-forward, and
 * what newer ones speak for port-forward inside a WebSocket. Frames as in the SPDY Protocol, Draft 3.1. Like the
 * implementation that all Kubernetes components share, it grants and heeds no flow-control windows; it holds the
 * whole connection back instead.
 */
import type { Duplex } from "node:stream";
import { constants, createDeflate, createInflate } from "node:zlib";
import { systemClock } from "../../base/system-world.node.ts";
import { spdyDictionary } from "./spdy-dictionary.ts";
import type { SpdyConnection, SpdyStream } from "./spdy-connection.ts";
import { type WireStream, wireStream } from "./wire-stream.ts";

const control = 0x8000;
const version = 3;
const frame = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
const flagFin = 0x01;
const headBytes = 8;
/** Frames longer than this end the connection; peers cut data into pieces of 32 KiB or less. */
const frameMaxBytes = 1024 * 1024;
const headersMaxBytes = 64 * 1024;
const streamsMax = 1000;
const dataFrameBytes = 16 * 1024;
const rst = { protocolError: 1, refusedStream: 3, cancel: 5 } as const;

/** Serves a connection: `onStream` is called for each stream that the client opens, after it was accepted. */
export function spdyConnection(duplex: Duplex, head: Uint8Array, onStream: (stream: SpdyStream) => void): SpdyConnection {
  const streams = new Map<number, { readonly wire: WireStream; inOver: boolean; outOver: boolean }>();
  const holders = new Set<number>();
  const closeListeners: Array<() => void> = [];
  const compression = headerCompression();
  let input: Buffer = Buffer.from(head);
  let closed = false;
  let lastStreamId = 0;
  /** Header blocks share one compressor, so frames are dealt with strictly one after the other. */
  let busy = false;

  const shut = (error?: Error): void => {
    if (closed) return;
    closed = true;
    compression.close();
    for (const { wire } of streams.values()) wire.pushEnd(error);
    streams.clear();
    duplex.destroy();
    for (const listener of closeListeners) listener();
  };
  const writeRaw = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      if (closed || duplex.destroyed) return reject(new Error("the client has gone"));
      const taken = duplex.write(bytes, (error) => {
        if (error) reject(error);
        else if (!taken) resolve();
      });
      if (taken) resolve();
    });
  const send = (bytes: Uint8Array): void => {
    writeRaw(bytes).catch(() => shut());
  };
  const reset = (id: number, status: number): void => send(controlFrame(frame.rstStream, 0, uint32s(id, status)));
  const forget = (id: number): void => {
    const stream = streams.get(id);
    if (!stream?.inOver || !stream.outOver) return;
    streams.delete(id);
    hold(id, false);
  };
  const hold = (id: number, paused: boolean): void => {
    if (paused) holders.add(id);
    else holders.delete(id);
    if (holders.size > 0) duplex.pause();
    else if (duplex.isPaused() && !closed) duplex.resume();
  };

  function open(id: number, headers: Record<string, string>, fin: boolean): void {
    const wire = wireStream({
      async write(bytes) {
        for (let at = 0; at < bytes.length; at += dataFrameBytes) await writeRaw(dataFrame(id, 0, bytes.subarray(at, at + dataFrameBytes)));
      },
      end() {
        const stream = streams.get(id);
        if (!stream || stream.outOver) return;
        stream.outOver = true;
        if (!closed) send(dataFrame(id, flagFin, new Uint8Array(0)));
        forget(id);
      },
      destroy() {
        if (!streams.delete(id)) return;
        holders.delete(id);
        if (!closed) reset(id, rst.cancel);
      },
      hold: (paused) => hold(id, paused),
    });
    streams.set(id, { wire, inOver: fin, outOver: false });
    if (fin) wire.pushEnd();
    onStream({ id, headers, bytes: wire.stream });
  }

  async function onControl(type: number, flags: number, payload: Buffer): Promise<void> {
    switch (type) {
      case frame.synStream: {
        if (payload.length < 10) throw new Error("short SYN_STREAM");
        const id = payload.readUInt32BE(0) & 0x7fffffff;
        const headers = await compression.read(payload.subarray(10));
        if (closed) return;
        if (id % 2 === 0 || id <= lastStreamId) throw new Error("a stream of a wrong number");
        lastStreamId = id;
        if (streams.size >= streamsMax) return reset(id, rst.refusedStream);
        send(controlFrame(frame.synReply, 0, uint32s(id), await compression.write({})));
        open(id, headers, (flags & flagFin) !== 0);
        return;
      }
      case frame.headers:
        if (payload.length < 4) throw new Error("short HEADERS");
        // Nobody here waits for late headers, but the compressor must see them.
        await compression.read(payload.subarray(4));
        return;
      case frame.rstStream: {
        if (payload.length < 8) throw new Error("short RST_STREAM");
        const id = payload.readUInt32BE(0) & 0x7fffffff;
        const stream = streams.get(id);
        streams.delete(id);
        hold(id, false);
        stream?.wire.pushEnd(new Error("the client has reset the stream"));
        return;
      }
      case frame.ping:
        // Ours would be even; we send none.
        if (payload.length >= 4) send(controlFrame(frame.ping, 0, payload.subarray(0, 4)));
        return;
      case frame.goAway:
        if (streams.size === 0) shut();
        return;
      default:
        // SETTINGS, WINDOW_UPDATE and whatever is unknown ask for nothing.
        return;
    }
  }

  function onData(id: number, flags: number, payload: Buffer): void {
    const stream = streams.get(id);
    if (!stream || stream.inOver) return;
    if (payload.length > 0) stream.wire.push(new Uint8Array(payload));
    if ((flags & flagFin) === 0) return;
    stream.inOver = true;
    stream.wire.pushEnd();
    forget(id);
  }

  async function pump(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      while (!closed && input.length >= headBytes) {
        const length = input.readUInt32BE(4) & 0xffffff;
        if (length > frameMaxBytes) throw new Error("a frame too long");
        if (input.length < headBytes + length) break;
        const first = input.readUInt16BE(0);
        const second = input.readUInt16BE(2);
        const flags = input[4] as number;
        const payload = input.subarray(headBytes, headBytes + length);
        input = input.subarray(headBytes + length);
        if ((first & control) === 0) onData(((first << 16) | second) >>> 0, flags, payload);
        else if ((first & ~control) !== version) throw new Error("an unknown version of SPDY");
        else await onControl(second, flags, payload);
      }
    } catch (error) {
      shut(error as Error);
    }
    busy = false;
  }

  duplex.on("data", (bytes: Buffer) => {
    input = input.length === 0 ? bytes : Buffer.concat([input, bytes]);
    void pump();
  });
  duplex.on("end", () => shut());
  duplex.on("close", () => shut());
  duplex.on("error", (error) => shut(error));
  void pump();

  return {
    get closed() {
      return closed;
    },
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close() {
      if (closed) return;
      writeRaw(controlFrame(frame.goAway, 0, uint32s(lastStreamId, 0))).then(
        // The client closes when it has read what was sent; if it does not, so do we.
        () => {
          const timer = systemClock.setTimer(closeGraceMs, shut);
          duplex.once("close", () => timer.cancel());
          duplex.end();
        },
        () => shut(),
      );
    },
  };
}

const closeGraceMs = 2000;

function uint32s(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, index * 4);
  return bytes;
}

function controlFrame(type: number, flags: number, ...payload: Uint8Array[]): Buffer {
  const length = payload.reduce((sum, part) => sum + part.length, 0);
  const start = Buffer.alloc(headBytes);
  start.writeUInt16BE(control | version, 0);
  start.writeUInt16BE(type, 2);
  start.writeUInt32BE((flags << 24) | length, 4);
  return Buffer.concat([start, ...payload]);
}

function dataFrame(id: number, flags: number, payload: Uint8Array): Buffer {
  const start = Buffer.alloc(headBytes);
  start.writeUInt32BE(id, 0);
  start.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([start, payload]);
}

interface HeaderCompression {
  read(block: Uint8Array): Promise<Record<string, string>>;
  write(headers: Readonly<Record<string, string>>): Promise<Buffer>;
  close(): void;
}

/** The two zlib streams of a connection; each block ends at a flush and depends on all before it. */
function headerCompression(): HeaderCompression {
  const inflate = createInflate({ dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH });
  const deflate = createDeflate({ dictionary: spdyDictionary });
  let inflated: Buffer[] = [];
  let inflatedBytes = 0;
  let failed: Error | undefined;
  let onFailure: ((error: Error) => void) | undefined;
  const fail = (error: Error): void => {
    failed ??= error;
    onFailure?.(failed);
  };
  inflate.on("data", (bytes: Buffer) => {
    inflated.push(bytes);
    inflatedBytes += bytes.length;
    if (inflatedBytes > headersMaxBytes) {
      fail(new Error("headers too long"));
      inflate.destroy();
    }
  });
  inflate.on("error", fail);
  deflate.on("error", fail);

  return {
    read: (block) =>
      new Promise((resolve, reject) => {
        if (failed) return reject(failed);
        onFailure = reject;
        inflate.write(block, () => {
          if (failed) return reject(failed);
          const bytes = Buffer.concat(inflated, inflatedBytes);
          inflated = [];
          inflatedBytes = 0;
          try {
            resolve(parseHeaders(bytes));
          } catch (error) {
            reject(error as Error);
          }
        });
      }),
    write: (headers) =>
      new Promise((resolve, reject) => {
        if (failed) return reject(failed);
        onFailure = reject;
        const parts: Buffer[] = [];
        const collect = (bytes: Buffer): void => void parts.push(bytes);
        deflate.on("data", collect);
        deflate.write(formatHeaders(headers));
        deflate.flush(constants.Z_SYNC_FLUSH, () => {
          deflate.off("data", collect);
          resolve(Buffer.concat(parts));
        });
      }),
    close() {
      inflate.destroy();
      deflate.destroy();
    },
  };
}

function parseHeaders(bytes: Buffer): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  let at = 0;
  const number = (): number => {
    const value = bytes.readUInt32BE(at);
    at += 4;
    return value;
  };
  const text = (): string => {
    const length = number();
    if (at + length > bytes.length) throw new Error("a header is cut off");
    const value = bytes.toString("latin1", at, at + length);
    at += length;
    return value;
  };
  const count = number();
  for (let i = 0; i < count; i++) {
    const name = text().toLowerCase();
    headers[name] = text().split("\0")[0] as string;
  }
  return headers;
}

function formatHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts = [uint32s(Object.keys(headers).length)];
  for (const item of Object.entries(headers).flat()) parts.push(uint32s(Buffer.byteLength(item)), Buffer.from(item));
  return Buffer.concat(parts);
}
