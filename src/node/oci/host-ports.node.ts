/**
 * Opens ports of the machine for Pods (`hostPort`): connections and datagrams are taken here and passed on to the Pod's address.
 * They last as long as this process; the next one opens them again.
 *
 * A port without an address of its own is opened at the node's address, and at the machine's others as far as they are free:
 * several nodes share one machine, and each of them may have a Pod with the same port.
 */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { systemClock } from "../../base/system-world.node.ts";
import type { SandboxSpec } from "../runtime.ts";

export interface HostPorts {
  /** Opens a sandbox's ports. Throws an Error when one is taken; none is open then. */
  open(sandboxId: string, ports: SandboxSpec["ports"], ip: string): Promise<void>;
  /** Closes them, and the connections through them. Idempotent. */
  close(sandboxId: string): void;
  closeAll(): void;
}

/** As long as the kernel remembers a stream of datagrams. */
const silentMaxMs = 60_000;
const flowsMax = 10_000;
/** Links of this engine and of others like it: each of their addresses is one node's. */
const nodeLink = /^wl\d/;

/** `nodeIp` is the address of the node. No port is open at first. */
export function hostPorts(nodeIp: string): HostPorts {
  const opened = new Map<string, Set<() => void>>();

  function close(sandboxId: string): void {
    for (const end of opened.get(sandboxId) ?? []) end();
    opened.delete(sandboxId);
  }

  return {
    async open(sandboxId, ports, ip) {
      const ends = new Set<() => void>();
      opened.set(sandboxId, ends);
      try {
        for (const { hostPort, hostIp, containerPort, protocol } of ports) {
          if (hostPort === 0 || protocol === "SCTP") continue;
          const listen = protocol === "UDP" ? takeDatagrams : takeConnections;
          const isAnywhere = hostIp === undefined || hostIp === "" || hostIp === "0.0.0.0";
          await listen({ ip, port: containerPort }, isAnywhere ? nodeIp : hostIp, hostPort, ends).catch((cause: Error) => {
            throw new Error(`cannot open host port ${hostPort}: ${cause.message}`, { cause });
          });
          if (!isAnywhere) continue;
          // Another node's Pod, or another program, may be there first.
          for (const other of otherAddresses(nodeIp)) await listen({ ip, port: containerPort }, other, hostPort, ends).catch(() => {});
        }
      } catch (error) {
        close(sandboxId);
        throw error;
      }
    },
    close,
    closeAll() {
      for (const sandboxId of [...opened.keys()]) close(sandboxId);
    },
  };
}

const otherAddresses = (nodeIp: string): string[] =>
  Object.entries(networkInterfaces())
    .filter(([name]) => !nodeLink.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(({ family, address }) => family === "IPv4" && address !== nodeIp)
    .map(({ address }) => address);

interface Target {
  readonly ip: string;
  readonly port: number;
}

async function takeConnections(target: Target, host: string, port: number, ends: Set<() => void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (client) =>
    join(client, connect({ host: target.ip, port: target.port, allowHalfOpen: true }), sockets),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, exclusive: true }, resolve);
  });
  ends.add(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}

function join(client: Socket, pod: Socket, sockets: Set<Socket>): void {
  for (const [socket, other] of [
    [client, pod],
    [pod, client],
  ] as const) {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.pipe(other);
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      if (socket.errored || !socket.readableEnded) other.destroy();
    });
  }
}

/** Each client has a socket of its own towards the Pod, so that answers find their way back. */
async function takeDatagrams(target: Target, host: string, port: number, ends: Set<() => void>): Promise<void> {
  const flows = new Map<string, { readonly socket: DatagramSocket; seenMs: number }>();
  const listener = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.bind({ address: host, port, exclusive: true }, resolve);
  });
  listener.on("error", () => {});
  ends.add(() => {
    listener.close();
    for (const { socket } of flows.values()) socket.close();
    flows.clear();
  });

  const forgetSilent = (nowMs: number): void => {
    for (const [key, flow] of flows) {
      if (flow.seenMs >= nowMs - silentMaxMs) continue;
      flow.socket.close();
      flows.delete(key);
    }
  };
  listener.on("message", (bytes, from) => {
    const nowMs = systemClock.monotonic();
    const key = `${from.address} ${from.port}`;
    let flow = flows.get(key);
    if (!flow) {
      forgetSilent(nowMs);
      if (flows.size >= flowsMax) return;
      const socket = createSocket("udp4");
      flow = { socket, seenMs: nowMs };
      flows.set(key, flow);
      socket.on("error", () => {});
      socket.on("message", (answer) => listener.send(answer, from.port, from.address));
    }
    flow.seenMs = nowMs;
    flow.socket.send(bytes, target.port, target.ip);
  });
}
