/**
 * What the load balancer's process does. It outlives the engine, whatever becomes of it, and takes its orders from
 * whichever engine connects; it ends when told to, or when its socket's file is gone.
 */
import { rmSync, statSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { every } from "../../../base/clock.ts";
import { systemClock } from "../../../base/system-world.node.ts";
import type { FromLoadBalancer, ListenerState, ToLoadBalancer } from "./protocol.ts";
import { type Patience, type TcpListener, tcpListener } from "./tcp-listener.node.ts";
import { udpListener } from "./udp-listener.node.ts";

const sweepMs = 1000;

export interface LoadBalancerProcessOptions {
  /** In a directory that only its owner can enter. */
  readonly socketPath: string;
  readonly patience: Patience;
}

/** Runs until told to stop. */
export function runLoadBalancer({ socketPath, patience }: LoadBalancerProcessOptions): void {
  const listeners = new Map<string, { readonly listener: TcpListener; state: ListenerState; complaint: string | undefined }>();
  const engines = new Set<Socket>();
  const waiting = new Map<string, { readonly engine: Socket; readonly id: number; readonly ip: string }>();
  let turn: Promise<void> = Promise.resolve();

  const server = createServer((engine) => {
    engines.add(engine);
    engine.on("error", () => {});
    engine.on("close", () => engines.delete(engine));
    createInterface({ input: engine, crlfDelay: Number.POSITIVE_INFINITY })
      .on("line", (line) => {
        try {
          receive(engine, JSON.parse(line) as ToLoadBalancer);
        } catch {
          // Whoever speaks nonsense is not worth the traffic of everybody else.
          engine.destroy();
        }
      })
      .on("error", () => {});
  });
  // Another one that still answers keeps the place.
  const other = createConnection(socketPath);
  other.on("connect", () => process.exit(0));
  other.on("error", () => {
    rmSync(socketPath, { force: true });
    process.umask(0o077);
    server.listen(socketPath, () => {
      const own = statSync(socketPath).ino;
      every(systemClock, sweepMs, () => {
        sweep();
        if (statSync(socketPath, { throwIfNoEntry: false })?.ino !== own) process.exit(0);
      });
    });
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop());
  process.on("SIGHUP", () => {});

  function receive(engine: Socket, message: ToLoadBalancer): void {
    switch (message.type) {
      case "state":
        turn = turn.then(() => enforce(message.listeners)).then(() => send(engine, { type: "inForce", version: message.version }));
        return;
      case "whenIdle":
        waiting.set(`${message.id}`, { engine, id: message.id, ip: message.ip });
        tellQuiet();
        return;
      case "stop":
        stop();
    }
  }

  async function enforce(states: readonly ListenerState[]): Promise<void> {
    const wanted = new Map(states.map((state) => [`${state.protocol} ${state.port}`, state]));
    const closing: Promise<void>[] = [];
    for (const [key, { listener }] of listeners) {
      if (wanted.has(key)) continue;
      closing.push(listener.close());
      listeners.delete(key);
    }
    // Endpoints change within this turn, before anything is waited for.
    const updating = [...wanted].map(([key, state]) => {
      const known = listeners.get(key) ?? {
        listener: state.protocol === "UDP" ? udpListener(state.port) : tcpListener(state.port, { quiet: tellQuiet, patience }),
        state,
        complaint: undefined,
      };
      known.state = state;
      listeners.set(key, known);
      return update(key);
    });
    await Promise.all([...closing, ...updating]);
    tellQuiet();
  }

  async function update(key: string): Promise<void> {
    const known = listeners.get(key);
    if (!known) return;
    const complaint = await known.listener.update(known.state);
    if (complaint && complaint !== known.complaint) {
      for (const engine of engines) send(engine, { type: "unavailable", id: known.state.id, port: known.state.port, message: complaint });
    }
    known.complaint = complaint;
  }

  function sweep(): void {
    for (const [key, { listener, complaint }] of listeners) {
      listener.sweep();
      if (complaint) turn = turn.then(() => update(key));
    }
  }

  function tellQuiet(): void {
    for (const [key, { engine, id, ip }] of waiting) {
      if ([...listeners.values()].some(({ listener }) => listener.isBusy(ip))) continue;
      waiting.delete(key);
      send(engine, { type: "idle", id });
    }
  }

  function send(engine: Socket, message: FromLoadBalancer): void {
    if (engine.writable) engine.write(`${JSON.stringify(message)}\n`);
  }

  function stop(): void {
    rmSync(socketPath, { force: true });
    // The engine takes the end of its connection for the end of all: by then nobody may listen any more.
    for (const { listener } of listeners.values()) void listener.close();
    process.exit(0);
  }
}
