/** exec and attach over SPDY: the client opens one stream per kind, named by the header `streamtype` (API-100). */
import type { ByteStream } from "../../api/node-api.ts";
import type { PodTarget } from "./pod-target.ts";
import { type RemoteCommand, runRemoteCommand, statusText } from "./remote-command.ts";
import type { SpdyConnection, SpdyStream } from "./spdy-connection.ts";

const encoder = new TextEncoder();

/** Starts the connection, waits for the streams that the parameters promise, runs the command and closes. */
export function serveSpdyCommand(
  connect: (onStream: (stream: SpdyStream) => void) => SpdyConnection,
  protocol: string,
  target: PodTarget,
  command: RemoteCommand,
): Promise<void> {
  const expected = new Set(["error"]);
  for (const name of ["stdin", "stdout", "stderr"] as const) if (command[name]) expected.add(name);
  // Sizes of the terminal came with the third protocol.
  if (command.tty && /^v[345]/.test(protocol)) expected.add("resize");
  const streams = new Map<string, ByteStream>();
  let connection: SpdyConnection | undefined;

  return new Promise((resolve) => {
    let running = false;
    const run = async (): Promise<void> => {
      running = true;
      const controller = new AbortController();
      connection?.onClose(() => controller.abort());
      const pick = (name: string): ByteStream | undefined => streams.get(name);
      const ends = { stdin: pick("stdin"), stdout: pick("stdout"), stderr: pick("stderr"), resize: pick("resize") };
      const status = await runRemoteCommand(target, command, ends, controller.signal);
      const errors = streams.get("error") as ByteStream;
      const text = protocol.startsWith("v4") ? JSON.stringify(status) : statusText(status);
      if (text !== "") await errors.write(encoder.encode(text)).catch(() => {});
      for (const stream of streams.values()) stream.end();
      connection?.close();
      resolve();
    };
    connection = connect(({ headers, bytes }) => {
      const type = headers["streamtype"] ?? "";
      if (running || !expected.has(type) || streams.has(type)) return bytes.destroy();
      streams.set(type, bytes);
      if (streams.size === expected.size) void run();
    });
    connection.onClose(() => {
      if (!running) resolve();
    });
  });
}
