/** When to count again: a Pod becomes available by the mere passing of time (RS-9, DEP-118). */
import type { Pod } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { isPodActive, isPodAvailable, isPodReady, podReadyCondition } from "../../machinery/pods.ts";

/**
 * In how many milliseconds the next ready Pod will have been ready long enough to be available; undefined when none is
 * waiting. Availability begins strictly after the last second, so a Pod that is ready for exactly that long waits 1 ms.
 */
export function nextAvailabilityMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  if (minReadySeconds <= 0) return undefined;
  let soonest: number | undefined;
  for (const pod of pods) {
    if (!isPodActive(pod) || !isPodReady(pod) || isPodAvailable(pod, minReadySeconds, nowMs)) continue;
    const sinceMs = parseTime(podReadyCondition(pod)?.lastTransitionTime);
    if (sinceMs === undefined) continue;
    const inMs = Math.max(1, sinceMs + minReadySeconds * 1000 - nowMs + 1);
    if (soonest === undefined || inMs < soonest) soonest = inMs;
  }
  return soonest;
}
