/** What a node refuses though it was bound to it: the Pod fails there and then (KUB-47). */
import type { Node, Pod } from "../../api/types.ts";
import { hostPortsOf, portsCollide } from "../../machinery/host-ports.ts";
import { nodeMatchesPod } from "../../machinery/node-affinity.ts";
import { allocatableOf, type Amounts, requestedAmounts } from "../../machinery/pod-requests.ts";

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Every Pod of a node is weighed again for each newcomer. */
const known = new WeakMap<NonNullable<Pod["spec"]>, Amounts>();

function requestsOf(pod: Pod): Amounts {
  const spec = pod.spec as NonNullable<Pod["spec"]>;
  let requests = known.get(spec);
  if (!requests) known.set(spec, (requests = requestedAmounts(pod)));
  return requests;
}

/** Kernel settings that concern a Pod alone; all others would reach beyond it. */
const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
]);

const resources = ["cpu", "memory"] as const;

/** `others` are the Pods that hold what the node has. Undefined: there is room. */
export function refusalOf(pod: Pod, node: Node, others: Iterable<Pod>): Refusal | undefined {
  if (!nodeMatchesPod(pod, node)) {
    return {
      reason: "NodeAffinity",
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    };
  }
  const system = pod.spec?.os?.name;
  if (system !== undefined && system !== "linux") {
    return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
  }
  const forbidden = pod.spec?.securityContext?.sysctls?.find(({ name }) => !safeSysctls.has(name.replaceAll("/", ".")));
  if (forbidden) return { reason: "SysctlForbidden", message: `forbidden sysctl: "${forbidden.name}" not allowlisted` };
  const capacity = allocatableOf(node.status?.allocatable);
  const wanted = requestsOf(pod);
  const claims = hostPortsOf(pod);
  const weighs = resources.some((resource) => (wanted.get(resource) ?? 0) > 0);
  const used = { cpu: 0, memory: 0 };
  let pods = 0;
  for (const other of others) {
    if (other.metadata.uid === pod.metadata.uid) continue;
    pods++;
    if (weighs) {
      const requests = requestsOf(other);
      for (const resource of resources) used[resource] += requests.get(resource) ?? 0;
    }
    if (claims.length > 0 && hostPortsOf(other).some((taken) => claims.some((claim) => portsCollide(claim, taken)))) {
      return {
        reason: "NodePorts",
        message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      };
    }
  }
  const shortage = (what: string, requested: number, inUse: number): Refusal | undefined => {
    const most = capacity.get(what);
    if (most === undefined || requested === 0 || inUse + requested <= most) return undefined;
    return {
      reason: `OutOf${what}`,
      message: `Pod was rejected: Node didn't have enough resource: ${what}, requested: ${requested}, used: ${inUse}, capacity: ${most}`,
    };
  };
  return (
    shortage("pods", 1, pods) ??
    shortage("cpu", wanted.get("cpu") ?? 0, used.cpu) ??
    shortage("memory", wanted.get("memory") ?? 0, used.memory)
  );
}
