/**
 * Requests to one API server: TLS, credentials, kept connections, patience with a server that asks for it. Knows
 * nothing of objects; `http-client.node.ts` does.
 */
import type http from "node:http";
import net from "node:net";
import { type Clock, sleep } from "../base/clock.ts";
import { errorOf, patienceMs, warningsOf } from "./answers.ts";
import { ConnectionError } from "./client.ts";
import { type Credentials, credentialSource, readNamed } from "./credentials.node.ts";
import { type Exchange, type HttpConnections, httpConnections } from "./http-connections.node.ts";
import type { ResponseHead } from "./http-response.ts";
import type { ClusterAccess } from "./kubeconfig.ts";
import type { NodeHttp } from "./node-http.node.ts";
import { proxyFor } from "./proxy.node.ts";
import type { TlsOptions } from "./tls-dialler.node.ts";
import type { RawRequest, RawResponse, StreamHandler, Transport } from "./transport.ts";

/** How often a request is sent again because the server asked for patience. */
const patienceMax = 10;

/** What is needed to open a connection of another protocol to the same server as the same user. */
export interface ConnectOptions {
  readonly url: URL;
  readonly tls: TlsOptions;
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
  // Who may open the socket is the user that the credential stands for.
  const proxy = access.socket === undefined ? proxyFor(base, access.proxyUrl) : undefined;
  const credentials = credentialSource(access, clock);
  const ca = access.certificateAuthority ?? readNamed(access.certificateAuthorityFile);
  /** One per client certificate: a plugin may hand out another one. */
  const connections = new Map<string, Promise<HttpConnections>>();
  let loaded: Promise<NodeHttp> | undefined;
  const tlsOf = ({ certificate, key }: Credentials): TlsOptions => ({
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(access.tlsServerName !== undefined && { servername: access.tlsServerName }),
    rejectUnauthorized: access.insecureSkipTlsVerify !== true,
  });
  const host = base.hostname.replace(/^\[|\]$/g, "");
  const port = Number(base.port || (secure ? 443 : 80));

  /** Streams, proxies and WebSockets, which short commands do without. */
  const nodeHttp = (): Promise<NodeHttp> =>
    (loaded ??= import("./node-http.node.ts").then((module) => module.nodeHttp({ base, proxy, socket: access.socket })));

  function connectionsWith(current: Credentials): Promise<HttpConnections> {
    const name = current.certificate ?? "";
    const known = connections.get(name);
    if (known) return known;
    const opened = dialler(current).then((connect) =>
      httpConnections({ connect, connected: secure && access.socket === undefined ? "secureConnect" : "connect", server: base.host }),
    );
    connections.set(name, opened);
    return opened;
  }

  async function dialler(current: Credentials): Promise<() => net.Socket> {
    const { socket } = access;
    if (socket !== undefined) return () => net.connect({ path: socket });
    if (!secure) return () => net.connect({ host, port });
    const { tlsDialler } = await import("./tls-dialler.node.ts");
    return tlsDialler({ host, port, ...tlsOf(current) });
  }

  const headersOf = ({ headers }: RawRequest, current: Credentials) => ({
    accept: "application/json",
    "user-agent": userAgent,
    ...current.headers,
    ...headers,
  });

  /** Tells of an answer whose head has come. */
  function watching({ method, path }: RawRequest): (head: ResponseHead) => void {
    const began = clock.monotonic();
    return ({ status, reason, headers }) => {
      onAnswer?.(`${method} ${base.origin}${prefix}${path} ${status} ${reason}`, clock.monotonic() - began);
      if (onWarning) warningsOf(headers["warning"]).forEach(onWarning);
    };
  }

  async function open(request: RawRequest): Promise<http.ClientRequest> {
    const current = await credentials.current();
    const onHead = watching(request);
    const length = request.body === undefined ? {} : { "content-length": String(Buffer.byteLength(request.body)) };
    const outgoing = (await nodeHttp()).open(
      { method: request.method, path: prefix + request.path, headers: { ...headersOf(request, current), ...length } },
      tlsOf(current),
    );
    outgoing.on("response", ({ statusCode = 0, statusMessage = "", headers }) =>
      onHead({ status: statusCode, reason: statusMessage, headers }),
    );
    return outgoing;
  }

  /** Begins one request; its answer, whether it may have met a connection that was just being closed, and how to give up. */
  async function begin(request: RawRequest): Promise<Pick<Exchange, "abandon" | "isReused"> & { readonly answer: Promise<RawResponse> }> {
    if (proxy) {
      const outgoing = await open(request);
      const { answerTo } = await import("./node-http.node.ts");
      const answer = answerTo(outgoing, request.body);
      return {
        answer,
        abandon: (error) => void outgoing.destroy(error),
        get isReused() {
          return outgoing.reusedSocket;
        },
      };
    }
    const current = await credentials.current();
    return (await connectionsWith(current)).exchange({
      method: request.method,
      path: prefix + request.path,
      headers: { host: base.host, ...headersOf(request, current) },
      ...(request.body !== undefined && { body: request.body }),
      onHead: watching(request),
    });
  }

  async function once(request: RawRequest): Promise<RawResponse> {
    for (let attempt = 0; ; attempt++) {
      const limitMs = request.timeoutMs ?? timeoutMs;
      let exchange: Awaited<ReturnType<typeof begin>> | undefined;
      let timer: { cancel(): void } | undefined;
      try {
        exchange = await begin(request);
        const { abandon, answer } = exchange;
        timer = limitMs === undefined ? undefined : clock.setTimer(limitMs, () => abandon(new Error(`no answer within ${limitMs} ms`)));
        return await answer;
      } catch (error) {
        // The server had closed a kept connection just as it was taken again: nothing was done, and reading is harmless.
        const stale = exchange?.isReused && request.method === "GET" && attempt === 0;
        if (!stale) throw connectionError(error, base);
      } finally {
        timer?.cancel();
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
          import("./node-http.node.ts")
            .then(({ collect }) => collect(incoming))
            .then((answer) => {
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
      const current = await credentials.current();
      const url = new URL(prefix + path, base);
      const tls = tlsOf(current);
      return { url, tls, agent: (await nodeHttp()).agentFor(tls), headers: { "user-agent": userAgent, ...current.headers } };
    },
    close() {
      for (const each of connections.values()) void each.then((found) => found.close());
      void loaded?.then((found) => found.close());
    },
  };
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
