/** The marks on a Job's Pods: the finalizer that keeps each until it is counted, its index, and how often its index has failed before. */
import type { Pod } from "../../api/types.ts";

/** Finalizer of a Job's Pods, until they are counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
/** Annotation and label of a Pod of an Indexed Job. */
export const indexKey = "batch.kubernetes.io/job-completion-index";
/** Annotations of a Pod whose Job has a limit per index: failures of its index before it, counted and overlooked. */
export const failureCountKey = "batch.kubernetes.io/job-index-failure-count";
export const ignoredFailureCountKey = "batch.kubernetes.io/job-index-ignored-failure-count";

/** Whether a Pod still waits to be counted. */
export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;

/** The completion index of a Pod; undefined where it has none. */
export const indexOf = (pod: Pod): number | undefined => numberIn(pod, indexKey);

/** How often an index has failed. */
export interface FailureCount {
  /** What the limit per index is held against. */
  readonly counted: number;
  /** What the failure policy overlooked. Back-off counts them too. */
  readonly ignored: number;
}

/** How often the index of a Pod had failed when the Pod was made. */
export const failuresBefore = (pod: Pod): FailureCount => ({
  counted: numberIn(pod, failureCountKey) ?? 0,
  ignored: numberIn(pod, ignoredFailureCountKey) ?? 0,
});

function numberIn(pod: Pod, key: string): number | undefined {
  const text = pod.metadata.annotations?.[key] ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
