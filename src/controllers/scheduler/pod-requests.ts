/** What a Pod asks of a node, worked out once per Pod. Pure. */
import type { Pod } from "../../api/types.ts";
import { type Amounts, requestedAmounts } from "../../machinery/pod-requests.ts";

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

/** What a Pod asks for, with what scores and host ports add to it. */
export function podRequests(pod: Pod): PodRequests {
  const amounts = requestedAmounts(pod);
  const containers = pod.spec?.containers ?? [];
  const without = (resource: string): number => containers.filter((each) => each.resources?.requests?.[resource] === undefined).length;
  return {
    amounts,
    scoredMilliCpu: (amounts.get("cpu") ?? 0) + without("cpu") * milliCpuAssumed,
    scoredMemory: (amounts.get("memory") ?? 0) + without("memory") * memoryAssumedBytes,
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
