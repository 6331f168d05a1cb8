/**
 * Connections that leave HTTP: exec, attach and port-forward over WebSocket or SPDY/3.1, logs over WebSocket (API-100 … API-105).
 * Everything that can be refused is refused before the upgrade, with a `Status`.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import { ApiError, badRequest, forbidden, unknownPath } from "../../api/errors.ts";
import type { NodeDirectory } from "../../api/node-api.ts";
import { every } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { systemClock } from "../../base/system-world.node.ts";
import type { Api, User } from "../api.ts";
import { answerError } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { type RequestInfo, type ResourceRequest, readRequest } from "../http/request-info.ts";
import { serveSpdyCommand } from "./command-spdy.ts";
import { serveWebSocketCommand } from "./command-websocket.ts";
import { writePodLog } from "./logs.ts";
import { type PodTarget, podTargets } from "./pod-target.ts";
import { portOf } from "./port-forward.ts";
import { servePortForwardSpdy } from "./port-forward-spdy.ts";
import { servePortForwardWebSocket } from "./port-forward-websocket.ts";
import { remoteCommandOf } from "./remote-command.ts";
import { spdyConnection } from "./spdy.node.ts";
import { webSocketChannels } from "./websocket-channels.node.ts";

export interface UpgradesOptions {
  readonly api: Api;
  readonly nodes: NodeDirectory;
  readonly log: Log;
  /** Authenticates and authorises. Throws 401 and 403. */
  admit(exchange: Exchange, request: RequestInfo): Promise<User>;
}

export interface Upgrades {
  handle(exchange: Exchange, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Cuts every stream. */
  close(): void;
  /** Streams under way. */
  readonly open: number;
}

const commandProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];
const spdyCommandProtocols = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];
const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";
const forwardProtocols = [tunnelProtocol, "v4.channel.k8s.io", "portforward.k8s.io"];
const logProtocols = ["binary.k8s.io", "base64.binary.k8s.io"];
const spdyForwardProtocol = "portforward.k8s.io";
/** One WebSocket message may be this long; kubectl cuts stdin into pieces of 32 KiB. */
const messageMaxBytes = 4 * 1024 * 1024;
/** Idle connections are kept alive, and dead ones noticed, by pings this often. */
const pingPeriodMs = 30_000;

const listed = (header: string | undefined): string[] => (header ?? "").split(",").flatMap((item) => item.trim() || []);

export function podUpgrades(options: UpgradesOptions): Upgrades {
  const { log } = options;
  const targets = podTargets(options.api, options.nodes);
  const sockets = new Set<Duplex>();

  async function handle(exchange: Exchange, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    try {
      const info = readRequest(exchange.method, exchange.target);
      if (info.type !== "resource" || info.group !== "" || info.resource !== "pods" || info.subresource === undefined) throw unknownPath();
      const { name, namespace, subresource } = info;
      if (name === undefined || namespace === undefined) throw unknownPath();
      // Opening a stream is creating something, also where WebSocket makes it a GET.
      const isLog = subresource === "log" && isWebSocket(request);
      await options.admit(exchange, isLog ? info : { ...info, verb: "create" });
      const key = { namespace, name };
      if (isLog) return await serveLog(info, key, request, socket, head);
      if (subresource === "exec" || subresource === "attach")
        await serveCommand(info, subresource, await targets.find(key), request, socket, head);
      else if (subresource === "portforward") await serveForward(info, await forwardTarget(key), request, socket, head);
      else throw unknownPath();
    } catch (error) {
      // Once the protocol is another one, an answer in HTTP would be noise in it.
      if (upgraded.has(socket)) {
        log.error("a stream failed", { error: String(error) });
        socket.destroy();
      } else answerError(exchange, error, log);
    }
  }

  /** What the log holds, message by message, and then the end. The connection is upgraded when there is something to say. */
  async function serveLog(
    info: ResourceRequest,
    key: { namespace: string; name: string },
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const controller = new AbortController();
    socket.on("close", () => controller.abort());
    let opened: Promise<WebSocket> | undefined;
    const open = (): Promise<WebSocket> => (opened ??= webSocket(request, socket, head, logProtocols));
    const write = async (bytes: Uint8Array): Promise<void> => {
      const ws = await open();
      const isText = ws.protocol.startsWith("base64");
      const message = isText ? Buffer.from(bytes).toString("base64") : bytes;
      await new Promise<void>((resolve, reject) => {
        ws.send(message, { binary: !isText }, (error) => (error ? reject(error) : resolve()));
      });
    };
    try {
      await writePodLog(targets, { key, query: info.query }, write, controller.signal);
      (await open()).close(1000);
    } catch (error) {
      if (opened === undefined) throw error;
      (await opened).close(1011);
    }
  }

  async function forwardTarget(key: { namespace: string; name: string }): Promise<PodTarget> {
    const target = await targets.find(key);
    const phase = target.pod.status?.phase;
    if (phase !== "Running") throw badRequest(`unable to forward port because pod is not running. Current status=${phase ?? "Unknown"}`);
    return target;
  }

  async function serveCommand(
    info: ResourceRequest,
    how: "exec" | "attach",
    target: PodTarget,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const command = remoteCommandOf(target, info.query, how);
    if (isWebSocket(request)) {
      const ws = await webSocket(request, socket, head, commandProtocols);
      const { protocol } = ws;
      await serveWebSocketCommand(webSocketChannels(ws, { base64: protocol.includes("base64") }), protocol, target, command);
      return;
    }
    const protocol = chooseSpdyProtocol(request, spdyCommandProtocols);
    acceptSpdy(socket, protocol);
    await serveSpdyCommand((onStream) => spdyConnection(socket, head, onStream), protocol, target, command);
  }

  async function serveForward(
    info: ResourceRequest,
    target: PodTarget,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    if (!isWebSocket(request)) {
      const protocol = chooseSpdyProtocol(request, [spdyForwardProtocol]);
      acceptSpdy(socket, protocol);
      servePortForwardSpdy((onStream) => spdyConnection(socket, head, onStream), target);
      return;
    }
    if (listed(request.headers["sec-websocket-protocol"]).includes(tunnelProtocol)) {
      const ws = await webSocket(request, socket, head, [tunnelProtocol]);
      const tunnel = createWebSocketStream(ws, { readableHighWaterMark: 64 * 1024 });
      servePortForwardSpdy((onStream) => spdyConnection(tunnel, new Uint8Array(0), onStream), target);
      return;
    }
    const ports = info.query.getAll("ports").flatMap((item) => item.split(",").map(portOf));
    if (ports.length === 0 || ports.includes(undefined)) throw badRequest('query parameter "ports" must name ports from 1 to 65535');
    const ws = await webSocket(request, socket, head, forwardProtocols);
    servePortForwardWebSocket(webSocketChannels(ws, { base64: false }), target, ports as number[]);
  }

  return {
    handle,
    get open() {
      return sockets.size;
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const isWebSocket = (request: IncomingMessage): boolean => /^websocket$/i.test(request.headers.upgrade ?? "");

function webSocket(request: IncomingMessage, socket: Duplex, head: Buffer, protocols: readonly string[]): Promise<WebSocket> {
  const asked = listed(request.headers["sec-websocket-protocol"]);
  const chosen = protocols.find((protocol) => asked.includes(protocol));
  // Without a protocol it is the oldest one.
  if (asked.length > 0 && chosen === undefined && !asked.every((name) => name.startsWith("base64url.bearer."))) {
    throw forbidden({ group: "", resource: "pods" }, `no accepted subprotocol among: ${asked.join(", ")}`);
  }
  if (request.method !== "GET" || !/^[+/0-9A-Za-z]{22}==$/.test(request.headers["sec-websocket-key"] ?? "")) {
    throw badRequest("the request is no valid WebSocket handshake");
  }
  if (request.headers["sec-websocket-version"] !== "13") throw badRequest("the WebSocket version must be 13");
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: () => chosen ?? false,
    maxPayload: messageMaxBytes,
    perMessageDeflate: false,
  });
  return new Promise((resolve) => {
    server.handleUpgrade(request, socket, head, (ws) => {
      upgraded.add(socket);
      keepAlive(ws);
      resolve(ws);
    });
  });
}

function keepAlive(ws: WebSocket): void {
  let answered = true;
  const timer = every(systemClock, pingPeriodMs, () => {
    if (!answered) return ws.terminate();
    answered = false;
    ws.ping(() => {});
  });
  ws.on("pong", () => {
    answered = true;
  });
  ws.on("message", () => {
    answered = true;
  });
  ws.on("close", () => timer.cancel());
}

/** The first of the client's protocols that is served. An old client names none and means the oldest. */
function chooseSpdyProtocol(request: IncomingMessage, served: readonly string[]): string {
  const header = request.headers["x-stream-protocol-version"];
  const asked = listed(Array.isArray(header) ? header.join(",") : header);
  if (asked.length === 0) return served.at(-1) as string;
  const chosen = served.find((protocol) => asked.includes(protocol));
  if (chosen !== undefined) return chosen;
  throw new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    reason: "Forbidden",
    code: 403,
    message: `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(" ")}], server accepts [${served.join(" ")}]`,
  });
}

/** Connections that speak HTTP no more. */
const upgraded = new WeakSet<Duplex>();

function acceptSpdy(socket: Duplex, protocol: string): void {
  upgraded.add(socket);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
}
