/**
 * Opens ports of the machine for Pods (`hostPort`): connections are taken here and passed on to the Pod's address. They
 * last as long as this process; the next one opens them again. TCP only.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { SandboxSpec } from "../runtime.ts";

export interface HostPorts {
  /** Opens a sandbox's ports. Throws an Error when one is taken; none is open then. */
  open(sandboxId: string, ports: SandboxSpec["ports"], ip: string): Promise<void>;
  /** Closes them, and the connections through them. Idempotent. */
  close(sandboxId: string): void;
  closeAll(): void;
}

/** No port is open at first. */
export function hostPorts(): HostPorts {
  const opened = new Map<string, { servers: Server[]; sockets: Set<Socket> }>();

  function close(sandboxId: string): void {
    const entry = opened.get(sandboxId);
    opened.delete(sandboxId);
    for (const server of entry?.servers ?? []) server.close();
    for (const socket of entry?.sockets ?? []) socket.destroy();
  }

  return {
    async open(sandboxId, ports, ip) {
      const entry = { servers: [] as Server[], sockets: new Set<Socket>() };
      opened.set(sandboxId, entry);
      try {
        for (const { hostPort, hostIp, containerPort, protocol } of ports) {
          if (hostPort === 0 || protocol !== "TCP") continue;
          const server = createServer({ allowHalfOpen: true }, (client) =>
            join(client, connect({ host: ip, port: containerPort, allowHalfOpen: true }), entry.sockets),
          );
          entry.servers.push(server);
          await new Promise<void>((resolve, reject) => {
            server.once("error", (cause) => reject(new Error(`cannot open host port ${hostPort}: ${cause.message}`, { cause })));
            server.listen({ port: hostPort, host: hostIp || "0.0.0.0" }, resolve);
          });
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
