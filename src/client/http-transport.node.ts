/**
 * Requests to one API server: TLS, credentials, kept connections, patience with a server that asks for it. Knows
 * nothing of objects; `http-client.node.ts` does.
 */
import http from "node:http";
import type https from "node:https";
import { ApiError } from "../api/errors.ts";
import type { Status } from "../api/types.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { ConnectionError } from "./client.ts";
import { credentialSource, readNamed } from "./credentials.node.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import { proxyFor } from "./proxy.node.ts";
import type { RawRequest, RawResponse, StreamHandler, Transport } from "./transport.ts";

/** How often a request is sent again because the server asked for patience. */
const patienceMax = 10;
const connectTimeoutMs = 30_000;
const keepAliveProbeMs = 30_000;

/** What is needed to open a connection of another protocol to the same server as the same user. */
export interface ConnectOptions {
  readonly url: URL;
  readonly tls: https.AgentOptions;
  /** Connects, through a proxy where there is one. */
  readonly agent: http.Agent;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** A transport over TCP, plain or TLS, that also hands out what other protocols need. */
export interface HttpTransport extends Transport {
  /** For WebSockets and the like. */
  connectOptions(path: string): Promise<ConnectOptions>;
}

export interface HttpTransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** `name/version (os/arch)`. */
  readonly userAgent: string;
  /** The longest that any request may take unless it says so itself; streams go on. Absent: no limit. */
  readonly timeoutMs?: number;
  /** Told of every warning that the server sends along with an answer. */
  readonly onWarning?: (text: string) => void;
  /** Told of every answer as its head arrives: `GET https://…/pods 200 OK`, and how long it took. */
  readonly onAnswer?: (text: string, ms: number) => void;
}

export function httpTransport({ access, clock, userAgent, timeoutMs, onWarning, onAnswer }: HttpTransportOptions): HttpTransport {
  const base = new URL(access.server.includes("://") ? access.server : `http://${access.server}`);
  const secure = base.protocol === "https:";
  const prefix = base.pathname.replace(/\/+$/, "");
  const proxy = proxyFor(base, access.proxyUrl);
  const credentials = credentialSource(access, clock);
  const ca = access.certificateAuthority ?? readNamed(access.certificateAuthorityFile);
  /** One per client certificate: a plugin may hand out another one. */
  const agents = new Map<string, Promise<http.Agent>>();
  let socketAgent: http.Agent | undefined;
  const tlsOf = (certificate: string | undefined, key: string | undefined): https.AgentOptions => ({
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(access.tlsServerName !== undefined && { servername: access.tlsServerName }),
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
  });

  const kept = { keepAlive: true, keepAliveMsecs: keepAliveProbeMs, scheduling: "lifo" as const };

  function agentOf(certificate: string | undefined, key: string | undefined): Promise<http.Agent> {
    const known = agents.get(certificate ?? "");
    if (known) return known;
    const options = { ...kept, ...tlsOf(certificate, key) };
    const agent = secure
      ? import("./tls-agent.node.ts").then(({ tlsAgent }) => tlsAgent(options, proxy))
      : Promise.resolve(new http.Agent(kept));
    agents.set(certificate ?? "", agent);
    return agent;
  }

  async function open(request: RawRequest): Promise<http.ClientRequest> {
    const { certificate, key, headers } = await credentials.current();
    // Who may open the socket is the user that the credential stands for.
    const agent = access.socket === undefined ? await agentOf(certificate, key) : (socketAgent ??= new http.Agent(kept));
    const length = request.body === undefined ? {} : { "content-length": String(Buffer.byteLength(request.body)) };
    const outgoing = http.request({
      agent,
      ...(access.socket === undefined ? { protocol: base.protocol } : { socketPath: access.socket }),
      host: base.hostname.replace(/^\[|\]$/g, ""),
      port: base.port || (secure ? 443 : 80),
      method: request.method,
      path: prefix + request.path,
      headers: { accept: "application/json", "user-agent": userAgent, ...headers, ...request.headers, ...length },
    });
    if (onAnswer) {
      const began = clock.monotonic();
      outgoing.on("response", ({ statusCode, statusMessage }) => {
        onAnswer(`${request.method} ${base.origin}${prefix}${request.path} ${statusCode} ${statusMessage}`, clock.monotonic() - began);
      });
    }
    if (onWarning) outgoing.on("response", ({ headers }) => warningsOf(headers.warning).forEach(onWarning));
    outgoing.on("socket", (socket) => {
      if (!socket.connecting) return;
      socket.setKeepAlive(true, keepAliveProbeMs);
      socket.setTimeout(connectTimeoutMs, () => outgoing.destroy(new Error(`connecting to ${base.host} timed out`)));
      socket.once(secure && access.socket === undefined ? "secureConnect" : "connect", () => socket.setTimeout(0));
    });
    return outgoing;
  }

  async function once(request: RawRequest): Promise<RawResponse> {
    for (let attempt = 0; ; attempt++) {
      const outgoing = await open(request);
      try {
        return await answerOf(outgoing, timeoutMs === undefined ? request : { timeoutMs, ...request }, clock);
      } catch (error) {
        // The server had closed a kept connection just as it was taken again: nothing was done, and reading is harmless.
        const stale = outgoing.reusedSocket && request.method === "GET" && attempt === 0;
        if (!stale) throw connectionError(error, base);
      }
    }
  }

  async function request(raw: RawRequest): Promise<RawResponse> {
    let renewed = false;
    for (let attempt = 0; ; attempt++) {
      const answer = await once(raw);
      if (answer.status === 401 && !renewed && credentials.refused()) {
        renewed = true;
        continue;
      }
      const waitMs = patienceMs(answer);
      if (waitMs === undefined || attempt >= patienceMax) return answer;
      await sleep(clock, waitMs);
    }
  }

  async function must(raw: RawRequest): Promise<RawResponse> {
    const answer = await request(raw);
    if (answer.status < 200 || answer.status > 299) throw errorOf(answer);
    return answer;
  }

  function stream(raw: RawRequest, handler: StreamHandler): { close(): void } {
    let closed = false;
    let outgoing: http.ClientRequest | undefined;
    const end = (error?: Error): void => {
      if (closed) return;
      closed = true;
      handler.end(error);
    };
    const broken = (error: unknown): void => end(connectionError(error, base));
    const start = async (mayRenew: boolean): Promise<void> => {
      outgoing = await open(raw);
      // A request that is destroyed fails, and one that nobody hears of ends the process.
      outgoing.on("error", broken);
      if (closed) {
        outgoing.destroy();
        return;
      }
      outgoing.on("response", (incoming) => {
        const status = incoming.statusCode ?? 0;
        if (status < 200 || status > 299) {
          collect(incoming).then((answer) => {
            if (status === 401 && mayRenew && !closed && credentials.refused()) start(false).catch(broken);
            else end(errorOf(answer));
          }, broken);
          return;
        }
        handler.begin?.(incoming.headers);
        incoming.on("data", (chunk: Uint8Array) => {
          if (!closed) handler.data(chunk);
        });
        incoming.on("end", () => end());
        incoming.on("error", broken);
        incoming.on("close", () => end(incoming.complete ? undefined : new ConnectionError(`the connection to ${base.host} broke`)));
      });
      outgoing.end(raw.body);
    };
    start(true).catch(broken);
    return {
      close() {
        closed = true;
        outgoing?.destroy();
      },
    };
  }

  return {
    server: access.server,
    request,
    must,
    stream,
    async connectOptions(path) {
      const { certificate, key, headers } = await credentials.current();
      const url = new URL(prefix + path, base);
      return {
        url,
        tls: tlsOf(certificate, key),
        agent: await agentOf(certificate, key),
        headers: { "user-agent": userAgent, ...headers },
      };
    },
    close() {
      socketAgent?.destroy();
      for (const agent of agents.values()) void agent.then((each) => each.destroy());
    },
  };
}

function answerOf(outgoing: http.ClientRequest, request: RawRequest, clock: Clock): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const timer =
      request.timeoutMs === undefined
        ? undefined
        : clock.setTimer(request.timeoutMs, () => outgoing.destroy(new Error(`no answer within ${request.timeoutMs} ms`)));
    const settle =
      <T>(how: (value: T) => void) =>
      (value: T) => {
        timer?.cancel();
        how(value);
      };
    outgoing.on("error", settle(reject));
    outgoing.on("response", (incoming) => collect(incoming).then(settle(resolve), settle(reject)));
    outgoing.end(request.body);
  });
}

function collect(incoming: http.IncomingMessage): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
    incoming.on("error", reject);
    incoming.on("close", () => reject(new Error("the connection broke in the middle of an answer")));
  });
}

/** How long the server asks to wait before the request is sent again. */
function patienceMs({ status, headers }: RawResponse): number | undefined {
  const seconds = headers["retry-after"];
  if (typeof seconds !== "string" || (status !== 429 && status < 500) || !/^\d+$/.test(seconds)) return undefined;
  return Number(seconds) * 1000;
}

function connectionError(error: unknown, base: URL): Error {
  if (error instanceof ConnectionError || (error as Error)?.name === "KubeconfigError") return error as Error;
  const { code, message } = error as NodeJS.ErrnoException;
  // A socket that is not there is a server that is not up.
  if (code === "ECONNREFUSED" || code === "ENOENT")
    return new ConnectionError(`The connection to the server ${base.host} was refused - did you specify the right host or port?`, {
      cause: error,
    });
  return new ConnectionError(message || String(code), { cause: error });
}

/** The error that an answer is: its Status, or one made for an answer that carries none. */
function errorOf({ status, body }: RawResponse): ApiError {
  const text = Buffer.from(body).toString("utf8");
  try {
    const parsed = JSON.parse(text) as Status;
    if (parsed?.kind === "Status") return new ApiError(parsed);
  } catch {
    // A proxy in between speaks in its own words; they become the message.
  }
  const reasons: Record<number, string> = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
  };
  const message = text.trim().slice(0, 1000) || `the server answered with status ${status}`;
  return new ApiError({
    apiVersion: "v1",
    kind: "Status",
    metadata: {},
    status: "Failure",
    message,
    reason: reasons[status] ?? "Unknown",
    code: status,
  });
}

/** The texts of `299 - "text"`, as often as the header has it. */
function warningsOf(header: string | string[] | undefined): string[] {
  const all = Array.isArray(header) ? header.join(", ") : (header ?? "");
  return [...all.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replace(/\\(.)/g, "$1"));
}
