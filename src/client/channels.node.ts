/** Channels over WebSockets to the server of a transport. */
import type { IncomingMessage } from "node:http";
import WebSocket from "ws";
import { ApiError } from "../api/errors.ts";
import type { Status } from "../api/types.ts";
import type { OpenChannels } from "./channels.ts";
import { ConnectionError } from "./client.ts";
import type { HttpTransport } from "./http-transport.node.ts";

/** In v5 a message on this channel names a channel on which nothing more comes. */
const closeChannel = 255;
/** The answer to a refused request is cut here: it is a Status, or nothing that anybody wants to read. */
const refusalMaxBytes = 64 * 1024;

/** Opens connections with the credentials, the trust and the proxy of the transport. */
export const channelsOver =
  (transport: HttpTransport): OpenChannels =>
  async (path, protocols, handler) => {
    const { url, tls, agent, headers } = await transport.connectOptions(path);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, [...protocols], { ...tls, agent, headers, perMessageDeflate: false, followRedirects: false });
    let failure: Error | undefined;
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("unexpected-response", (request, response) => {
        refusalOf(response).then(reject, reject);
        request.on("error", () => {});
      });
      socket.once("error", (error) => reject(new ConnectionError(error.message, { cause: error })));
    });
    socket.on("error", (error) => {
      failure = new ConnectionError(`the connection broke: ${error.message}`, { cause: error });
    });
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary || data.length === 0) return;
      handler.message(data[0] as number, data.subarray(1));
    });
    socket.once("close", () => handler.end(failure));
    const send = (channel: number, bytes: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        const message = Buffer.allocUnsafe(bytes.length + 1);
        message[0] = channel;
        message.set(bytes, 1);
        // Whoever could not be told hears of it by the end of the connection.
        socket.send(message, () => resolve());
      });
    return {
      protocol: socket.protocol,
      send,
      endChannel(channel) {
        if (socket.protocol.startsWith("v5")) socket.send(Buffer.from([closeChannel, channel]), () => {});
      },
      close: () => socket.close(),
    };
  };

/** The error that a server answers with instead of a WebSocket. */
async function refusalOf(response: IncomingMessage): Promise<Error> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length <= refusalMaxBytes) chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === "Status") return new ApiError(status);
  } catch {
    // No Status: its text will do.
  }
  const message = text.trim() || `the server answered with ${response.statusCode}`;
  return new ApiError({ apiVersion: "v1", kind: "Status", metadata: {}, status: "Failure", message, code: response.statusCode ?? 500 });
}
