/** A client that speaks the wire as it is, for tests: both HTTPs, any headers, any bytes. */
import { connect, constants, type ClientHttp2Session } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import { every } from "../../base/clock.ts";
import { systemClock } from "../../base/system-world.node.ts";
import type { TestServer } from "./test-server.node.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. Throws when it is none. */
  json(): any;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Default the administrator's certificate. */
  readonly as?: "admin" | "nobody" | { readonly token: string };
}

export interface EventStream {
  /** Resolves with what has come once `enough` holds of it. Rejects after ten seconds. */
  until(what: string, enough: (events: readonly any[]) => boolean): Promise<readonly any[]>;
  readonly ended: Promise<void>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Cuts it off. */
  cut(): void;
}

export interface TestClient {
  http1(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  http2(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  watch(path: string, options?: RequestOptions): Promise<EventStream>;
  close(): void;
}

const deadlineMs = 10_000;

const jsonBody = (options: RequestOptions): Record<string, string> =>
  options.body !== undefined ? { "content-type": "application/json" } : {};
const credentials = (options: RequestOptions): Record<string, string> =>
  typeof options.as === "object" ? { authorization: `Bearer ${options.as.token}` } : {};

/** Waits for a condition, looking now and then. Rejects after ten seconds. */
export function eventually(what: string, holds: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const start = systemClock.monotonic();
    if (holds()) return resolve();
    const timer = every(systemClock, 5, () => {
      if (holds()) {
        timer.cancel();
        resolve();
      } else if (systemClock.monotonic() - start > deadlineMs) {
        timer.cancel();
        reject(new Error(`${what}: not within ${deadlineMs} ms`));
      }
    });
  });
}

/** A client of a test server. */
export function testClient({ server, pki }: TestServer): TestClient {
  const admin = { ca: pki.ca, cert: pki.admin.certificate, key: pki.admin.key };
  const agents = { admin: new Agent({ ...admin, keepAlive: true }), other: new Agent({ ca: pki.ca, keepAlive: true }) };
  const sessions = new Map<string, ClientHttp2Session>();
  const isAdmin = (options: RequestOptions): boolean => (options.as ?? "admin") === "admin";
  const session = (options: RequestOptions): ClientHttp2Session => {
    const which = isAdmin(options) ? "admin" : "other";
    const known = sessions.get(which);
    if (known && !known.destroyed && !known.closed) return known;
    const made = connect(server.address, isAdmin(options) ? admin : { ca: pki.ca });
    made.on("error", () => {});
    sessions.set(which, made);
    return made;
  };
  const answer = (status: number, headers: Answer["headers"], pieces: Buffer[]): Answer => {
    const text = Buffer.concat(pieces).toString("utf8");
    return { status, headers, text, json: () => JSON.parse(text) };
  };
  return {
    http1: (method, path, options = {}) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(server.address);
        const request = httpsRequest(
          {
            hostname,
            port,
            method,
            path,
            agent: isAdmin(options) ? agents.admin : agents.other,
            headers: { ...jsonBody(options), ...credentials(options), ...options.headers },
          },
          (response) => {
            const pieces: Buffer[] = [];
            response.on("data", (piece: Buffer) => pieces.push(piece));
            response.on("end", () => resolve(answer(response.statusCode ?? 0, response.headers, pieces)));
            response.on("error", reject);
          },
        );
        request.on("error", reject);
        request.end(options.body);
      }),
    http2: (method, path, options = {}) =>
      new Promise((resolve, reject) => {
        const stream = session(options).request(
          { ":method": method, ":path": path, ...jsonBody(options), ...credentials(options), ...options.headers },
          { endStream: options.body === undefined },
        );
        const pieces: Buffer[] = [];
        let headers: Record<string, any> = {};
        stream.on("response", (received) => {
          headers = received;
        });
        stream.on("data", (piece: Buffer) => pieces.push(piece));
        stream.on("end", () => resolve(answer(Number(headers[":status"] ?? 0), headers, pieces)));
        stream.on("error", reject);
        if (options.body !== undefined) stream.end(options.body);
      }),
    watch: (path, options = {}) =>
      new Promise((resolve, reject) => {
        const stream = session(options).request({ ":path": path, ...credentials(options), ...options.headers });
        const events: unknown[] = [];
        let text = "";
        const ended = new Promise<void>((done) => stream.on("close", () => done()));
        stream.setEncoding("utf8");
        stream.on("data", (piece: string) => {
          text += piece;
          for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
            events.push(JSON.parse(text.slice(0, end)));
            text = text.slice(end + 1);
          }
        });
        stream.on("error", reject);
        stream.on("response", (headers) =>
          resolve({
            headers: headers as EventStream["headers"],
            ended,
            async until(what, enough) {
              await eventually(what, () => enough(events));
              return events;
            },
            cut: () => stream.close(constants.NGHTTP2_CANCEL),
          }),
        );
      }),
    close() {
      agents.admin.destroy();
      agents.other.destroy();
      for (const open of sessions.values()) open.destroy();
    },
  };
}
