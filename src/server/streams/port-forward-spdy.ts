/** Port forwarding over SPDY: for each connection the client opens an error and a data stream of one request id (API-103). */
import type { ByteStream } from "../../api/node-api.ts";
import type { PodTarget } from "./pod-target.ts";
import { forwardPort, portOf } from "./port-forward.ts";
import type { SpdyConnection, SpdyStream } from "./spdy-connection.ts";

interface Pair {
  data?: ByteStream;
  errors?: ByteStream;
  readonly port: number;
}

/** Serves the connection until the client closes it. */
export function servePortForwardSpdy(connect: (onStream: (stream: SpdyStream) => void) => SpdyConnection, target: PodTarget): void {
  const pairs = new Map<string, Pair>();
  connect(({ id, headers, bytes }) => {
    const port = portOf(headers["port"]);
    const type = headers["streamtype"];
    if (port === undefined || (type !== "data" && type !== "error")) return bytes.destroy();
    // Old clients number no requests: their error stream comes first and the data stream is the next one.
    const request = headers["requestid"] ?? String(type === "error" ? id : id - 2);
    const pair = pairs.get(request) ?? { port };
    if (pair.port !== port || (type === "data" ? pair.data : pair.errors)) return bytes.destroy();
    pairs.set(request, pair);
    if (type === "data") pair.data = bytes;
    else {
      pair.errors = bytes;
      // The client says nothing on it.
      bytes.read(
        () => {},
        () => {},
      );
    }
    if (!pair.data || !pair.errors) return;
    pairs.delete(request);
    void forwardPort(target, port, pair.data, pair.errors);
  });
}
