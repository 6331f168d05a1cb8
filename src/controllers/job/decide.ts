/**
 * What one pass does to a Job, as a pure function of what was seen. A Pod that has ended is counted exactly once: its uid is first
 * written down in the status as uncounted, then its finalizer is removed, and only a Pod without finalizer becomes a number.
 */
import type { Job, JobCondition, JobStatus, Pod } from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { findCondition, isConditionTrue } from "../../machinery/conditions.ts";
import { isPodActive, isPodReady, isPodTerminal } from "../../machinery/pods.ts";
import { verdictOn } from "./failure-policy.ts";
import { indexesOf, indexesText } from "./indexes.ts";

/** Finalizer of a Job's Pods, until they are counted. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
/** Annotation and label of a Pod of an Indexed Job. */
export const indexKey = "batch.kubernetes.io/job-completion-index";

/** After the first failed Pod the next one waits so long, then twice as long each time. */
const backOffFirstMs = 10_000;
const backOffLongestMs = 600_000;

export interface Plan {
  readonly status: JobStatus;
  /** Indexes of Pods to create; undefined where the Job has no indexes. */
  readonly creations: readonly (number | undefined)[];
  readonly deletions: readonly Pod[];
  /** What is deleted counts as failed: the Job has failed. Otherwise its Pods go without a trace. */
  readonly deletionsCount: boolean;
  /** Pods whose finalizer goes as soon as the status is written. */
  readonly released: readonly Pod[];
  readonly events: readonly { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string }[];
  /** Look again after this many milliseconds. */
  readonly checkAfterMs: number | undefined;
}

/** Whether a Job has come to its end. */
export const isFinished = (job: Job): boolean =>
  isConditionTrue(job.status?.conditions, "Complete") || isConditionTrue(job.status?.conditions, "Failed");

/** The completion index of a Pod; undefined where it has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexKey] ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;

interface Count {
  succeeded: number;
  failed: number;
  readonly uncounted: { succeeded: string[]; failed: string[] };
  readonly completed: Set<number>;
  readonly released: Pod[];
  /** Why the failure policy ends the Job. */
  verdict: string | undefined;
}

interface End {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

export function decide(job: Job, pods: readonly Pod[], mayAct: boolean, nowMs: number): Plan {
  const spec = job.spec ?? { template: {} };
  const old = job.status ?? {};
  const time = formatTime(nowMs);
  const count = counted(job, pods);
  const active = pods.filter(isPodActive);
  const terminating = pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod));
  const events: Plan["events"][number][] = [];
  let conditions: readonly JobCondition[] = old.conditions ?? [];
  let { startTime } = old;
  let creations: (number | undefined)[] = [];
  let deletionsCount = false;
  let deletions: Pod[] = [];
  let checkAfterMs: number | undefined;
  let completionTime = old.completionTime;
  const suspended = spec.suspend === true;

  if (!isFinished(job)) {
    if (!suspended) startTime ??= time;
    const deadlineMs =
      spec.activeDeadlineSeconds === undefined ? undefined : (parseTime(startTime) ?? nowMs) + spec.activeDeadlineSeconds * 1000;
    const end = endOf(job, pods, active, count, !suspended && deadlineMs !== undefined && nowMs >= deadlineMs);
    if (end) {
      deletions = active;
      deletionsCount = end.type === "Failed";
      const heralded = end.type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
      conditions = withCondition(conditions, { ...end, type: heralded, status: "True" }, time);
      const quiet =
        active.length === 0 && terminating.length === 0 && count.uncounted.succeeded.length + count.uncounted.failed.length === 0;
      if (quiet) {
        conditions = withCondition(conditions, { ...end, status: "True" }, time);
        if (end.type === "Complete") completionTime = time;
        events.push(
          end.type === "Complete"
            ? { type: "Normal", reason: "Completed", message: "Job completed" }
            : { type: "Warning", reason: end.reason, message: end.message },
        );
      }
    } else if (suspended) {
      deletions = active;
      startTime = undefined;
      if (!isConditionTrue(conditions, "Suspended")) {
        conditions = withCondition(
          conditions,
          { type: "Suspended", status: "True", reason: "JobSuspended", message: "Job suspended" },
          time,
        );
        events.push({ type: "Normal", reason: "Suspended", message: "Job suspended" });
      }
    } else {
      if (isConditionTrue(conditions, "Suspended")) {
        conditions = withCondition(conditions, { type: "Suspended", status: "False", reason: "JobResumed", message: "Job resumed" }, time);
        events.push({ type: "Normal", reason: "Resumed", message: "Job resumed" });
        startTime = time;
      }
      const waitMs = backOffMs(pods, nowMs);
      const sized = resize(job, active, spec.podReplacementPolicy === "Failed" ? terminating : [], count);
      deletions = sized.deletions;
      if (waitMs === 0) creations = sized.creations;
      const waits = [
        sized.creations.length > 0 && waitMs > 0 ? waitMs : undefined,
        deadlineMs === undefined ? undefined : deadlineMs - nowMs,
      ];
      const soonest = Math.min(...waits.map((wait) => wait ?? Number.POSITIVE_INFINITY));
      checkAfterMs = Number.isFinite(soonest) ? Math.max(1, soonest) : undefined;
    }
  }
  const ready = active.filter(isPodReady).length;
  const indexed = spec.completionMode === "Indexed";
  const { succeeded, failed } = count;
  const { uncounted } = count;
  const status: JobStatus = {
    ...(conditions.length > 0 && { conditions: [...conditions] }),
    ...(startTime !== undefined && { startTime }),
    ...(completionTime !== undefined && { completionTime }),
    ...(active.length > 0 && { active: active.length }),
    ...(succeeded > 0 && { succeeded }),
    ...(failed > 0 && { failed }),
    terminating: terminating.length,
    ready,
    ...(indexed && count.completed.size > 0 && { completedIndexes: indexesText(count.completed) }),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 && { succeeded: uncounted.succeeded }),
      ...(uncounted.failed.length > 0 && { failed: uncounted.failed }),
    },
  };
  const { released } = count;
  return { status, creations: mayAct ? creations : [], deletions: mayAct ? deletions : [], deletionsCount, released, events, checkAfterMs };
}

/** Every Pod that has ended is in one of three places: a number, a uid in the status, or still to be written down. */
function counted(job: Job, pods: readonly Pod[]): Count {
  const spec = job.spec ?? { template: {} };
  const old = job.status ?? {};
  const completions = spec.completions ?? 0;
  const indexed = spec.completionMode === "Indexed";
  const count: Count = {
    succeeded: old.succeeded ?? 0,
    failed: old.failed ?? 0,
    uncounted: { succeeded: [], failed: [] },
    completed: indexesOf(old.completedIndexes, completions),
    released: [],
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
  for (const pod of pods) {
    const uid = pod.metadata.uid as string;
    if (!isTracked(pod) || waiting.succeeded.has(uid) || waiting.failed.has(uid)) continue;
    const lost = pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== "Running";
    if (pod.status?.phase === "Succeeded") {
      const index = indexOf(pod);
      // Of two Pods of one index only one counts.
      if (indexed && (index === undefined || index >= completions || count.completed.has(index))) count.released.push(pod);
      else {
        if (index !== undefined) count.completed.add(index);
        count.uncounted.succeeded.push(uid);
      }
    } else if (pod.status?.phase === "Failed" || lost) {
      const verdict = verdictOn(pod, spec.podFailurePolicy?.rules ?? []);
      if (verdict.action === "FailJob") count.verdict ??= verdict.message;
      if (verdict.action === "Ignore" || isFinished(job)) count.released.push(pod);
      else count.uncounted.failed.push(uid);
    }
  }
  return count;
}

/** Whether the Job is over, and how. */
function endOf(job: Job, pods: readonly Pod[], active: readonly Pod[], count: Count, isLate: boolean): End | undefined {
  const spec = job.spec ?? { template: {} };
  const heralded = ["SuccessCriteriaMet", "FailureTarget"]
    .map((type) => findCondition(job.status?.conditions, type))
    .find((each) => each?.status === "True");
  if (heralded) {
    const type = heralded.type === "FailureTarget" ? "Failed" : "Complete";
    return { type, reason: heralded.reason ?? "", message: heralded.message ?? "" };
  }
  if (count.verdict !== undefined) return { type: "Failed", reason: "PodFailurePolicy", message: count.verdict };
  const limit = spec.backoffLimit ?? 6;
  const failed = count.failed + count.uncounted.failed.length;
  if (failed > limit || tooManyRestarts(spec.template?.spec?.restartPolicy, active, limit)) {
    return { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  }
  if (isLate) return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  const succeeded = count.succeeded + count.uncounted.succeeded.length;
  // Without a number the first success means that there is no more work; what still runs may finish.
  const complete =
    spec.completions === undefined
      ? succeeded > 0 && active.length === 0 && pods.every((pod) => !isPodActive(pod))
      : succeeded >= spec.completions;
  return complete ? { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" } : undefined;
}

/** With restartPolicy OnFailure it is the containers that are tried again, inside one Pod. */
function tooManyRestarts(policy: string | undefined, active: readonly Pod[], limit: number): boolean {
  if (policy !== "OnFailure") return false;
  const statuses = active.flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

interface Sized {
  readonly creations: (number | undefined)[];
  readonly deletions: Pod[];
}

/** How many Pods should run now, and which. `occupied` are Pods on their way out whose place is not free yet. */
function resize(job: Job, active: readonly Pod[], occupied: readonly Pod[], count: Count): Sized {
  const spec = job.spec ?? { template: {} };
  const parallelism = spec.parallelism ?? 1;
  const succeeded = count.succeeded + count.uncounted.succeeded.length;
  if (spec.completionMode === "Indexed") {
    const taken = new Set<number | undefined>([...count.completed, ...occupied.map(indexOf)]);
    const deletions: Pod[] = [];
    let running = 0;
    for (const pod of active) {
      const index = indexOf(pod);
      if (index === undefined || index >= (spec.completions ?? 0) || taken.has(index) || running >= parallelism) deletions.push(pod);
      else {
        taken.add(index);
        running++;
      }
    }
    const creations: number[] = [];
    for (let index = 0; index < (spec.completions ?? 0) && running + occupied.length < parallelism; index++) {
      if (taken.has(index)) continue;
      creations.push(index);
      running++;
    }
    return { creations, deletions };
  }
  let wanted = parallelism;
  if (spec.completions !== undefined) wanted = Math.min(parallelism, Math.max(0, spec.completions - succeeded));
  else if (succeeded > 0) wanted = Math.min(parallelism, active.length);
  // Those that have not begun to work are the least loss.
  const surplus = [...active].sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b))).slice(0, Math.max(0, active.length - wanted));
  return { creations: new Array(Math.max(0, wanted - active.length - occupied.length)).fill(undefined), deletions: surplus };
}

/** For how much longer no Pod may be made, because the last ones failed. A success begins anew. */
function backOffMs(pods: readonly Pod[], nowMs: number): number {
  const lastSuccess = Math.max(0, ...pods.filter(({ status }) => status?.phase === "Succeeded").map(endedMs));
  const failures = pods
    .filter((pod) => pod.status?.phase === "Failed")
    .map(endedMs)
    .filter((ms) => ms > lastSuccess);
  if (failures.length === 0) return 0;
  const delay = Math.min(backOffFirstMs * 2 ** (failures.length - 1), backOffLongestMs);
  return Math.max(0, Math.max(...failures) + delay - nowMs);
}

/** When a Pod ended: when the last of its containers did, or else when it was last heard of. */
function endedMs({ status, metadata }: Pod): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => parseTime(state?.terminated?.finishedAt) ?? 0);
  const heard = parseTime(findCondition(status?.conditions, "Ready")?.lastTransitionTime);
  return Math.max(0, ...ends) || (heard ?? parseTime(metadata.creationTimestamp) ?? 0);
}

/** The conditions with one set; the same status keeps its times. */
function withCondition(
  conditions: readonly JobCondition[],
  next: Pick<JobCondition, "type" | "status" | "reason" | "message">,
  time: string,
): JobCondition[] {
  const { type, status, reason = "", message = "" } = next;
  if (findCondition(conditions, type)?.status === status) return [...conditions];
  return [
    ...conditions.filter((each) => each.type !== type),
    { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time },
  ];
}
