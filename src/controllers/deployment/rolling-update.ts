/**
 * The arithmetic of a rolling update. With 10 replicas, surge 3 and unavailability 2 there are never more than 13 Pods
 * wanted and never fewer than 8 available on purpose:
 *
 *     old 10 new 0   the new set grows to 3 (ceiling 13); the budget to remove is 13 − 8 − 3 (new, not available) = 2
 *     old  8 new 3   total 11: the new set grows to 5
 *     old  8 new 5   two of the new become available: budget 13 − 8 − 3 = 2, available 10 > 8, so the old set shrinks to 6
 */
import type { ReplicaSet } from "../../api/types.ts";
import { availableOf, type Bounds, byAge, sizeOf } from "./replica-sets.ts";

/** DEP-43: what the new set grows to when all sets together hold `total`. */
export function grownSize(replicas: number, maxSurge: number, total: number, newSize: number): number {
  const room = replicas + maxSurge - total;
  return room <= 0 ? newSize : newSize + Math.min(room, replicas - newSize);
}

/**
 * DEP-44 … DEP-46: the sizes to which old sets shrink; sets that stay as they are do not appear. First what is not
 * available goes, so that a broken rollout can't block the next one; then what is available beyond the minimum.
 * `oldSets` are those that want Pods, `newSet` the one that is rolled out.
 */
export function shrunkSizes(
  replicas: number,
  { maxUnavailable }: Bounds,
  newSet: ReplicaSet,
  oldSets: readonly ReplicaSet[],
): Map<ReplicaSet, number> {
  const minAvailable = replicas - maxUnavailable;
  const oldestFirst = [...oldSets].sort(byAge);
  const sizes = new Map<ReplicaSet, number>();
  let total = sizeOf(newSet);
  for (const oldSet of oldestFirst) total += sizeOf(oldSet);
  const budget = total - minAvailable - (sizeOf(newSet) - stayingOf(newSet));
  if (oldestFirst.length === 0 || budget <= 0) return sizes;

  let left = budget;
  for (const oldSet of oldestFirst) {
    if (left <= 0) break;
    const unavailable = sizeOf(oldSet) - availableOf(oldSet);
    if (unavailable <= 0) continue;
    const going = Math.min(left, unavailable);
    sizes.set(oldSet, sizeOf(oldSet) - going);
    left -= going;
  }

  let excess = stayingOf(newSet) - minAvailable;
  for (const oldSet of oldestFirst) excess += stayingOf(oldSet);
  for (const oldSet of oldestFirst) {
    if (excess <= 0) break;
    const size = sizes.get(oldSet) ?? sizeOf(oldSet);
    const going = Math.min(size, excess);
    if (going > 0) sizes.set(oldSet, size - going);
    excess -= going;
  }
  return sizes;
}

/**
 * The available Pods that a set is going to keep. One that has just been told to shrink still reports those that are about to go; to
 * count on them would take others away in their place.
 */
const stayingOf = (set: ReplicaSet): number => Math.min(sizeOf(set), availableOf(set));
