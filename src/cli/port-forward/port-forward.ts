/** `port-forward`: ports of this machine that lead into a Pod, until Ctrl-C. */
import type { Pod } from "../../api/types.ts";
import { pathOf, queryText } from "../../client/paths.ts";
import type { Command, Environment, LocalSocket } from "../command.ts";
import type { Connection } from "../connection.ts";
import { CommandError, describeError, usageError } from "../errors.ts";
import type { Flag } from "../flags.ts";
import { firstPodOf, podRef } from "../objects/pods-of.ts";
import { parseTimeout } from "../timeout.ts";
import { type PortPair, parsePorts } from "./ports.ts";

const flags: readonly Flag[] = [
  { name: "address", type: "list", default: "localhost", about: "addresses to listen on: localhost, or IP addresses" },
  { name: "pod-running-timeout", type: "string", default: "1m0s", about: "how long to wait for a Pod where there is none" },
];

/** Of one connection: its bytes, and what the node says when they can't be brought over. */
const data = 0;
const errors = 1;
const protocols = ["v4.channel.k8s.io"];
/** Both channels begin with the port again. */
const prefaceBytes = 2;

export const portForward: Command = {
  usage: "(POD | TYPE/NAME) [LOCAL_PORT:]REMOTE_PORT ... [flags]",
  about:
    "Listens on ports of this machine and leads every connection into a Pod: the one that is named, or one of a workload or Service. Ends with Ctrl-C, or when the Pod is gone.",
  examples: `# localhost:8080 leads to port 80 of a Pod of the Deployment
windlass port-forward deployment/web 8080:80

# By the port of a Service, and by a free local port
windlass port-forward service/web :http`,
  flags,
  completes: "pods",
  async run({ flags: given, args, name }, environment) {
    const [target, ...words] = args;
    if (target === undefined || words.length === 0) throw usageError(name, "TYPE/NAME and list of ports are required for port-forward");
    const connection = await environment.connect(given);
    const closers: (() => void)[] = [];
    try {
      const { pod, object } = await firstPodOf(environment, connection, target, parseTimeout(given.string("pod-running-timeout")) ?? 0);
      if (pod.status?.phase !== "Running")
        throw new CommandError(`unable to forward port because pod is not running. Current status=${pod.status?.phase}`);
      const failed = Promise.withResolvers<never>();
      for (const pair of parsePorts(words, object, pod)) {
        for (const address of addressesOf(given.list("address")))
          closers.push(await listen(address, pair, { pod, environment, connection, lost: failed.reject }));
      }
      await Promise.race([failed.promise, untilInterrupted(environment)]);
      return 0;
    } finally {
      for (const close of closers) close();
      connection.close();
    }
  },
};

/** `localhost` is both of its addresses, of which the second may not exist. */
const addressesOf = (given: readonly string[]): { readonly address: string; readonly optional: boolean }[] =>
  given.flatMap((address) =>
    address === "localhost"
      ? [
          { address: "127.0.0.1", optional: false },
          { address: "::1", optional: true },
        ]
      : [{ address, optional: false }],
  );

const untilInterrupted = ({ interrupted }: Environment): Promise<void> =>
  new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    else interrupted.addEventListener("abort", () => resolve(), { once: true });
  });

interface Way {
  readonly pod: Pod;
  readonly environment: Environment;
  readonly connection: Connection;
  /** The Pod is gone: there is nothing to lead to any more. */
  lost(error: Error): void;
}

async function listen(
  { address, optional }: { readonly address: string; readonly optional: boolean },
  { local, remote }: PortPair,
  way: Way,
) {
  const { environment } = way;
  const shownAddress = address.includes(":") ? `[${address}]` : address;
  try {
    const listener = await environment.listen(address, local, (socket) => {
      environment.stdout.write(`Handling connection for ${listener.port}\n`);
      bridge(socket, remote, way).catch((error: Error) => {
        socket.destroy();
        environment.stderr.write(`${describeError(error).text}\n`);
        way.lost(new CommandError("lost connection to pod"));
      });
    });
    environment.stdout.write(`Forwarding from ${shownAddress}:${listener.port} -> ${remote}\n`);
    return listener.close;
  } catch (error) {
    if (optional) return () => {};
    throw new CommandError(`unable to listen on any of the requested ports: ${shownAddress}:${local}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Leads one connection over. Rejects where the Pod can't be reached at all. */
async function bridge(socket: LocalSocket, remote: number, { pod, environment, connection }: Way): Promise<void> {
  const { name, namespace } = pod.metadata;
  const seen = [0, 0];
  let trouble = "";
  const decoder = new TextDecoder();
  const channels = await connection.openChannels(pathOf(podRef, namespace, name, "portforward") + queryText({ ports: remote }), protocols, {
    message(channel, bytes) {
      const skipped = Math.min(bytes.length, Math.max(0, prefaceBytes - (seen[channel] ?? prefaceBytes)));
      seen[channel] = (seen[channel] ?? 0) + bytes.length;
      const rest = bytes.subarray(skipped);
      if (rest.length === 0) return;
      if (channel === data) socket.write(rest);
      else if (channel === errors) trouble += decoder.decode(rest);
    },
    end() {
      if (trouble !== "") environment.stderr.write(`error: an error occurred forwarding ${remote}: ${trouble}\n`);
      socket.end();
    },
  });
  socket.handle({
    data: (bytes) => channels.send(data, bytes),
    end: () => channels.close(),
  });
}
