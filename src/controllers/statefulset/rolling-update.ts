/**
 * Which Pods of a RollingUpdate are to be replaced now. They go from the highest ordinal down to the partition.
 *
 * Without maxUnavailable the walk takes one Pod at a time: the first old one goes, and an unhealthy one met before it
 * holds up the rest (STS-20). With it, so many Pods may be missing over all ordinals (STS-29). Five Pods, maxUnavailable
 * 2, update v1 to v2, where `!` is unhealthy:
 *
 *     v1 v1 v1 v1 v1     goes: 4 and 3
 *     v1 v1 v1 v2! v2    goes: 2
 *     v1! v1 v1 v1 v2!   Parallel: 0, which is missing already, and no more
 */
import type { Pod, StatefulSet } from "../../api/types.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";
import { revisionOf } from "./identity.ts";

export interface RollingUpdateInputs {
  readonly set: StatefulSet;
  /** By ordinal, without gaps; a Pod that is yet to be created is among them. */
  readonly pods: readonly Pod[];
  readonly updateRevision: string;
  isHealthy(pod: Pod): boolean;
  isLeaving(pod: Pod): boolean;
}

/** The Pods to delete, the highest ordinal first. */
export function podsToReplace(inputs: RollingUpdateInputs): Pod[] {
  const { set, updateRevision } = inputs;
  const { partition = 0, maxUnavailable } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const downwards = inputs.pods.slice(partition).reverse();
  const isOld = (pod: Pod): boolean => revisionOf(pod) !== updateRevision && !inputs.isLeaving(pod);
  if (maxUnavailable === undefined) {
    const next = downwards.find((pod) => isOld(pod) || !inputs.isHealthy(pod));
    return next && isOld(next) ? [next] : [];
  }
  const missing = inputs.pods.filter((pod) => !inputs.isHealthy(pod)).length;
  const old = downwards.filter(isOld);
  const budget = Math.max(0, unavailableMax(maxUnavailable, inputs.pods.length) - missing);
  if (set.spec?.podManagementPolicy !== "Parallel") return old.slice(0, budget);
  // What is missing already costs nothing, and no waiting will mend it.
  const broken = old.filter((pod) => !inputs.isHealthy(pod));
  return [...broken, ...old.filter((pod) => inputs.isHealthy(pod)).slice(0, budget)];
}

/** Rounded down, but one at least, or nothing would ever move. */
const unavailableMax = (maxUnavailable: number | string, replicas: number): number =>
  Math.max(1, resolveIntOrPercent(maxUnavailable, replicas, "down"));
