/** `expose`: makes a Service that leads to the Pods of a workload, of a Pod or of another Service. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { Command } from "../command.ts";
import { make, saveConfigFlag } from "../create/generator.ts";
import { matchLabelsOf } from "../create/labels.ts";
import { CommandError, failuresOf, throwAll } from "../errors.ts";
import type { Flag, Flags } from "../flags.ts";
import { dryRunFlag, dryRunOf, dryRunSuffix } from "../objects/dry-run.ts";
import { findObjects } from "../objects/find-objects.ts";
import { fieldManagerFlag } from "../objects/local.ts";
import { overridden, overrideFlags } from "../objects/overrides.ts";
import { fileFlags, type Found, selectionOf } from "../objects/selection.ts";
import { toUnsortedJsonText } from "../printing/json.ts";
import { objectLine, printFlags, printerOf } from "../printing/printer.ts";
import { exposable } from "./exposable.ts";

const flags: readonly Flag[] = [
  ...fileFlags,
  ...printFlags,
  dryRunFlag,
  fieldManagerFlag,
  saveConfigFlag,
  ...overrideFlags,
  { name: "port", type: "string", about: "port of the Service, or several with commas; default: those of the containers" },
  { name: "target-port", type: "string", about: "number or name of the port in the container; default: the same" },
  { name: "protocol", type: "string", about: "TCP, UDP or SCTP; default: that of the container's port" },
  { name: "type", type: "string", about: "ClusterIP, NodePort, LoadBalancer or ExternalName; default: ClusterIP" },
  { name: "name", type: "string", about: "name of the Service; default: that of the object" },
  { name: "labels", short: "l", type: "string", about: "labels of the Service; default: those of the object" },
  { name: "selector", type: "string", about: "which Pods it leads to; default: those of the object" },
  { name: "cluster-ip", type: "string", about: "its address; None for a headless Service" },
  { name: "external-ip", type: "string", about: "a further address" },
  { name: "load-balancer-ip", type: "string", about: "the address that its load balancer is to have" },
  { name: "session-affinity", type: "string", about: "None or ClientIP" },
];

export const serviceRef = { group: "", version: "v1", kind: "Service", plural: "services", scope: "Namespaced" } as const;

/** Names of Services are this long at most; a longer one is cut. */
const nameMax = 63;

export const expose: Command = {
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--port=PORT] [--target-port=PORT] [flags]",
  about: "Makes a Service that leads to the Pods of an object. What the flags do not say is taken from it.",
  examples: `windlass expose deployment web --port=80 --target-port=8080
windlass expose service web --name=web-outside --type=LoadBalancer`,
  flags,
  completes: "objects",
  async run({ flags: given, args }, environment) {
    const dryRun = dryRunOf(given, environment);
    const printer = await printerOf(given, environment, dryRun === "client" ? { jsonText: toUnsortedJsonText } : {});
    const connection = await environment.connect(given);
    try {
      const { found, errors } = await findObjects(environment, connection, selectionOf(args, given, fileFlags), { fetch: true });
      const options = {
        kind: serviceRef,
        dryRun,
        savesConfig: given.bool("save-config"),
        fieldManager: given.string("field-manager") || "kubectl-expose",
      };
      throwAll([
        ...errors,
        ...(await failuresOf(found, async (each) => {
          const service = overridden(serviceFor(each, given), "core.v1.Service", given);
          const result = await make(service, options, connection);
          environment.stdout.write(printer ? printer(result) : objectLine(result, "exposed", dryRunSuffix(dryRun)));
        })),
      ]);
      return 0;
    } finally {
      connection.close();
    }
  },
};

function serviceFor({ object, name, resource }: Found, flags: Flags): Record<string, any> {
  const source = exposable(object as AnyObject, resource.group);
  const labels = flags.string("labels") === "" ? source.labels : matchLabelsOf(flags.string("labels"));
  const selector = flags.string("selector") === "" ? source.selector() : matchLabelsOf(flags.string("selector"));
  const ports = portsOf(flags, source.ports);
  if (ports.length === 0 && flags.string("cluster-ip") !== "None")
    throw new CommandError("couldn't find port via --port flag or introspection");
  const field = (key: string, flag: string): Record<string, unknown> => (flags.string(flag) === "" ? {} : { [key]: flags.string(flag) });
  return {
    metadata: { name: flags.string("name") || name.slice(0, nameMax), ...(Object.keys(labels).length > 0 && { labels }) },
    spec: {
      ...(ports.length > 0 && { ports }),
      selector,
      ...field("clusterIP", "cluster-ip"),
      ...field("type", "type"),
      ...(flags.string("external-ip") !== "" && { externalIPs: [flags.string("external-ip")] }),
      ...field("sessionAffinity", "session-affinity"),
      ...(flags.string("type") === "LoadBalancer" ? field("loadBalancerIP", "load-balancer-ip") : {}),
    },
    status: { loadBalancer: {} },
  };
}

function portsOf(flags: Flags, known: readonly { readonly port: number; readonly protocol: string }[]): object[] {
  const text = flags.string("port");
  const numbers = text === "" ? known.map(({ port }) => port) : text.split(",").map(portNumber);
  const target = flags.string("target-port");
  const targetPort = (port: number): number | string => (target === "" ? port : /^\d+$/.test(target) ? Number(target) : target);
  return numbers.map((port, at) => ({
    ...(numbers.length > 1 && { name: `port-${at + 1}` }),
    protocol: flags.string("protocol") || (known.find((each) => each.port === port)?.protocol ?? "TCP"),
    port,
    targetPort: targetPort(port),
  }));
}

/** Throws `CommandError` in Go's words. */
export function portNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new CommandError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
