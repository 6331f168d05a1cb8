/** Service addresses, node ports and external addresses in the kernel: one nftables table per engine, changed by differences. */
import type { Log } from "../../base/log.ts";
import type { ServiceProxy, ServiceState } from "../network.ts";
import { mustRun, runCommand } from "../oci/command.node.ts";
import { latestOnly } from "./latest-only.ts";
import { anyBridge, bridgeName, checkInstanceName } from "./names.ts";
import { emptyModel, type NftFacts, type NftModel, nftChanges, nftModel, nftSkeleton } from "./nft-rules.ts";
import { type ServicePortState, servicePorts } from "./service-ports.ts";

export interface NftServiceProxyOptions {
  readonly instance: string;
  readonly serviceCidr: string;
  readonly log: Log;
  /** Ranges of the machine's addresses on which node ports are open to other machines. Default: none, so that only this machine and its Pods reach them. */
  readonly nodePortAddresses?: readonly string[];
  /** Service addresses at which this machine itself listens, such as that of cluster DNS: they are left alone. */
  readonly localAddresses?: readonly string[];
  /** Which of the engine's nodes bears a name, by its index. */
  readonly nodeIndexOf?: (nodeName: string) => number | undefined;
}

/** The rules of an earlier process stay in force until the first sync replaces them. The first node's network must be there. */
export function nftServiceProxy(options: NftServiceProxyOptions): ServiceProxy {
  const { instance, serviceCidr, log, nodeIndexOf = () => undefined } = options;
  checkInstanceName(instance);
  const table = instance;
  const facts: NftFacts = {
    table,
    podLinks: anyBridge(instance),
    serviceCidr,
    nodePortAddresses: options.nodePortAddresses ?? [],
    linkOfNode(nodeName) {
      const index = nodeIndexOf(nodeName);
      return index === undefined ? undefined : bridgeName(instance, index);
    },
  };
  /** What the kernel holds; undefined before the first sync and after a failure. */
  let inForce: NftModel | undefined;
  let portsInForce: readonly ServicePortState[] | undefined;
  let closed = false;
  const syncs = latestOnly(apply);

  return {
    sync: (state) => syncs.submit(state),
    settled: () => syncs.settled(),
    async close() {
      closed = true;
      await syncs.settled();
      await runCommand(["nft", "-f", "-"], { input: `add table ip ${table}\ndelete table ip ${table}\n` });
      await runCommand(["ip", "route", "delete", serviceCidr, "dev", bridgeName(instance, 0)]);
    },
  };

  async function apply(state: ServiceState): Promise<void> {
    if (closed) return;
    const ports = servicePorts(state).filter(({ clusterIp }) => !options.localAddresses?.includes(clusterIp ?? ""));
    if (inForce && portsInForce && ports.length === portsInForce.length && ports.every((port, index) => port === portsInForce?.[index]))
      return;
    const model = nftModel(ports, facts);
    if (inForce) {
      const input = nftChanges(table, inForce, model);
      if (input !== "") {
        const { code, stderr } = await runCommand(["nft", "-f", "-"], { input });
        // Somebody else has changed the table: it is made anew.
        if (code !== 0) log.warn("the firewall table is not as it was left; it is replaced", { table, nft: stderr.trim() });
        inForce = code === 0 ? model : undefined;
      }
    }
    if (!inForce) {
      // Without a route of its own a Service's address would be out of reach on a machine that has no default route.
      await mustRun(["ip", "route", "replace", serviceCidr, "dev", bridgeName(instance, 0)]);
      await mustRun(["nft", "-f", "-"], { input: nftSkeleton(facts) + nftChanges(table, emptyModel, model) });
      inForce = model;
    }
    await forgetDatagrams(portsInForce ?? [], ports);
    portsInForce = ports;
  }

  /**
   * The kernel remembers where a client's datagrams went and goes on sending them there: it must forget endpoints that
   * have left, and the time when there was nobody.
   */
  async function forgetDatagrams(from: readonly ServicePortState[], to: readonly ServicePortState[]): Promise<void> {
    const before = new Map(from.map((port) => [portKey(port), port]));
    const gone = new Set(datagramBackends(from));
    for (const backend of datagramBackends(to)) gone.delete(backend);
    const commands = [...gone].map((ip) => ["--dst-nat", ip]);
    for (const port of to) {
      if (port.protocol !== "UDP" || port.backends.length === 0 || portsInForce === undefined) continue;
      if ((before.get(portKey(port))?.backends.length ?? 0) > 0) continue;
      for (const ip of [port.clusterIp ?? "", ...port.externalIps]) {
        if (ip !== "") commands.push(["--orig-dst", ip, "--orig-port-dst", String(port.port)]);
      }
      if (port.nodePort !== undefined) commands.push(["--orig-port-dst", String(port.nodePort)]);
    }
    // Without the tool they are forgotten thirty seconds after the client fell silent.
    for (const command of commands) await runCommand(["conntrack", "--delete", "--proto", "udp", ...command]);
  }
}

const portKey = ({ service, protocol, port }: ServicePortState): string =>
  `${service.metadata.namespace}/${service.metadata.name}/${protocol}/${port}`;

const datagramBackends = (ports: readonly ServicePortState[]): string[] =>
  ports.flatMap((port) => (port.protocol === "UDP" ? port.backends.map(({ ip }) => ip) : []));
