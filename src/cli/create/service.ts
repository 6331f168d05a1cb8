/** `create service`: Services of the four types, which select `app=NAME`. */
import { isDns1123Subdomain } from "../../machinery/names.ts";
import { CommandError } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import type { Generator } from "./generator.ts";

const kind = { group: "", version: "v1", kind: "Service", plural: "services", scope: "Namespaced" } as const;
const tcpFlag: Flag = { name: "tcp", type: "list", about: "PORT or PORT:TARGET; may be given several times" };

export const clusterIp: Generator = {
  kind,
  refusal: "failed to create ClusterIP service: ",
  usage: "NAME [--tcp=PORT:TARGET] [flags]",
  about: "Makes a Service with an address in the cluster.",
  flags: [tcpFlag, { name: "clusterip", type: "string", about: "the address; None for a headless Service" }],
  generate({ name, flags }) {
    const clusterIP = flags.string("clusterip");
    if (clusterIP !== "None") requirePorts(flags);
    return service(name, "ClusterIP", flags, { ...(clusterIP !== "" && { clusterIP }) });
  },
};

export const nodePort: Generator = {
  kind,
  refusal: "failed to create NodePort service: ",
  usage: "NAME --tcp=PORT:TARGET [--node-port=PORT] [flags]",
  about: "Makes a Service on a port of every node.",
  flags: [tcpFlag, { name: "node-port", type: "int", default: "0", about: "the port of the nodes; 0: the server chooses" }],
  generate({ name, flags }) {
    requirePorts(flags);
    const port = flags.int("node-port");
    return service(name, "NodePort", flags, {}, port > 0 ? { nodePort: port } : {});
  },
};

export const loadBalancer: Generator = {
  kind,
  refusal: "failed to create LoadBalancer service: ",
  usage: "NAME --tcp=PORT:TARGET [flags]",
  about: "Makes a Service behind a load balancer.",
  flags: [tcpFlag],
  generate({ name, flags }) {
    requirePorts(flags);
    return service(name, "LoadBalancer", flags, {});
  },
};

export const externalName: Generator = {
  kind,
  refusal: "failed to create ExternalName service: ",
  usage: "NAME --external-name=HOST [flags]",
  about: "Makes a Service that is another name for a host.",
  flags: [tcpFlag, { name: "external-name", type: "string", about: "the host" }],
  required: ["external-name"],
  generate({ name, flags }) {
    const host = flags.string("external-name");
    if (!isDns1123Subdomain(host)) throw new CommandError(`invalid service external name ${host}`);
    return service(name, "ExternalName", flags, { externalName: host });
  },
};

function requirePorts(flags: Flags): void {
  if (flags.list("tcp").length === 0) throw new CommandError("at least one tcp port specifier must be provided");
}

function service(name: string, type: string, flags: Flags, more: object, ofPorts: object = {}): Record<string, any> {
  const labels = { app: name };
  const ports = flags.list("tcp").map((text) => ({ ...portOf(text), ...ofPorts }));
  return {
    metadata: { name, labels },
    spec: { ...(ports.length > 0 && { ports }), selector: labels, ...more, type },
    status: { loadBalancer: {} },
  };
}

function portOf(text: string): object {
  const [first = "", second] = cutColon(text);
  const port = portNumber(first);
  const targetPort = second === undefined ? port : /^\d+$/.test(second) ? portNumber(second) : second;
  if (typeof targetPort === "string" && !/^[a-z0-9-]+$/i.test(targetPort))
    throw new CommandError("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  return { name: text.replaceAll(":", "-"), protocol: "TCP", port, targetPort };
}

function portNumber(text: string): number {
  const problem = (what: string): CommandError => new CommandError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: ${what}`);
  if (!/^\d+$/.test(text)) throw problem("invalid syntax");
  if (Number(text) > 65535) throw problem("value out of range");
  return Number(text);
}

function cutColon(text: string): [string, string | undefined] {
  const at = text.indexOf(":");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
