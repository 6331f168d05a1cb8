/** One TCP port on 127.0.0.1 and ::1, and the sessions behind it. */
import { createServer, type Server } from "node:net";
import { systemClock } from "../../../base/system-world.node.ts";
import { type Backend, createBackends } from "./backends.ts";
import type { ListenerState } from "./protocol.ts";
import { Session, type SessionHost } from "./session.node.ts";

const backlogMax = 1024;
/** An endpoint that has not taken a connection after so long is passed over. */
const connectMaxMs = 3000;

export interface TcpListener {
  /**
   * New endpoints for new connections and requests, at once. Where there is none a connection is refused; for a while after
   * the last one has left, it waits for the next. Resolves when the endpoints count; with why the port can't be had, if it can't.
   */
  update(state: ListenerState): Promise<string | undefined>;
  /** Whether a request is under way to an address. */
  isBusy(ip: string): boolean;
  /** Passes over endpoints that do not take connections. To be called now and then. */
  sweep(): void;
  close(): Promise<void>;
}

/** With ports that have no endpoint at the moment. */
export interface Patience {
  /** How long connections are taken after the last endpoint has left. */
  readonly emptyMs: number;
  /** How long a connection waits for an endpoint that takes it. */
  readonly waitMs: number;
}

export interface TcpListenerOptions {
  /** Called when the last request to an address has ended. */
  readonly quiet: () => void;
  readonly patience: Patience;
}

export function tcpListener(port: number, { quiet, patience }: TcpListenerOptions): TcpListener {
  let closing: { cancel(): void } | undefined;
  let servers: Server[] = [];
  /** Endpoints that have left while a request was under way. */
  const gone = new Set<Backend<Session>>();
  const host: SessionHost = {
    backends: createBackends<Session>(),
    connecting: new Map(),
    waiting: new Set(),
    waitMs: patience.waitMs,
    isClosed: false,
    quiet(backend) {
      if (backend.isGone) gone.delete(backend);
      quiet();
    },
  };

  return {
    async update(state) {
      host.isClosed = false;
      letGo(state.backends, state.affinitySeconds);
      if (host.backends.size === 0) {
        if (servers.length > 0) closing ??= systemClock.setTimer(patience.emptyMs, () => void closeServers());
        return undefined;
      }
      closing?.cancel();
      closing = undefined;
      for (const session of [...host.waiting]) session.tryAgain();
      return servers.length > 0 ? undefined : listen();
    },
    isBusy: (ip) => [...host.backends.all(), ...gone].some((backend) => backend.ip === ip && backend.busy > 0),
    sweep() {
      const before = systemClock.monotonic() - connectMaxMs;
      for (const [session, sinceMs] of host.connecting) if (sinceMs < before) session.timedOut();
    },
    async close() {
      host.isClosed = true;
      letGo([], undefined);
      await closeServers();
    },
  };

  function letGo(backends: ListenerState["backends"], affinitySeconds: number | undefined): void {
    for (const backend of host.backends.replace(backends, affinitySeconds)) {
      if (backend.busy > 0) gone.add(backend);
      for (const session of [...backend.users]) session.leave();
    }
  }

  async function listen(): Promise<string | undefined> {
    const started: Server[] = [];
    for (const address of ["127.0.0.1", "::1"]) {
      const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => new Session(host, client));
      const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
        server.once("error", resolve);
        server.listen({ host: address, port, backlog: backlogMax, exclusive: true }, () => resolve(undefined));
      });
      server.on("error", () => {});
      // A machine without IPv6 is no reason to give up.
      if (error && address === "::1" && error.code !== "EADDRINUSE") continue;
      if (error) {
        for (const other of started) other.close();
        return error.code === "EADDRINUSE" ? "another program listens on it" : error.message;
      }
      started.push(server);
    }
    servers = started;
    return undefined;
  }

  async function closeServers(): Promise<void> {
    closing?.cancel();
    closing = undefined;
    const listening = servers;
    servers = [];
    // The callback waits for connections to end: listening has ended when `close` returns.
    for (const server of listening) server.close();
  }
}
