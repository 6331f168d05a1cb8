/** Counts the Pods of a Job that have ended, each of them exactly once, and says which indexes are done and which have failed. */
import type { Job, JobSpec, Pod } from "../../api/types.ts";
import { isConditionTrue } from "../../machinery/conditions.ts";
import { isPodActive } from "../../machinery/pods.ts";
import { verdictOn } from "./failure-policy.ts";
import { indexesOf } from "./indexes.ts";
import { type FailureCount, failuresBefore, indexOf, isTracked } from "./tracking.ts";

/** Every Pod that has ended is in one of four places: a number, a uid in the status, still to be written down, or held. */
export interface Count {
  succeeded: number;
  failed: number;
  readonly uncounted: { readonly succeeded: string[]; readonly failed: string[] };
  readonly completed: Set<number>;
  /** Indexes that will not be tried again. Stays empty without a limit per index. */
  readonly failedIndexes: Set<number>;
  /** Pods whose finalizer goes as soon as the status is written. */
  readonly released: Pod[];
  /**
   * The last failed Pod of each index that is to be tried again. It says how often the index has failed, so it is neither counted nor
   * let go before there is another Pod that says so.
   */
  readonly held: Map<number, HeldPod>;
  /** Why the failure policy ends the Job. */
  verdict: string | undefined;
}

export interface HeldPod {
  readonly pod: Pod;
  readonly counts: boolean;
  /** With this failure. */
  readonly failures: FailureCount;
}

/** Whether a Job has come to its end. */
export const isFinished = (job: Job): boolean =>
  isConditionTrue(job.status?.conditions, "Complete") || isConditionTrue(job.status?.conditions, "Failed");

/** Whether each index of a Job has a limit of its own. */
export const hasLimitPerIndex = (spec: JobSpec | undefined): boolean => spec?.backoffLimitPerIndex !== undefined;

/** How many Pods have failed, counted or not. */
export const failuresIn = ({ failed, uncounted, held }: Count): number =>
  failed + uncounted.failed.length + [...held.values()].filter(({ counts }) => counts).length;

/** Counts what was held after all: there is nothing to try again. */
export function countHeld(count: Count): void {
  for (const { pod, counts } of count.held.values()) letGo(count, pod, counts);
  count.held.clear();
}

/** Looks at the Pods of a Job on top of what its status has already counted. */
export function counted(job: Job, pods: readonly Pod[]): Count {
  const spec = job.spec ?? { template: {} };
  const old = job.status ?? {};
  const completions = spec.completions ?? 0;
  const count: Count = {
    succeeded: old.succeeded ?? 0,
    failed: old.failed ?? 0,
    uncounted: { succeeded: [], failed: [] },
    completed: indexesOf(old.completedIndexes, completions),
    failedIndexes: indexesOf(hasLimitPerIndex(spec) ? old.failedIndexes : undefined, completions),
    released: [],
    held: new Map(),
    verdict: undefined,
  };
  const byUid = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  const waiting = { succeeded: new Set(old.uncountedTerminatedPods?.succeeded), failed: new Set(old.uncountedTerminatedPods?.failed) };
  for (const kind of ["succeeded", "failed"] as const) {
    for (const uid of waiting[kind]) {
      const pod = byUid.get(uid);
      if (pod && isTracked(pod)) {
        count.uncounted[kind].push(uid);
        count.released.push(pod);
      } else count[kind]++;
    }
  }
  const fresh = pods.filter(
    (pod) => isTracked(pod) && !waiting.succeeded.has(pod.metadata.uid ?? "") && !waiting.failed.has(pod.metadata.uid ?? ""),
  );
  for (const pod of fresh) if (pod.status?.phase === "Succeeded") countSucceeded(count, pod, spec);
  const active = new Set(pods.filter(isPodActive).map(indexOf));
  for (const pod of fresh) {
    const lost = pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== "Running" && pod.status?.phase !== "Succeeded";
    if (pod.status?.phase === "Failed" || lost) countFailed(count, pod, job, active);
  }
  return count;
}

function countSucceeded(count: Count, pod: Pod, { completionMode, completions = 0 }: JobSpec): void {
  const index = indexOf(pod);
  // Of two Pods of one index only one counts.
  const isSpare = completionMode === "Indexed" && (index === undefined || index >= completions || count.completed.has(index));
  if (isSpare) count.released.push(pod);
  else {
    if (index !== undefined) count.completed.add(index);
    count.uncounted.succeeded.push(pod.metadata.uid as string);
  }
}

function countFailed(count: Count, pod: Pod, job: Job, active: ReadonlySet<number | undefined>): void {
  const { podFailurePolicy, backoffLimitPerIndex: limit, completions = 0 } = job.spec ?? {};
  const verdict = verdictOn(pod, podFailurePolicy?.rules ?? []);
  if (verdict.action === "FailJob") count.verdict ??= verdict.message;
  const counts = verdict.action !== "Ignore" && !isFinished(job);
  const index = indexOf(pod);
  const isIndexOver = index === undefined || index >= completions || count.completed.has(index) || isFinished(job);
  if (limit === undefined || isIndexOver) {
    letGo(count, pod, counts);
    return;
  }
  const before = failuresBefore(pod);
  if (counts && (verdict.action === "FailIndex" || before.counted >= limit)) count.failedIndexes.add(index);
  if (count.failedIndexes.has(index) || active.has(index)) {
    letGo(count, pod, counts);
    return;
  }
  const failures = { counted: before.counted + (counts ? 1 : 0), ignored: before.ignored + (counts ? 0 : 1) };
  const other = count.held.get(index);
  if (other && sumOf(other.failures) >= sumOf(failures)) {
    letGo(count, pod, counts);
    return;
  }
  if (other) letGo(count, other.pod, other.counts);
  count.held.set(index, { pod, counts, failures });
}

const sumOf = (failures: FailureCount): number => failures.counted + failures.ignored;

function letGo(count: Count, pod: Pod, counts: boolean): void {
  if (counts) count.uncounted.failed.push(pod.metadata.uid as string);
  else count.released.push(pod);
}
