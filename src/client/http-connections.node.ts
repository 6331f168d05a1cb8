/**
 * Kept connections to one server, with one request of HTTP/1.1 on each at a time. Does what a command needs in a quarter of
 * the time that loading `node:http` takes: for `get` that is more than everything else which is not Node itself.
 */
import type net from "node:net";
import { type ResponseHead, type ResponseReader, responseReader } from "./http-response.ts";

const connectTimeoutMs = 30_000;
const keepAliveProbeMs = 30_000;
/** A server that says how long it keeps a connection without requests is believed this much less. */
const keepMarginMs = 1000;

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Without the length of the body, which is said anyway. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** As soon as it is there. */
  readonly onHead?: (head: ResponseHead) => void;
}

export interface HttpAnswer extends ResponseHead {
  readonly body: Uint8Array;
}

export interface Exchange {
  /** Rejects when the connection breaks, or speaks something else than HTTP. */
  readonly answer: Promise<HttpAnswer>;
  /** It went out on a connection that had been used before, and so may have met one that was just being closed. */
  readonly isReused: boolean;
  /** Breaks the connection: `answer` rejects with this error. */
  abandon(error: Error): void;
}

export interface HttpConnections {
  exchange(request: HttpRequest): Exchange;
  /** Closes all connections; what is under way fails. */
  close(): void;
}

export interface HttpConnectionsOptions {
  /** Opens a connection. */
  readonly connect: () => net.Socket;
  /** The event that says it is open. */
  readonly connected: "connect" | "secureConnect";
  /** For messages: `host:port`. */
  readonly server: string;
}

export function httpConnections({ connect, connected, server }: HttpConnectionsOptions): HttpConnections {
  /** The one used last comes first: it is the one most likely still open. */
  const idle: Connection[] = [];
  const open = new Set<Connection>();

  /** One socket, and what is under way on it. */
  interface Connection {
    readonly socket: net.Socket;
    current: Current | undefined;
  }
  interface Current {
    readonly reader: ResponseReader;
    readonly request: HttpRequest;
    hasHead: boolean;
    resolve(answer: HttpAnswer): void;
    reject(error: Error): void;
  }

  function drop(connection: Connection, error: Error): void {
    open.delete(connection);
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
    connection.socket.destroy();
    const { current } = connection;
    connection.current = undefined;
    current?.reject(error);
  }

  function dial(): Connection {
    const socket = connect();
    const connection: Connection = { socket, current: undefined };
    open.add(connection);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveProbeMs);
    socket.setTimeout(connectTimeoutMs, () =>
      drop(connection, new Error(socket.connecting ? `connecting to ${server} timed out` : "kept for too long")),
    );
    socket.once(connected, () => socket.setTimeout(0));
    socket.on("data", (bytes) => {
      if (!connection.current) return drop(connection, new Error("the server speaks without being asked"));
      try {
        take(connection, connection.current, bytes);
      } catch (error) {
        drop(connection, error as Error);
      }
    });
    socket.on("end", () => {
      const { current } = connection;
      if (current?.reader.end()) finish(connection, current);
    });
    socket.on("error", (error) => drop(connection, error));
    socket.on("close", () => drop(connection, broken()));
    return connection;
  }

  function take(connection: Connection, current: Current, bytes: Uint8Array): void {
    const isWhole = current.reader.push(bytes);
    const { head } = current.reader;
    if (head && !current.hasHead) {
      current.hasHead = true;
      current.request.onHead?.(head);
    }
    if (isWhole) finish(connection, current);
  }

  function finish(connection: Connection, { reader, resolve }: Current): void {
    const head = reader.head as ResponseHead;
    connection.current = undefined;
    if (reader.isReusable && !connection.socket.writableEnded) keep(connection, head);
    else drop(connection, broken());
    resolve({ ...head, body: reader.body() });
  }

  function keep(connection: Connection, { headers }: ResponseHead): void {
    const seconds = /timeout=(\d+)/.exec(String(headers["keep-alive"] ?? ""))?.[1];
    const keptMs = seconds === undefined ? undefined : Number(seconds) * 1000 - keepMarginMs;
    if (keptMs !== undefined && keptMs <= 0) {
      drop(connection, broken());
      return;
    }
    if (keptMs !== undefined) connection.socket.setTimeout(keptMs);
    // A connection without a request is no reason for a program to go on.
    connection.socket.unref();
    idle.push(connection);
  }

  function reuse(): Connection | undefined {
    const connection = idle.pop();
    connection?.socket.ref();
    connection?.socket.setTimeout(0);
    return connection;
  }

  return {
    exchange(request) {
      const head = headOf(request);
      const kept = reuse();
      const connection = kept ?? dial();
      const answer = new Promise<HttpAnswer>((resolve, reject) => {
        const reader = responseReader({ hasBody: request.method !== "HEAD" });
        connection.current = { reader, request, hasHead: false, resolve, reject };
      });
      const { socket } = connection;
      if (request.body === undefined) socket.write(head, "latin1");
      else {
        socket.cork();
        socket.write(head, "latin1");
        socket.write(request.body);
        socket.uncork();
      }
      return { answer, isReused: kept !== undefined, abandon: (error) => drop(connection, error) };
    },
    close() {
      for (const connection of open) drop(connection, broken());
    },
  };
}

const broken = (): Error => new Error("the connection broke in the middle of an answer");

/** The request line and headers. Throws for what would be read as something else by the server. */
function headOf({ method, path, headers, body }: HttpRequest): string {
  if (/[^\x21-\xff]/.test(path)) throw new TypeError("Request path contains unescaped characters");
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (const [name, values] of Object.entries(headers)) {
    for (const value of typeof values === "string" ? [values] : values) {
      if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new TypeError(`Invalid character in header content ["${name}"]`);
      text += `${name}: ${value}\r\n`;
    }
  }
  // A server waits for a body of these unless it is told that there is none.
  if (body !== undefined || /^(POST|PUT|PATCH)$/.test(method)) text += `content-length: ${Buffer.byteLength(body ?? "")}\r\n`;
  return `${text}\r\n`;
}
