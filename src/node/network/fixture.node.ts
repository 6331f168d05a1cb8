/** What the tests of the network share: small servers in network namespaces, and Services with their slices. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Endpoint, EndpointSlice, Service, ServiceSpec } from "../../api/types.ts";
import { runCommand } from "../oci/command.node.ts";

/** Runs JavaScript in a network namespace (undefined: the machine's own) and resolves when it has said something. */
export async function startIn(namespacePath: string | undefined, script: string): Promise<ChildProcess> {
  const program = [process.execPath, "--input-type=module", "-e", script];
  const command = namespacePath === undefined ? program : ["nsenter", `--net=${namespacePath}`, ...program];
  const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

/** Ends a process that `startIn` started. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** A web server that answers with its name and the client's address. */
export const webServer = (name: string, port = 8080): string =>
  `import { createServer } from "node:http";
createServer((request, response) => response.end(${JSON.stringify(name)} + " " + request.socket.remoteAddress)).listen(${port}, "0.0.0.0", () => console.log("listening"));`;

/** A datagram server that answers with its name. */
export const datagramServer = (name: string, port: number): string =>
  `import { createSocket } from "node:dgram";
const socket = createSocket("udp4");
socket.on("message", (_, { port, address }) => socket.send(${JSON.stringify(name)}, port, address));
socket.bind(${port}, () => console.log("listening"));`;

/** Fetches a page from a network namespace (undefined: the machine's own); the page, or how it failed. */
export async function fetchFrom(namespacePath: string | undefined, url: string): Promise<string> {
  const curl = ["curl", "-sS", "-g", "--noproxy", "*", "--max-time", "3", url];
  const { code, stdout } = await runCommand(namespacePath === undefined ? curl : ["nsenter", `--net=${namespacePath}`, ...curl]);
  if (code === 0) return stdout;
  return code === 7 ? "refused" : code === 28 ? "no answer" : code === 52 || code === 56 ? "reset" : `curl ended with ${code}`;
}

export const service = (name: string, spec: Partial<ServiceSpec>): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "default", name },
  spec: { type: "ClusterIP", ports: [{ port: 80, protocol: "TCP" }], ...spec } as ServiceSpec,
});

export const slice = (name: string, port: number, endpoints: readonly (string | Endpoint)[], protocol = "TCP"): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { namespace: "default", name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
  addressType: "IPv4",
  endpoints: endpoints.map((endpoint) =>
    typeof endpoint === "string" ? { addresses: [endpoint], conditions: { ready: true } } : endpoint,
  ),
  ports: [{ port, protocol }],
});
