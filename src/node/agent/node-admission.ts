/** What a node refuses though it was bound to it: the Pod fails there and then (KUB-47). */
import type { Node, Pod } from "../../api/types.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/quantity.ts";
import { matchesNode } from "./node-affinity.ts";
import { claimsCollide, hostPortsOf } from "./sandbox-spec.ts";

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Resources of a Pod: the larger of what its app containers need together and what one init container needs. */
export interface PodRequests {
  cpuMilli: number;
  memoryBytes: number;
}

export function podRequests(pod: Pod): Readonly<PodRequests> {
  const spec = pod.spec as NonNullable<Pod["spec"]>;
  let requests = known.get(spec);
  if (!requests) {
    requests = sumRequests(pod);
    known.set(spec, requests);
  }
  return requests;
}

/** Every Pod of a node is weighed again for each newcomer. */
const known = new WeakMap<NonNullable<Pod["spec"]>, PodRequests>();

function sumRequests(pod: Pod): PodRequests {
  const sum: PodRequests = { cpuMilli: 0, memoryBytes: 0 };
  for (const container of pod.spec?.containers ?? []) {
    sum.cpuMilli += quantityMilliValue(container.resources?.requests?.["cpu"]);
    sum.memoryBytes += quantityValue(container.resources?.requests?.["memory"]);
  }
  let sidecarCpu = 0;
  let sidecarMemory = 0;
  const init: PodRequests = { cpuMilli: 0, memoryBytes: 0 };
  for (const container of pod.spec?.initContainers ?? []) {
    const cpu = quantityMilliValue(container.resources?.requests?.["cpu"]);
    const memory = quantityValue(container.resources?.requests?.["memory"]);
    if (container.restartPolicy === "Always") {
      sidecarCpu += cpu;
      sidecarMemory += memory;
    } else {
      init.cpuMilli = Math.max(init.cpuMilli, sidecarCpu + cpu);
      init.memoryBytes = Math.max(init.memoryBytes, sidecarMemory + memory);
    }
  }
  return {
    cpuMilli: Math.max(sum.cpuMilli + sidecarCpu, init.cpuMilli) + quantityMilliValue(pod.spec?.overhead?.["cpu"]),
    memoryBytes: Math.max(sum.memoryBytes + sidecarMemory, init.memoryBytes) + quantityValue(pod.spec?.overhead?.["memory"]),
  };
}

/** `others` are the Pods that hold what the node has. Undefined: there is room. */
export function refusalOf(pod: Pod, node: Node, others: Iterable<Pod>): Refusal | undefined {
  if (!matchesNode(pod, node)) {
    return {
      reason: "NodeAffinity",
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    };
  }
  const allocatable = node.status?.allocatable ?? {};
  const wanted = podRequests(pod);
  const claims = hostPortsOf(pod);
  const used: PodRequests = { cpuMilli: 0, memoryBytes: 0 };
  let pods = 0;
  for (const other of others) {
    if (other.metadata.uid === pod.metadata.uid) continue;
    const requests = podRequests(other);
    used.cpuMilli += requests.cpuMilli;
    used.memoryBytes += requests.memoryBytes;
    pods++;
    if (claims.length > 0 && hostPortsOf(other).some((taken) => claims.some((claim) => claimsCollide(claim, taken)))) {
      return {
        reason: "NodePorts",
        message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      };
    }
  }
  const short = (reason: string, what: string, requested: number, inUse: number, capacity: number): Refusal => ({
    reason,
    message: `Pod was rejected: Node didn't have enough resource: ${what}, requested: ${requested}, used: ${inUse}, capacity: ${capacity}`,
  });
  if (allocatable["pods"] !== undefined && pods + 1 > quantityValue(allocatable["pods"])) {
    return short("OutOfpods", "pods", 1, pods, quantityValue(allocatable["pods"]));
  }
  if (allocatable["cpu"] !== undefined && wanted.cpuMilli > 0 && used.cpuMilli + wanted.cpuMilli > quantityMilliValue(allocatable["cpu"])) {
    return short("OutOfcpu", "cpu", wanted.cpuMilli, used.cpuMilli, quantityMilliValue(allocatable["cpu"]));
  }
  if (
    allocatable["memory"] !== undefined &&
    wanted.memoryBytes > 0 &&
    used.memoryBytes + wanted.memoryBytes > quantityValue(allocatable["memory"])
  ) {
    return short("OutOfmemory", "memory", wanted.memoryBytes, used.memoryBytes, quantityValue(allocatable["memory"]));
  }
  return undefined;
}
