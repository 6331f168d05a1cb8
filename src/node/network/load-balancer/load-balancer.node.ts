/** The engine's side of the load balancer: starts or adopts its process when there is something to balance, and hands it whole states. */
import { spawn } from "node:child_process";
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Service } from "../../../api/types.ts";
import { sleep } from "../../../base/clock.ts";
import type { World } from "../../../base/world.ts";
import type { EventRecorder } from "../../../client/recorder.ts";
import type { ServiceProxy, ServiceState } from "../../network.ts";
import { latestOnly } from "../latest-only.ts";
import { listenerStates } from "./listener-states.ts";
import type { FromLoadBalancer, ListenerState, ToLoadBalancer } from "./protocol.ts";

/** How long a process may take to answer on its socket after it has been started. */
const startMaxMs = 5000;
const startPollMs = 10;
/** How soon a process that has ended is replaced. */
const restartMs = 200;

export interface LoadBalancerOptions {
  /** The command that runs the entry file; the socket's path is added as its last argument. */
  readonly spawn: { readonly command: string; readonly args: readonly string[] };
  /** In a directory that only its owner can enter. At most 107 characters: the kernel takes no more. */
  readonly socketPath: string;
  readonly world: World;
  /** Where a port that can't be had is reported, on its Service. */
  readonly recorder?: EventRecorder;
}

export interface LoadBalancer extends ServiceProxy {
  /** Resolves when no HTTP request is under way to an address, or when the process is gone. */
  whenIdle(ip: string): Promise<void>;
  /** Lets go of the process without ending it: the next engine finds it at its work. */
  leave(): void;
  /** Ends the process and all its connections. */
  close(): Promise<void>;
}

interface Link {
  readonly socket: Socket;
  readonly inForce: Map<number, () => void>;
  readonly idle: Map<number, () => void>;
  readonly ended: Promise<void>;
}

/** A process that an earlier engine left is adopted at the first sync, and keeps its state until then. */
export function startLoadBalancer(options: LoadBalancerOptions): LoadBalancer {
  const { socketPath, world, recorder } = options;
  let link: Link | undefined;
  let counter = 0;
  /** The state in force, as text. */
  let inForce: string | undefined;
  let last: ServiceState | undefined;
  let services: ReadonlyMap<string, Service> = new Map();
  let complaints = new Set<string>();
  let isLeft = false;
  const syncs = latestOnly(apply);

  return {
    sync(state) {
      last = state;
      return syncs.submit(state);
    },
    settled: () => syncs.settled(),
    async whenIdle(ip) {
      const current = link;
      if (!current) return;
      const id = ++counter;
      const answered = new Promise<void>((resolve) => current.idle.set(id, resolve));
      send(current, { type: "whenIdle", id, ip });
      await Promise.race([answered, current.ended]);
    },
    leave,
    async close() {
      isLeft = true;
      await syncs.settled();
      const current = link ?? (await reach());
      if (!current) return;
      send(current, { type: "stop" });
      await current.ended;
    },
  };

  function leave(): void {
    isLeft = true;
    link?.socket.destroy();
  }

  async function apply(state: ServiceState): Promise<void> {
    if (isLeft) return;
    const wanted = listenerStates(state);
    services = wanted.services;
    const current = new Set(wanted.conflicts.map(({ id, message }) => `${id} ${message}`));
    for (const { id, service, port, message } of wanted.conflicts)
      if (!complaints.has(`${id} ${message}`)) complain(service, port, message);
    complaints = current;
    const text = JSON.stringify(wanted.listeners);
    if (link && text === inForce) return;
    if (!link) {
      link = await reach();
      if (!link && wanted.listeners.length === 0) return;
      link ??= await start();
    }
    await enforce(link, wanted.listeners);
    inForce = text;
  }

  async function enforce(current: Link, listeners: readonly ListenerState[]): Promise<void> {
    const version = ++counter;
    let isInForce = false;
    const answered = new Promise<void>((resolve) =>
      current.inForce.set(version, () => {
        isInForce = true;
        resolve();
      }),
    );
    send(current, { type: "state", version, listeners });
    await Promise.race([answered, current.ended]);
    if (!isInForce) throw new Error("the load balancer's process ended before the state was in force");
  }

  /** Connects to a process that is there; undefined when there is none. */
  async function reach(): Promise<Link | undefined> {
    const socket = createConnection(socketPath);
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    return isThere ? follow(socket) : undefined;
  }

  async function start(): Promise<Link> {
    const { command, args } = options.spawn;
    const child = spawn(command, [...args, socketPath], { detached: true, stdio: "ignore", cwd: "/" });
    let failure: Error | undefined;
    child.on("error", (error) => {
      failure = error;
    });
    child.unref();
    const untilMs = world.clock.monotonic() + startMaxMs;
    for (;;) {
      const reached = await reach();
      if (reached) return reached;
      if (failure || world.clock.monotonic() > untilMs) throw new Error("the load balancer's process does not start", { cause: failure });
      await sleep(world.clock, startPollMs);
    }
  }

  function follow(socket: Socket): Link {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const current: Link = { socket, inForce: new Map(), idle: new Map(), ended };
    socket.on("error", () => {});
    socket.on("close", () => {
      if (link === current) link = undefined;
      inForce = undefined;
      end();
      // Killed by somebody: what was balanced has to be balanced again.
      if (!isLeft && last) world.clock.setTimer(restartMs, again);
    });
    createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
      .on("line", (line) => receive(current, JSON.parse(line) as FromLoadBalancer))
      .on("error", () => {});
    return current;
  }

  function again(): void {
    if (isLeft || link || !last) return;
    syncs.submit(last).catch((error: unknown) => {
      world.log.error("the load balancer can't be started", { error: String(error) });
      world.clock.setTimer(restartMs, again);
    });
  }

  function receive(current: Link, message: FromLoadBalancer): void {
    switch (message.type) {
      case "inForce":
        current.inForce.get(message.version)?.();
        current.inForce.delete(message.version);
        return;
      case "idle":
        current.idle.get(message.id)?.();
        current.idle.delete(message.id);
        return;
      case "unavailable": {
        const service = services.get(message.id);
        if (service) complain(service, message.port, message.message);
      }
    }
  }

  function complain(service: Service, port: number, message: string): void {
    world.log.warn("a Service's port on localhost can't be had", { service: service.metadata.name, port, message });
    recorder?.event(
      service,
      "Warning",
      "PortUnavailable",
      `Port ${port} of localhost is not available: ${message}. It is tried again until it is.`,
    );
  }
}

function send(link: Link, message: ToLoadBalancer): void {
  if (link.socket.writable) link.socket.write(`${JSON.stringify(message)}\n`);
}
