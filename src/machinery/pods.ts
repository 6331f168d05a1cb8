/** What controllers ask of a Pod: is it live, is it ready, has it been ready long enough. */
import type { Pod, PodCondition } from "../api/types.ts";
import { parseTime } from "../base/time.ts";
import { findCondition } from "./conditions.ts";

/** The Pod's Ready condition, or undefined. */
export const podReadyCondition = (pod: Pod): PodCondition | undefined => findCondition(pod.status?.conditions, "Ready");

/** Whether the Ready condition is True. */
export const isPodReady = (pod: Pod): boolean => podReadyCondition(pod)?.status === "True";

/**
 * Whether the Pod is ready and has been for longer than `minReadySeconds` at `now` (milliseconds since the epoch); with 0 being
 * ready is enough (RS-9).
 */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const ready = podReadyCondition(pod);
  if (ready?.status !== "True") return false;
  if (minReadySeconds === 0) return true;
  const since = parseTime(ready.lastTransitionTime);
  return since !== undefined && since + minReadySeconds * 1000 < now;
}

/** Whether the Pod has ended: phase Succeeded or Failed. */
export const isPodTerminal = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

/** Whether the Pod counts for its controller: not ended and not being deleted (RS-1). */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
