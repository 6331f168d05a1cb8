/** What a Pod asks of a node, worked out once per Pod. Pure. */
import type { Container, Pod } from "../../api/types.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/quantity.ts";

/** Resource name to amount: `cpu` in thousandths, everything else in whole units. */
export type Amounts = ReadonlyMap<string, number>;

export interface HostPort {
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
}

export interface PodRequests {
  readonly amounts: Amounts;
  /** For scoring: containers without a request count as small ones, so that empty nodes are still preferred. */
  readonly scoredMilliCpu: number;
  readonly scoredMemory: number;
  readonly hostPorts: readonly HostPort[];
}

/** What a container without a request counts for in scores. */
const milliCpuAssumed = 100;
const memoryAssumedBytes = 200 * 1024 * 1024;

const amountOf = (resource: string, quantity: string | number): number =>
  resource === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);

function addInto(sum: Map<string, number>, amounts: Iterable<readonly [string, number]>): void {
  for (const [resource, amount] of amounts) sum.set(resource, (sum.get(resource) ?? 0) + amount);
}

function raiseTo(most: Map<string, number>, amounts: Iterable<readonly [string, number]>): void {
  for (const [resource, amount] of amounts) most.set(resource, Math.max(most.get(resource) ?? 0, amount));
}

function requestsOf(container: Container): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(container.resources?.requests ?? {}))
    amounts.set(resource, amountOf(resource, quantity));
  return amounts;
}

/**
 * Containers and sidecars run together, so they add up; an ordinary init container runs beside the sidecars started
 * before it, so the dearest moment of the start-up counts when it exceeds that sum. Overhead comes on top.
 */
export function podRequests(pod: Pod): PodRequests {
  const together = new Map<string, number>();
  const sidecars = new Map<string, number>();
  const startUp = new Map<string, number>();
  for (const container of pod.spec?.containers ?? []) addInto(together, requestsOf(container));
  for (const container of pod.spec?.initContainers ?? []) {
    const own = requestsOf(container);
    if (container.restartPolicy === "Always") {
      addInto(together, own);
      addInto(sidecars, own);
      raiseTo(startUp, sidecars);
    } else {
      const moment = new Map(sidecars);
      addInto(moment, own);
      raiseTo(startUp, moment);
    }
  }
  raiseTo(together, startUp);
  for (const [resource, quantity] of Object.entries(pod.spec?.resources?.requests ?? {}))
    together.set(resource, amountOf(resource, quantity));
  for (const [resource, quantity] of Object.entries(pod.spec?.overhead ?? {}))
    addInto(together, [[resource, amountOf(resource, quantity)]]);
  const containers = pod.spec?.containers ?? [];
  const without = (resource: string): number => containers.filter((each) => each.resources?.requests?.[resource] === undefined).length;
  return {
    amounts: together,
    scoredMilliCpu: (together.get("cpu") ?? 0) + without("cpu") * milliCpuAssumed,
    scoredMemory: (together.get("memory") ?? 0) + without("memory") * memoryAssumedBytes,
    hostPorts: hostPortsOf(pod),
  };
}

function hostPortsOf(pod: Pod): HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      if (port.hostPort) ports.push({ ip: port.hostIP || "0.0.0.0", port: port.hostPort, protocol: port.protocol ?? "TCP" });
    }
  }
  return ports;
}

/** Whether two host ports can't both be open on one node. */
export const portsCollide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0");

/** What a node has to give. */
export function allocatableOf(allocatable: Readonly<Record<string, string | number>> | undefined): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [resource, quantity] of Object.entries(allocatable ?? {})) amounts.set(resource, amountOf(resource, quantity));
  return amounts;
}
