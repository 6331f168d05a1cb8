/** Node's streams as the contract's. */
import type { Duplex } from "node:stream";
import type { ByteStream } from "../../api/node-api.ts";

/** A two-way stream of Node under the contract `ByteStream`. */
export function byteStream(stream: Duplex): ByteStream {
  // Who does not read yet must not be struck down by an error meanwhile; `read` reports it.
  stream.on("error", () => {});
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (stream.destroyed || stream.writableEnded) return reject(stream.errored ?? new Error("the stream is closed"));
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    end: () => void stream.end(),
    read(onBytes, onEnd) {
      void (async () => {
        try {
          for await (const bytes of stream.iterator({ destroyOnReturn: false })) await onBytes(bytes);
          onEnd();
        } catch (error) {
          onEnd(error as Error);
        }
      })();
    },
    destroy: (error) => void stream.destroy(error),
  };
}
