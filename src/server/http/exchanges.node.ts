/** Exchanges over the two HTTPs that Node speaks, and over a connection that asks to be upgraded. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { STATUS_CODES } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { createGzip, constants as zlibConstants } from "node:zlib";
import { ApiError, badRequest, tooLarge } from "../../api/errors.ts";
import { systemClock } from "../../base/system-world.node.ts";
import { byteSink } from "./byte-sinks.node.ts";
import type { AnswerHeaders, ByteSink, Exchange, PeerIdentity } from "./exchange.ts";

/** A body must be complete within this time. */
const bodyDeadlineMs = 30_000;

/** So much of an unwanted body is read before the client is told to stop. */
const dismissedMaxBytes = 4 * 1024 * 1024;

/** Who is at the other end of a connection. */
export interface Connection {
  readonly peer: PeerIdentity | undefined;
  /** On this machine, bytes cost less than the time to compress them. */
  readonly local: boolean;
}

const requestTimeout = (): ApiError =>
  new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    reason: "Timeout",
    code: 408,
    message: "the body of the request did not arrive in time",
  });

/** Collects a body. Stops reading, and says so, as soon as it is too long. */
function readAll(stream: Readable, declaredLength: string | undefined, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const excess = () => tooLarge(`Request entity too large: limit is ${maxBytes}`);
    if (declaredLength !== undefined && Number(declaredLength) > maxBytes) return reject(excess());
    if (stream.readableEnded) return resolve(new Uint8Array(0));
    if (stream.destroyed) return reject(badRequest("the body of the request was cut off"));
    const pieces: Buffer[] = [];
    let length = 0;
    const timer = systemClock.setTimer(bodyDeadlineMs, () => settle(() => reject(requestTimeout())));
    const settle = (then: () => void): void => {
      timer.cancel();
      stream.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      // A late error of a cut connection must not surface elsewhere.
      stream.on("error", ignore);
      then();
    };
    const onData = (piece: Buffer): void => {
      length += piece.length;
      if (length > maxBytes) {
        stream.pause();
        settle(() => reject(excess()));
      } else pieces.push(piece);
    };
    const onEnd = (): void => settle(() => resolve(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, length)));
    const onClose = (): void => settle(() => reject(badRequest("the body of the request was cut off")));
    stream.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

/** Runs listeners once; at once when the moment has passed. */
function closeListeners(): { add(listener: () => void): void; fire(): void; readonly fired: boolean } {
  let listeners: Array<() => void> | undefined = [];
  return {
    add(listener) {
      if (listeners) listeners.push(listener);
      else listener();
    },
    fire() {
      const due = listeners;
      listeners = undefined;
      for (const listener of due ?? []) listener();
    },
    get fired() {
      return listeners === undefined;
    },
  };
}

const acceptsGzip = (header: string | undefined): boolean => header !== undefined && /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(header);
/** Below this a compressed answer saves nothing worth its time; the limit that Kubernetes has. */
const compressMinBytes = 128 * 1024;

const headerText = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(", ") : value);

function compressedSink(target: ByteSink): ByteSink {
  const gzip = createGzip({ level: zlibConstants.Z_BEST_SPEED });
  gzip.on("data", (bytes: Buffer) => {
    if (target.write(bytes)) return;
    gzip.pause();
    target.drained().then(
      () => gzip.resume(),
      () => gzip.destroy(),
    );
  });
  gzip.on("end", () => target.end());
  gzip.on("error", () => target.destroy());
  return byteSink(gzip, () => {
    gzip.destroy();
    target.destroy();
  });
}

const ignore = (): void => {};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const stackTraceLimit = Error.stackTraceLimit;
const restoreStackTraces = (): void => {
  Error.stackTraceLimit = stackTraceLimit;
};

/**
 * To be called when the answer is written. The stream has been closed by then, as both sides are done, and Node makes an error of that
 * which nobody gets to see. Without its stack that costs 3 µs instead of 10: a tenth of a GET.
 */
const withoutStackTrace = (): void => {
  Error.stackTraceLimit = 0;
  queueMicrotask(restoreStackTraces);
};

/** One HTTP/2 stream. A class, for one is made for every request and must be cheap. */
class Http2Exchange implements Exchange {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #rawHeaders: readonly string[];
  readonly #connection: Connection;
  #answered = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[], connection: Connection) {
    this.#stream = stream;
    this.#headers = headers;
    this.#rawHeaders = rawHeaders;
    this.#connection = connection;
    stream.on("error", ignore);
  }

  get method(): string {
    return (this.#headers[":method"] as string | undefined) ?? "";
  }
  get target(): string {
    return (this.#headers[":path"] as string | undefined) ?? "";
  }
  get peer(): PeerIdentity | undefined {
    return this.#connection.peer;
  }
  header(name: string): string | undefined {
    return headerText(this.#headers[name]);
  }
  get headerNames(): readonly string[] {
    // Every request is asked for them. The object that holds the headers is a dictionary, which is slow to list.
    return [...new Set(this.#rawHeaders.filter((_, index) => index % 2 === 0))];
  }
  get closed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
  get answered(): boolean {
    return this.#answered;
  }
  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#stream.once("close", listener);
  }
  readBody(maxBytes: number): Promise<Uint8Array> {
    if (this.#stream.endAfterHeaders) return Promise.resolve(new Uint8Array(0));
    return readAll(this.#stream, this.#headers["content-length"], maxBytes);
  }

  open(status: number, answerHeaders: AnswerHeaders, options?: { readonly compress?: boolean }): ByteSink {
    const stream = this.#stream;
    const compress = options?.compress === true && !this.#connection.local && acceptsGzip(this.header("accept-encoding"));
    const sink = byteSink(stream, () => this.abort());
    // Headers that can't be sent throw: then nothing is answered yet, and the error still can be.
    if (!this.closed)
      stream.respond({ ":status": status, ...(answerHeaders as Record<string, string>), ...(compress && { "content-encoding": "gzip" }) });
    this.#answered = true;
    if (this.closed) return sink;
    this.#dismissBody();
    return compress ? compressedSink(sink) : sink;
  }

  respond(status: number, answerHeaders: AnswerHeaders, body?: Uint8Array): void {
    const stream = this.#stream;
    if (this.#answered || this.closed) return;
    const head = this.method === "HEAD";
    if (body !== undefined && body.length >= compressMinBytes && !head && !this.#connection.local) {
      const sink = this.open(status, answerHeaders, { compress: true });
      sink.write(body);
      sink.end();
      return;
    }
    this.#answered = true;
    const headers = { ":status": status, ...(answerHeaders as Record<string, string>), "content-length": body?.length ?? 0 };
    if (body === undefined || body.length === 0 || head) stream.respond(headers, { endStream: true });
    else {
      stream.respond(headers);
      stream.write(body, withoutStackTrace);
      stream.end();
    }
    this.#dismissBody();
  }

  readonly turn = turn;

  /** Closing would end the body in order before it resets the stream. */
  abort(): void {
    this.#stream.destroy(new Error("the answer was cut off"));
  }

  /**
   * What is left of a body that nobody wants is read and dropped, so that the client gets to the answer; one that goes
   * on too long is told to stop.
   */
  #dismissBody(): void {
    const stream = this.#stream;
    if (stream.endAfterHeaders || stream.readableEnded || stream.destroyed) return;
    let left = dismissedMaxBytes;
    const stop = (): void => {
      timer.cancel();
      if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
      else stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    };
    const timer = systemClock.setTimer(bodyDeadlineMs, stop);
    stream.on("data", (piece: Buffer) => {
      left -= piece.length;
      if (left < 0) stop();
    });
    stream.once("end", () => timer.cancel());
    stream.once("close", () => timer.cancel());
    stream.resume();
  }
}

/** One HTTP/2 stream. */
export const http2Exchange = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  connection: Connection,
): Exchange => new Http2Exchange(stream, headers, rawHeaders, connection);

/** One HTTP/1.1 request. */
export function http1Exchange(request: IncomingMessage, response: ServerResponse, connection: Connection): Exchange {
  const closing = closeListeners();
  let answered = false;
  request.on("error", () => {});
  response.on("error", () => {});
  response.on("close", () => closing.fire());

  const write = (status: number, headers: AnswerHeaders): void => {
    // A body that was not read to its end leaves the connection useless.
    if (!request.complete && request.headers["content-length"] !== undefined && status >= 400) response.setHeader("connection", "close");
    response.writeHead(status, headers as Record<string, string>);
    answered = true;
  };
  const open = (status: number, headers: AnswerHeaders, options?: { readonly compress?: boolean }): ByteSink => {
    const compress = options?.compress === true && !connection.local && acceptsGzip(headerText(request.headers["accept-encoding"]));
    const sink = byteSink(response, () => response.destroy());
    if (response.destroyed) return sink;
    write(status, compress ? { ...headers, "content-encoding": "gzip" } : headers);
    response.flushHeaders();
    return compress ? compressedSink(sink) : sink;
  };
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    peer: connection.peer,
    header: (name) => headerText(request.headers[name]),
    get headerNames() {
      return Object.keys(request.headers);
    },
    onClose: closing.add,
    get closed() {
      return closing.fired;
    },
    get answered() {
      return answered;
    },
    readBody: (maxBytes) => readAll(request, request.headers["content-length"], maxBytes),
    open,
    respond(status, headers, body) {
      if (answered || response.destroyed) return;
      if (body !== undefined && body.length >= compressMinBytes && !connection.local) {
        const sink = open(status, headers, { compress: true });
        sink.write(body);
        return sink.end();
      }
      write(status, { ...headers, "content-length": body?.length ?? 0 });
      response.end(body);
    },
    turn,
    abort: () => void response.destroy(),
  };
}

/** A request for an upgrade: it has no body, and an answer other than the upgrade ends the connection. */
export function upgradeExchange(request: IncomingMessage, socket: Duplex, connection: Connection): Exchange {
  const closing = closeListeners();
  let answered = false;
  socket.on("error", () => {});
  socket.on("close", () => closing.fire());
  const respond = (status: number, headers: AnswerHeaders, body?: Uint8Array): void => {
    if (answered || socket.destroyed) return;
    answered = true;
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, "connection: close", `content-length: ${body?.length ?? 0}`];
    for (const [name, value] of Object.entries(headers)) {
      for (const line of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${line}`);
    }
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    socket.end(body ?? new Uint8Array(0));
  };
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    peer: connection.peer,
    header: (name) => headerText(request.headers[name]),
    get headerNames() {
      return Object.keys(request.headers);
    },
    onClose: closing.add,
    get closed() {
      return closing.fired;
    },
    get answered() {
      return answered;
    },
    readBody: async () => new Uint8Array(0),
    respond,
    turn,
    abort: () => void socket.destroy(),
    open(status, headers) {
      // Nobody streams a plain answer to an upgrade request; what comes is collected and sent at the end.
      const pieces: Uint8Array[] = [];
      return {
        write: (bytes) => pieces.push(bytes) > 0,
        buffered: 0,
        blockedMs: 0,
        drained: async () => {},
        end: () => respond(status, headers, Buffer.concat(pieces)),
        destroy: () => socket.destroy(),
      };
    },
  };
}
