/** How long a rollout may still take, measured at the Pods that are there. */
import type { PodView, Strategy, WorkloadSnapshot } from "../workload.ts";

export interface Estimate {
  /** From a Pod's creation to its being available, measured at those of this revision that are; absent until one is. */
  readonly perPodMs?: number;
  /** Until the rollout is complete; absent while nothing is known, or what is on its way takes much longer than what came before it. */
  readonly leftMs?: number;
}

/** A Pod that takes so many times as long as usual says that the measure does not hold. */
const overdueFactor = 2;

/** Of a rollout that nothing is in the way of. */
export function estimateOf({ counts, strategy, pods, target }: WorkloadSnapshot, nowMs: number): Estimate {
  const ours = pods.filter((pod) => target !== undefined && pod.revision === target.name && !pod.terminating && !pod.ended);
  const done = ours.filter((pod) => pod.available && pod.readySinceMs !== undefined && pod.restarts === 0);
  if (done.length === 0) return {};
  const took = done.map((pod) => (pod.readySinceMs as number) + strategy.minReadySeconds * 1000 - pod.createdMs);
  const perPodMs = took.reduce((sum, ms) => sum + ms, 0) / took.length;
  const missing = Math.max(0, counts.desired - strategy.keptBack - ours.filter((pod) => pod.available).length);
  // How long a Pod takes to leave is its own affair, up to its grace; where the next one waits for that, nobody knows.
  const waitsForLeaving = strategy.maxSurge === 0 && pods.some((pod) => pod.terminating);
  if (missing === 0 || strategy.type === "OnDelete" || waitsForLeaving) return { perPodMs };
  const underWay = ours.filter((pod) => !pod.available);
  if (underWay.some((pod) => nowMs - pod.createdMs > Math.max(overdueFactor * perPodMs, perPodMs + 5000))) return { perPodMs };
  return { perPodMs, leftMs: leftOf(underWay, missing, { perPodMs, atOnce: atOnceOf(strategy), nowMs }) };
}

/** How many Pods are under way at a time. */
function atOnceOf({ type, ordered, maxSurge, maxUnavailable, maxPods }: Strategy): number {
  if (type === "Recreate") return Math.max(1, maxPods);
  return ordered ? 1 : Math.max(1, maxSurge + maxUnavailable);
}

/**
 * Each Pod takes as long as those before it, and its successor begins when it is done. Two under way, 3 s and 1 s into their 4 s, and
 * three missing: done after 1 s, 3 s, and the last, which begins after 1 s, after 5 s.
 */
function leftOf(
  underWay: readonly PodView[],
  missing: number,
  { perPodMs, atOnce, nowMs }: { readonly perPodMs: number; readonly atOnce: number; readonly nowMs: number },
): number {
  const ends = underWay.map((pod) => Math.max(1000, pod.createdMs + perPodMs - nowMs)).sort((a, b) => a - b);
  for (let free = ends.length; free < Math.min(atOnce, missing); free++) ends.push(perPodMs);
  // In order already: who begins later ends later.
  for (let next = 0; ends.length < missing; next++) ends.push((ends[next] ?? 0) + perPodMs);
  return Math.max(1000, ends.slice(0, missing).at(-1) ?? 0);
}
