/** What the order of a StatefulSet waits for: Pods that run, are ready, have been for long enough and are not about to go. */
import type { Pod } from "../../api/types.ts";
import { isPodAvailable, isPodReady } from "../../machinery/pods.ts";

/** Running and ready, whether or not it is being deleted. */
export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === "Running" && isPodReady(pod);

/** Whether a Pod is being deleted. */
export const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Running, ready for longer than `minReadySeconds`, and not being deleted. */
export const isHealthy = (pod: Pod, minReadySeconds: number, nowMs: number): boolean =>
  isRunningAndReady(pod) && !isLeaving(pod) && isPodAvailable(pod, minReadySeconds, nowMs);
