/** What a Pod asks of a node, worked out once per Pod. Pure. */
import type { Pod } from "../../api/types.ts";
import { type HostPort, hostPortsOf } from "../../machinery/host-ports.ts";
import { type Amounts, requestedAmounts } from "../../machinery/pod-requests.ts";

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
