/**
 * Port forwarding over plain WebSocket channels, the older way: port number i of the request has channel 2i for data
 * and 2i+1 for errors, and each begins with the port in two bytes, low one first.
 */
import type { PodTarget } from "./pod-target.ts";
import { forwardPort } from "./port-forward.ts";
import type { Channels } from "./channels.ts";

/** Serves the connection until all ports are done or the client leaves. */
export function servePortForwardWebSocket(channels: Channels, target: PodTarget, ports: readonly number[]): void {
  let open = ports.length;
  for (const [index, port] of ports.entries()) {
    const data = channels.channel(2 * index);
    const errors = channels.channel(2 * index + 1);
    const preface = new Uint8Array([port & 0xff, port >> 8]);
    const forward = async (): Promise<void> => {
      await data.write(preface);
      await errors.write(preface);
      await forwardPort(target, port, data, errors);
    };
    forward()
      .catch(() => {})
      .finally(() => {
        if (--open === 0) channels.close();
      });
  }
}
