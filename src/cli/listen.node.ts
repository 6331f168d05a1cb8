/** Ports of this machine, for `port-forward`. */
import { type AddressInfo, createServer } from "node:net";
import type { Environment, LocalSocket } from "./command.ts";

/** How long a connection without a sender here may be silent. */
const halfOpenMs = 5000;

/** Rejects with the system's words where nobody may listen. */
export const listen: Environment["listen"] = (address, port, connected) =>
  new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let handler: Parameters<LocalSocket["handle"]>[0] | undefined;
      let isOver = false;
      const over = (): void => {
        isOver = true;
        handler?.end();
      };
      socket.pause();
      // What ends badly ends all the same; there is nobody to tell.
      socket.on("error", () => {});
      // Whoever has asked may still wait for an answer: only the end of both directions is the end. But the way on knows no
      // half-closed connections, so who has left can't be told from who only listens: silence says it.
      socket.on("end", () => socket.setTimeout(halfOpenMs, () => socket.destroy()));
      socket.on("close", over);
      connected({
        write: (bytes) => socket.write(bytes),
        end: () => socket.end(),
        destroy: () => socket.destroy(),
        handle(given) {
          handler = given;
          if (isOver) return given.end();
          socket.on("data", (chunk: Buffer) => {
            socket.pause();
            given.data(chunk).finally(() => socket.resume());
          });
          socket.resume();
        },
      });
    });
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(error.code === "EADDRINUSE" ? "address already in use" : error.message)),
    );
    server.listen({ host: address, port, ipv6Only: address.includes(":") }, () =>
      resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() }),
    );
  });
