/**
 * One direction-pair of a multiplexed connection as a `ByteStream`: what the wire brings is queued until it is read,
 * and the connection is asked to hold back while somebody is slow.
 */
import type { ByteStream } from "../../api/node-api.ts";

export interface WireStreamOptions {
  /** Sends bytes to the client; resolves when they are taken over. */
  write(bytes: Uint8Array): Promise<void>;
  /** Tells the client that no more will come. */
  end(): void;
  /** Cuts the stream on the wire. */
  destroy(): void;
  /** Asks the connection to hold back, or to go on. */
  hold(paused: boolean): void;
}

/** The wire's side of a stream. */
export interface WireStream {
  readonly stream: ByteStream;
  /** The client sent bytes. */
  push(bytes: Uint8Array): void;
  /** The client will send no more; with an error, it is gone. */
  pushEnd(error?: Error): void;
}

/** More than this unread makes the connection hold back. */
const queueMaxBytes = 256 * 1024;

export function wireStream(options: WireStreamOptions): WireStream {
  let queue: Uint8Array[] = [];
  let queuedBytes = 0;
  let held = false;
  let ended: { readonly error: Error | undefined } | undefined;
  let over = false;
  let reader: { onBytes(bytes: Uint8Array): void | Promise<void>; onEnd(error?: Error): void } | undefined;
  let delivering = false;
  let outEnded = false;

  const hold = (paused: boolean): void => {
    if (held === paused) return;
    held = paused;
    options.hold(paused);
  };
  const deliver = async (): Promise<void> => {
    if (!reader || delivering) return;
    delivering = true;
    try {
      for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) {
        queuedBytes -= bytes.length;
        const taken = reader.onBytes(bytes);
        if (queuedBytes < queueMaxBytes) hold(false);
        if (taken) await taken;
      }
    } catch (error) {
      ended ??= { error: error as Error };
      queue = [];
      queuedBytes = 0;
      hold(false);
    }
    delivering = false;
    if (ended && !over && queue.length === 0) {
      over = true;
      reader.onEnd(ended.error);
    }
  };
  return {
    push(bytes) {
      if (ended || over || bytes.length === 0) return;
      queue.push(bytes);
      queuedBytes += bytes.length;
      if (queuedBytes >= queueMaxBytes) hold(true);
      void deliver();
    },
    pushEnd(error) {
      ended ??= { error };
      void deliver();
    },
    stream: {
      async write(bytes) {
        if (outEnded) throw new Error("the stream is closed");
        await options.write(bytes);
      },
      end() {
        if (outEnded) return;
        outEnded = true;
        options.end();
      },
      read(onBytes, onEnd) {
        reader = { onBytes, onEnd };
        void deliver();
      },
      destroy(error) {
        outEnded = true;
        queue = [];
        queuedBytes = 0;
        hold(false);
        ended ??= { error };
        options.destroy();
        void deliver();
      },
    },
  };
}
