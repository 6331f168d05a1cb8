/**
 * Requests by way of `node:http`: bodies that come as a stream, connections through an HTTP proxy (CONNECT), and what other
 * protocols need. Loaded when one of these is asked for.
 */
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { TlsOptions } from "./tls-dialler.node.ts";
import type { RawResponse } from "./transport.ts";

const connectTimeoutMs = 30_000;
const keepAliveProbeMs = 30_000;
const kept = { keepAlive: true, keepAliveMsecs: keepAliveProbeMs, scheduling: "lifo" as const };

export interface NodeHttp {
  /** Begins a request, which is the caller's to end. */
  open(
    request: { readonly method: string; readonly path: string; readonly headers: http.OutgoingHttpHeaders },
    tls: TlsOptions,
  ): http.ClientRequest;
  /** Keeps connections, and hands them out again. One for each client certificate. */
  agentFor(tls: TlsOptions): http.Agent;
  /** Closes all connections. */
  close(): void;
}

export interface NodeHttpOptions {
  readonly base: URL;
  readonly proxy: URL | undefined;
  /** Instead of the address in `base`, and without TLS. */
  readonly socket: string | undefined;
}

export function nodeHttp({ base, proxy, socket }: NodeHttpOptions): NodeHttp {
  const secure = base.protocol === "https:";
  const agents = new Map<string, http.Agent>();
  const socketAgent = new http.Agent(kept);

  function agentFor(options: TlsOptions): http.Agent {
    const known = agents.get(options.cert ?? "");
    if (known) return known;
    const all = { ...kept, ...options };
    const agent = !secure ? new http.Agent(kept) : proxy ? new TunnelAgent(proxy, all) : new https.Agent(all);
    agents.set(options.cert ?? "", agent);
    return agent;
  }

  return {
    agentFor,
    open(request, options) {
      const outgoing = http.request({
        agent: socket === undefined ? agentFor(options) : socketAgent,
        ...(socket === undefined ? { protocol: base.protocol } : { socketPath: socket }),
        host: base.hostname.replace(/^\[|\]$/g, ""),
        port: base.port || (secure ? 443 : 80),
        ...request,
      });
      outgoing.on("socket", (connection) => {
        if (!connection.connecting) return;
        connection.setKeepAlive(true, keepAliveProbeMs);
        connection.setTimeout(connectTimeoutMs, () => outgoing.destroy(new Error(`connecting to ${base.host} timed out`)));
        connection.once(secure && socket === undefined ? "secureConnect" : "connect", () => connection.setTimeout(0));
      });
      return outgoing;
    },
    close() {
      socketAgent.destroy();
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** Sends the body and waits for the whole answer. */
export function answerTo(outgoing: http.ClientRequest, body: string | Uint8Array | undefined): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => collect(incoming).then(resolve, reject));
    outgoing.end(body);
  });
}

/** The whole of an answer whose head has come. */
export function collect(incoming: http.IncomingMessage): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
    incoming.on("error", reject);
    incoming.on("close", () => reject(new Error("the connection broke in the middle of an answer")));
  });
}

/** An agent whose connections go through the proxy, encrypted from here to the server. */
class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: https.RequestOptions, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    const target = `${options.host}:${options.port}`;
    const { hostname, port, protocol, username, password } = this.#proxy;
    const answer = callback as (error: Error | null, stream?: Duplex) => void;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const connect = (protocol === "https:" ? https : http).request({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port || (protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: target,
      agent: false,
      headers: { host: target, ...(username !== "" && { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }) },
    });
    connect.on("connect", (response, socket) => {
      if (response.statusCode === 200) {
        answer(null, tls.connect({ ...(options as tls.ConnectionOptions), socket, servername: options.servername ?? options.host ?? "" }));
        return;
      }
      socket.destroy();
      answer(new Error(`the proxy ${this.#proxy.host} refused to connect to ${target}: ${response.statusCode} ${response.statusMessage}`));
    });
    connect.on("error", (error) => answer(new Error(`the proxy ${this.#proxy.host} can't be reached: ${error.message}`, { cause: error })));
    connect.end();
    return undefined;
  }
}
