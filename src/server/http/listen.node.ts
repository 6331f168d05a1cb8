/**
 * The wire: one TLS port that speaks HTTP/2 and HTTP/1.1. Everything a client can make us hold is bounded: header
 * sizes, the time for headers and bodies, streams per connection, connections.
 */
import { chmodSync, rmSync } from "node:fs";
import {
  createServer as createHttp2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { systemClock } from "../../base/system-world.node.ts";
import type { Log } from "../../base/log.ts";
import type { Exchange, PeerIdentity } from "./exchange.ts";
import { type Connection, http1Exchange, http2Exchange, upgradeExchange } from "./exchanges.node.ts";

export interface HttpServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
  /** PEM texts. `clientCa` signs the client certificates that count. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa: string };
  readonly log: Log;
  /** Answers one request. Must not reject. */
  handle(exchange: Exchange): Promise<void>;
  /** Takes over a connection that asked for an upgrade, or answers `exchange`. Must not reject. */
  upgrade?(exchange: Exchange, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Called when closing begins: ends what would never end by itself. */
  onClose?(): void;
}

export interface HttpServer {
  readonly port: number;
  /** Such as `https://127.0.0.1:6443`. */
  readonly address: string;
  /** New certificates, for connections from now on. */
  renew(tls: HttpServerOptions["tls"]): void;
  readonly connections: number;
  /**
   * Serves the same port on a further address of this machine, such as the one where Pods reach it. Rejects when it can't be had.
   * Whoever asks for a wider reach answers for it: the default is loopback alone.
   */
  listenAlso(host: string): Promise<void>;
  /**
   * Serves HTTP/1.1 without TLS on a Unix socket, and takes everybody who can open it for `peer`: only this user of the
   * machine can. An old socket of that name is replaced. Rejects when it can't be had.
   */
  listenOnSocket(path: string, peer: PeerIdentity): Promise<void>;
  /** No new requests; those under way may finish within `closeGraceMs`, then every connection is cut. */
  close(): Promise<void>;
}

const headersMaxBytes = 64 * 1024;
const headersTimeoutMs = 15_000;
const requestTimeoutMs = 60_000;
const keepAliveTimeoutMs = 120_000;
/** An HTTP/2 connection with nothing under way is closed after this long. */
const sessionIdleMs = 300_000;
const streamsPerSessionMax = 1000;
/** What one connection may make us hold; above it new streams are refused. A thousand busy watches need more than the usual 10. */
const sessionMaxMegabytes = 64;
const connectionsMax = 12_000;
const handshakeTimeoutMs = 10_000;
const closeGraceMs = 5000;
/** What a client may send before we have read it, per stream. */
const receiveWindowBytes = 1024 * 1024;

const nobody: Connection = { peer: undefined, local: false };

/** Starts to listen. Rejects when the port can't be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const host = options.host ?? "127.0.0.1";
  const sessions = new Set<Http2Session>();
  const sockets = new Set<Socket>();
  const doors = new Set<Server>();
  const connections = new WeakMap<object, Connection>();
  const sessionConnections = new WeakMap<Http2Session, Connection>();
  /** Streams open per HTTP/2 connection. */
  const busy = new WeakMap<Http2Session, number>();
  /** The connection that is being handed to the HTTP/2 server, which announces its session before that call returns. */
  let arriving: Connection | undefined;
  let closing = false;

  const connectionOf = (socket: object): Connection => connections.get(socket) ?? nobody;

  const http2 = createHttp2Server({
    settings: {
      maxConcurrentStreams: streamsPerSessionMax,
      initialWindowSize: receiveWindowBytes,
      maxHeaderListSize: headersMaxBytes,
      enablePush: false,
    },
    maxSessionMemory: sessionMaxMegabytes,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    // What a client may make and reset: a burst, then so many a second. More ends the connection.
    streamResetBurst: 2000,
    streamResetRate: 200,
    peerMaxConcurrentStreams: streamsPerSessionMax,
  });
  http2.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    sessionConnections.set(session, arriving ?? nobody);
    session.setTimeout(sessionIdleMs, () => {
      if (busy.get(session)) return;
      session.close();
    });
    session.on("error", () => {});
    session.on("close", () => sessions.delete(session));
    if (closing) session.close();
  });
  http2.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
    const session = stream.session as Http2Session | undefined;
    if (!session) return;
    busy.set(session, (busy.get(session) ?? 0) + 1);
    stream.once("close", () => busy.set(session, (busy.get(session) ?? 1) - 1));
    void options.handle(http2Exchange(stream, headers, rawHeaders, sessionConnections.get(session) ?? nobody));
  });
  http2.on("sessionError", () => {});

  const https = createHttpsServer(
    {
      key: options.tls.key,
      cert: options.tls.cert,
      ca: options.tls.clientCa,
      requestCert: true,
      // A wrong certificate is answered with 401 rather than with a broken handshake.
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: handshakeTimeoutMs,
      maxHeaderSize: headersMaxBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: 5000,
      shouldUpgradeCallback: (request: IncomingMessage) => /^(websocket|spdy\/3\.1)$/i.test(request.headers.upgrade ?? ""),
    } as Parameters<typeof createHttpsServer>[0],
    (request: IncomingMessage, response: ServerResponse) => {
      if (closing) response.setHeader("connection", "close");
      void options.handle(http1Exchange(request, response, connectionOf(request.socket)));
    },
  );
  https.maxConnections = connectionsMax;
  https.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const exchange = upgradeExchange(request, socket, connectionOf(socket));
    if (options.upgrade) void options.upgrade(exchange, request, socket, head);
    else socket.destroy();
  });
  https.on("tlsClientError", (_error, socket) => socket.destroy());
  https.on("clientError", (error: Error & { code?: string }, socket) => {
    if (!socket.writable) return void socket.destroy();
    const [code, reason, text] =
      error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "RequestHeaderFieldsTooLarge", "Request Header Fields Too Large"]
        : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? [408, "Timeout", "Request Timeout"]
          : [400, "BadRequest", "Bad Request"];
    const body = JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: text, reason, code });
    socket.end(
      `HTTP/1.1 ${code} ${text}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  });

  // The HTTPS server listens; of the connections that chose HTTP/2 the other one takes care.
  const serveHttp1 = https.listeners("secureConnection") as Array<(this: unknown, socket: Socket) => void>;
  https.removeAllListeners("secureConnection");
  https.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    const connection = { peer: peerOf(socket), local: isLoopback(socket.remoteAddress) };
    connections.set(socket, connection);
    if (socket.alpnProtocol === "h2") {
      arriving = connection;
      http2.emit("connection", socket);
      arriving = undefined;
    } else for (const serve of serveHttp1) serve.call(https, socket);
  });

  await listening(https, options.port ?? 0, host);
  https.on("error", (error) => options.log.error("the listener failed", { error: error.message }));
  const { port } = https.address() as AddressInfo;

  return {
    port,
    address: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    renew: (tls) => https.setSecureContext({ key: tls.key, cert: tls.cert, ca: tls.clientCa }),
    get connections() {
      return sockets.size;
    },
    async listenAlso(other) {
      const door = createServer((socket) => https.emit("connection", socket));
      door.maxConnections = connectionsMax;
      await listening(door, port, other);
      door.on("error", (error) => options.log.error("a listener failed", { host: other, error: error.message }));
      doors.add(door);
      if (closing) door.close();
    },
    async listenOnSocket(path, peer) {
      const door = createServer((socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
        socket.on("error", () => {});
        connections.set(socket, { peer, local: true });
        for (const serve of serveHttp1) serve.call(https, socket);
      });
      door.maxConnections = connectionsMax;
      rmSync(path, { force: true });
      await listeningOn(door, { path });
      chmodSync(path, 0o600);
      door.on("error", (error) => options.log.error("a listener failed", { path, error: error.message }));
      doors.add(door);
      if (closing) door.close();
    },
    async close() {
      if (closing) return;
      closing = true;
      options.onClose?.();
      const closed = Promise.all([https, ...doors].map((each) => new Promise<void>((resolve) => each.close(() => resolve()))));
      for (const session of sessions) session.close();
      https.closeIdleConnections();
      const cut = systemClock.setTimer(closeGraceMs, () => {
        for (const socket of sockets) socket.destroy();
      });
      await closed;
      cut.cancel();
    },
  };
}

/** Starts to listen. Rejects when the address can't be had. */
const listening = (server: Server, port: number, host: string): Promise<void> => listeningOn(server, { port, host });

const listeningOn = (server: Server, where: ListenOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });

/** The subject of a client certificate that our authority signed. */
function peerOf(socket: TLSSocket): PeerIdentity | undefined {
  if (!socket.authorized) return undefined;
  const subject = socket.getPeerCertificate()?.subject as unknown as Record<string, string | string[] | undefined> | undefined;
  const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
  const commonName = list(subject?.["CN"]).at(-1);
  return commonName === undefined || commonName === "" ? undefined : { commonName, organizations: list(subject?.["O"]) };
}

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && (address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127."));
