/** An agent whose containers are a few lines of code, for tests of what carries streams to it. */
import { badRequest } from "../../api/errors.ts";
import type { ByteStream, ExecStreams, NodeApi } from "../../api/node-api.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads a stream to its end. */
const readAll = (stream: ByteStream): Promise<Uint8Array[]> =>
  new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    stream.read(
      (bytes) => void pieces.push(bytes),
      (error) => (error ? reject(error) : resolve(pieces)),
    );
  });

const joined = (pieces: readonly Uint8Array[]): string => pieces.map((piece) => decoder.decode(piece)).join("");

/**
 * The commands it knows: `echo WORDS`, `fail N`, `cat` (until stdin ends), `both` (a line on each output), `size` (waits for a
 * terminal size), `many N` (N bytes), `hang` (says so, then waits until the client leaves). Port 80 echoes; port 8080
 * answers an HTTP request with its first line and its body; other ports refuse. A log that is asked for since 13 seconds breaks off
 * after its lines.
 */
export function fakeNode(events: string[] = []): NodeApi {
  const run = async (command: readonly string[], streams: ExecStreams, signal: AbortSignal): Promise<number> => {
    const [name, ...words] = command;
    const say = async (text: string): Promise<void> => streams.stdout?.write(encoder.encode(text));
    switch (name) {
      case "echo":
        await say(`${words.join(" ")}\n`);
        return 0;
      case "fail":
        return Number(words[0]);
      case "cat":
        await say(streams.stdin ? joined(await readAll(streams.stdin)) : "");
        return 0;
      case "both":
        await say("to stdout\n");
        await streams.stderr?.write(encoder.encode("to stderr\n"));
        return 0;
      case "size":
        await say(`${await new Promise((resolve) => streams.onResize?.((size) => resolve(`${size.width}x${size.height}`)))}\n`);
        return 0;
      case "many": {
        const piece = new Uint8Array(64 * 1024).fill(0x61);
        for (let left = Number(words[0]); left > 0; left -= piece.length)
          await streams.stdout?.write(piece.subarray(0, Math.min(left, piece.length)));
        return 0;
      }
      case "hang":
        await say("hanging\n");
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        events.push("left");
        return 137;
      default:
        throw badRequest(`exec: "${name}": executable file not found in $PATH`);
    }
  };
  return {
    async logs(_pod, options, sink, signal) {
      if (options.previous) throw badRequest(`previous terminated container "${options.container}" in pod "p" not found`);
      for (let line = 1; line <= (options.tailLines ?? 3); line++) await sink(encoder.encode(`line ${line}\n`));
      if (options.sinceSeconds === 13) throw new Error("the log can't be read on");
      if (!options.follow) return;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      events.push("log left");
    },
    exec: async (_pod, options, streams, signal) => ({ exitCode: await run(options.command, streams, signal) }),
    async attach(_pod, _options, streams, signal) {
      await run(["cat"], streams, signal);
    },
    async portForward(_pod, port) {
      if (port === 80) return echo();
      if (port === 8080) return web();
      throw badRequest("connect: connection refused");
    },
  };
}

/** A stream that gives back what is written to it. */
function echo(): ByteStream {
  let reader: { onBytes(bytes: Uint8Array): void | Promise<void>; onEnd(error?: Error): void } | undefined;
  let over = false;
  const finish = (): void => {
    if (over) return;
    over = true;
    reader?.onEnd();
  };
  return {
    async write(bytes) {
      await reader?.onBytes(bytes);
    },
    end: finish,
    read(onBytes, onEnd) {
      reader = { onBytes, onEnd };
    },
    destroy: finish,
  };
}

/** A web server that tells what it was asked. */
function web(): ByteStream {
  const inner = echo();
  let text = "";
  return {
    ...inner,
    async write(bytes) {
      text += decoder.decode(bytes);
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      const body = text.slice(end + 4);
      if (body.length < length) return;
      const answer = `${text.slice(0, text.indexOf("\r\n"))} ${body}`;
      await inner.write(
        encoder.encode(
          `HTTP/1.1 202 Accepted\r\ncontent-type: text/plain\r\nx-from: pod\r\nproxy-connection: keep-alive\r\nx-hop: 1\r\nconnection: x-hop\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
        ),
      );
      inner.end();
    },
  };
}
