/** One UDP port on 127.0.0.1 and ::1. A client's datagrams go to one endpoint until it is silent or the endpoint leaves. */
import { createSocket, type Socket } from "node:dgram";
import { systemClock } from "../../../base/system-world.node.ts";
import { type Backend, createBackends } from "./backends.ts";
import type { TcpListener } from "./tcp-listener.node.ts";

/** As long as the kernel remembers a stream of datagrams. */
const silentMaxMs = 60_000;
const flowsMax = 10_000;

interface Flow {
  readonly socket: Socket;
  readonly backend: Backend<Flow>;
  seenMs: number;
}

/** Datagrams have no requests: nothing is ever under way. */
export function udpListener(port: number): TcpListener {
  const backends = createBackends<Flow>();
  const flows = new Map<string, Flow>();
  let sockets: Socket[] = [];

  const endFlow = (key: string, flow: Flow): void => {
    flows.delete(key);
    flow.backend.users.delete(flow);
    flow.socket.close();
  };
  const closeSockets = (): void => {
    for (const socket of sockets) socket.close();
    sockets = [];
    for (const [key, flow] of flows) endFlow(key, flow);
  };

  return {
    async update(state) {
      backends.replace(state.backends, state.affinitySeconds);
      for (const [key, flow] of flows) if (flow.backend.isGone) endFlow(key, flow);
      if (backends.size === 0) closeSockets();
      else if (sockets.length === 0) return listen();
      return undefined;
    },
    isBusy: () => false,
    sweep() {
      const before = systemClock.monotonic() - silentMaxMs;
      for (const [key, flow] of flows) if (flow.seenMs < before) endFlow(key, flow);
    },
    async close() {
      closeSockets();
    },
  };

  async function listen(): Promise<string | undefined> {
    const started: Socket[] = [];
    for (const address of ["127.0.0.1", "::1"]) {
      const socket = createSocket(address === "::1" ? "udp6" : "udp4");
      const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
        socket.once("error", resolve);
        socket.bind({ address, port, exclusive: true }, () => resolve(undefined));
      });
      socket.on("error", () => {});
      if (error && address === "::1" && error.code !== "EADDRINUSE") continue;
      if (error) {
        for (const other of started) other.close();
        return error.code === "EADDRINUSE" ? "another program listens on it" : error.message;
      }
      socket.on("message", (bytes, from) => forward(socket, bytes, from.address, from.port));
      started.push(socket);
    }
    sockets = started;
    return undefined;
  }

  function forward(listener: Socket, bytes: Buffer, address: string, clientPort: number): void {
    const key = `${address} ${clientPort}`;
    const now = systemClock.monotonic();
    let flow = flows.get(key);
    if (!flow) {
      const backend = flows.size < flowsMax ? backends.choose(address, now, undefined) : undefined;
      if (!backend) return;
      const socket = createSocket("udp4");
      flow = { socket, backend, seenMs: now };
      flows.set(key, flow);
      backend.users.add(flow);
      socket.on("error", () => {});
      socket.on("message", (answer) => listener.send(answer, clientPort, address));
    }
    flow.seenMs = now;
    flow.socket.send(bytes, flow.backend.port, flow.backend.ip);
  }
}
