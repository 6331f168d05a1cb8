/** A WebSocket as numbered channels: the first byte of each message, or digit in the base64 form, names its channel (API-101). */
import type { RawData, WebSocket } from "ws";
import type { Channels } from "./channels.ts";
import { type WireStream, wireStream } from "./wire-stream.ts";

const closeChannel = 255;

/** Wraps an open WebSocket. */
export function webSocketChannels(ws: WebSocket, options: { readonly base64: boolean }): Channels {
  const channels = new Map<number, WireStream>();
  const holders = new Set<number>();
  const closeListeners: Array<() => void> = [];
  let onCloseChannel: ((number: number) => void) | undefined;
  let closed = false;

  const send = (number: number, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      if (ws.readyState !== ws.OPEN) return reject(new Error("the client has gone"));
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if (options.base64) ws.send(String.fromCharCode(0x30 + number) + Buffer.from(bytes).toString("base64"), { binary: false }, done);
      else {
        const message = Buffer.allocUnsafe(bytes.length + 1);
        message[0] = number;
        message.set(bytes, 1);
        ws.send(message, { binary: true }, done);
      }
    });
  const shut = (): void => {
    if (closed) return;
    closed = true;
    for (const wire of channels.values()) wire.pushEnd(new Error("the client has gone"));
    for (const listener of closeListeners) listener();
  };

  ws.on("message", (data: RawData, isBinary: boolean) => {
    const bytes = data as Buffer;
    if (bytes.length === 0) return;
    let number = bytes[0] as number;
    let payload = bytes.subarray(1);
    if (options.base64) {
      number -= 0x30;
      payload = Buffer.from(payload.toString("latin1"), "base64");
    } else if (!isBinary && number >= 0x30) number -= 0x30;
    if (number === closeChannel) {
      if (payload[0] !== undefined) onCloseChannel?.(payload[0]);
    } else channels.get(number)?.push(new Uint8Array(payload));
  });
  ws.on("error", () => shut());
  ws.on("close", () => shut());

  return {
    channel(number) {
      let wire = channels.get(number);
      if (!wire) {
        wire = wireStream({
          write: (bytes) => send(number, bytes),
          end() {},
          destroy() {},
          hold(paused) {
            if (paused) holders.add(number);
            else holders.delete(number);
            if (holders.size > 0) ws.pause();
            else if (ws.isPaused) ws.resume();
          },
        });
        channels.set(number, wire);
        if (closed) wire.pushEnd(new Error("the client has gone"));
      }
      return wire.stream;
    },
    onCloseChannel(listener) {
      onCloseChannel = listener;
    },
    endChannel: (number) => channels.get(number)?.pushEnd(),
    onClose(listener) {
      if (closed) listener();
      else closeListeners.push(listener);
    },
    close: () => ws.close(1000),
  };
}
