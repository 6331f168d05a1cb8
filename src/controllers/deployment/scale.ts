/**
 * Scaling a Deployment, in the middle of a rollout or not: which sets take which share of a new size.
 *
 *     DEP-67: 10 replicas, surge 3; stuck with old 8, new 5 (13 in all). Scaled to 30 there may be 33, so 20 to hand out.
 *     old: round(8 × 33 / 13) = 20, that is 12 more; new: round(5 × 33 / 13) = 13, 8 more. 12 + 8 = 20: nothing is left over.
 */
import type { Deployment, ReplicaSet } from "../../api/types.ts";
import {
  activeOf,
  availableOf,
  boundsOf,
  byAge,
  bySizeThenNewer,
  bySizeThenOlder,
  desiredReplicasKey,
  integerAnnotation,
  isRollingUpdate,
  maxReplicasKey,
  replicasOf,
  sizeOf,
  sum,
} from "./replica-sets.ts";

/** DEP-60: somebody changed spec.replicas since an active set was last scaled. */
export function isScalingEvent(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
  return activeOf(replicaSets).some((replicaSet) => {
    const desired = integerAnnotation(replicaSet, desiredReplicasKey);
    return desired !== undefined && desired !== replicasOf(deployment);
  });
}

/** The sizes that sets should take; a set whose size stays may appear, to have its annotations refreshed (DEP-66). */
export function scaledSizes(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): Map<ReplicaSet, number> {
  const replicas = replicasOf(deployment);
  const all = newSet ? [...oldSets, newSet] : [...oldSets];
  const active = activeOf(all);
  if (active.length <= 1) {
    // DEP-61.
    const one = active[0] ?? newSet ?? [...oldSets].sort(byAge).at(-1);
    return one && (sizeOf(one) !== replicas || isStale(one, replicas)) ? new Map([[one, replicas]]) : new Map();
  }
  if (newSet && isSaturated(newSet, replicas)) return new Map(activeOf(oldSets).map((oldSet) => [oldSet, 0])); // DEP-62
  if (isRollingUpdate(deployment)) return proportionalSizes(deployment, active);
  // DEP-68: the sizes are the strategy's. That they are for this size of the Deployment is noted, or its turn would never come.
  return new Map(active.filter((each) => isStale(each, replicas)).map((each) => [each, sizeOf(each)]));
}

/**
 * The set remembers another size of the Deployment. A rollout may have brought it to the new size before anybody could scale it; left as
 * it is, it would be a reason to scale for ever, and no rollout would go on.
 */
function isStale(replicaSet: ReplicaSet, replicas: number): boolean {
  const desired = integerAnnotation(replicaSet, desiredReplicasKey);
  return desired !== undefined && desired !== replicas && sizeOf(replicaSet) > 0;
}

/** The set is the whole Deployment already, and all of it is available. */
const isSaturated = (replicaSet: ReplicaSet, replicas: number): boolean =>
  sizeOf(replicaSet) === replicas && integerAnnotation(replicaSet, desiredReplicasKey) === replicas && availableOf(replicaSet) === replicas;

/** DEP-63: each set takes its share, rounded, while any is left to take; the largest set takes what rounding left over. */
function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const replicas = replicasOf(deployment);
  const allowed = replicas > 0 ? replicas + boundsOf(deployment).maxSurge : 0;
  const delta = allowed - sum(active, sizeOf);
  const ordered = [...active].sort(delta > 0 ? bySizeThenNewer : bySizeThenOlder);
  const sizes = new Map<ReplicaSet, number>();
  let handedOut = 0;
  for (const replicaSet of ordered) {
    const share = delta === 0 || delta === handedOut ? 0 : clipped(shareOf(deployment, replicaSet), delta - handedOut);
    sizes.set(replicaSet, sizeOf(replicaSet) + share);
    handedOut += share;
  }
  const largest = ordered[0];
  if (largest && delta !== 0) sizes.set(largest, Math.max(0, (sizes.get(largest) as number) + delta - handedOut));
  return sizes;
}

/** By how much a set would grow or shrink if every set could have exactly its proportion (DEP-63, DEP-64). */
function shareOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const replicas = replicasOf(deployment);
  const size = sizeOf(replicaSet);
  if (replicas === 0) return -size;
  const divisor = integerAnnotation(replicaSet, maxReplicasKey) || (deployment.status?.replicas ?? 0);
  if (divisor === 0) return 0;
  const exact = (size * (replicas + boundsOf(deployment).maxSurge)) / divisor;
  return Math.floor(exact + 0.5) - size;
}

/** Never past what is left to hand out, in either direction. */
const clipped = (share: number, left: number): number => (left > 0 ? Math.min(share, left) : Math.max(share, left));
