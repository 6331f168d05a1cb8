/** Servers on addresses as flags have them. */
import type { Server } from "node:http";
import type { Server as HttpsServer } from "node:https";

/** Listens on `:8080`, `127.0.0.1:0`, `[::1]:8080`. Resolves with the port; rejects where the address can't be had. */
export function listenOn(server: Server | HttpsServer, address: string): Promise<number> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new Error(`${address} is taken by another program`, { cause: error }) : error),
    );
    server.listen({ port: Number(address.slice(colon + 1)), ...(host && { host }) }, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound ? bound.port : 0);
    });
  });
}

/** Stops listening and breaks off what is under way. */
export const closeServer = (server: Server | HttpsServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
