/** The counters of a DaemonSet (DS-11). Of several Pods on a node the oldest one counts. */
import type { DaemonSet, DaemonSetStatus, Pod } from "../../api/types.ts";
import { isPodReady } from "../../machinery/pods.ts";

export interface CountedNode {
  readonly shouldRun: boolean;
  /** The oldest first. */
  readonly pods: readonly Pod[];
}

export interface StatusInputs {
  readonly daemonSet: DaemonSet;
  readonly nodes: readonly CountedNode[];
  /** False as long as what an earlier pass did has not been seen: this generation has not been acted upon yet. */
  readonly acted: boolean;
  isAvailable(pod: Pod): boolean;
  isUpToDate(pod: Pod): boolean;
}

/** The status as it should be. Counters that need not be there are absent when they are 0. */
export function nextStatus({ daemonSet, nodes, acted, isAvailable, isUpToDate }: StatusInputs): DaemonSetStatus {
  const old = daemonSet.status;
  const desired = nodes.filter(({ shouldRun }) => shouldRun);
  const counted = desired.map(({ pods }) => pods[0]).filter((pod) => pod !== undefined);
  const ready = counted.filter(isPodReady);
  const available = ready.filter(isAvailable).length;
  const updated = counted.filter(isUpToDate).length;
  const observed = acted ? daemonSet.metadata.generation : old?.observedGeneration;
  return {
    currentNumberScheduled: counted.length,
    numberMisscheduled: nodes.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    desiredNumberScheduled: desired.length,
    numberReady: ready.length,
    ...(observed !== undefined && { observedGeneration: observed }),
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(desired.length > available && { numberUnavailable: desired.length - available }),
    ...(old?.collisionCount !== undefined && { collisionCount: old.collisionCount }),
    ...(old?.conditions && { conditions: old.conditions }),
  };
}
