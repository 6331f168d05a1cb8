/**
 * What one pass does to a Job, as a pure function of what was seen. A Pod that has ended is counted exactly once: its uid is first
 * written down in the status as uncounted, then its finalizer is removed, and only a Pod without finalizer becomes a number.
 */
import type { Job, JobCondition, JobStatus, Pod } from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { findCondition, isConditionTrue } from "../../machinery/conditions.ts";
import { isPodActive, isPodReady, isPodTerminal } from "../../machinery/pods.ts";
import { counted, countHeld, hasLimitPerIndex, isFinished } from "./count.ts";
import { endOf } from "./end.ts";
import { indexesText } from "./indexes.ts";
import { type Creation, resize } from "./size.ts";

export interface Plan {
  readonly status: JobStatus;
  readonly creations: readonly Creation[];
  readonly deletions: readonly Pod[];
  /** What is deleted counts as failed: the Job has failed. Otherwise its Pods go without a trace. */
  readonly deletionsCount: boolean;
  /** Pods whose finalizer goes as soon as the status is written. */
  readonly released: readonly Pod[];
  readonly events: readonly { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string }[];
  /** Look again after this many milliseconds. */
  readonly checkAfterMs: number | undefined;
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
  let creations: readonly Creation[] = [];
  let deletionsCount = false;
  let deletions: readonly Pod[] = [];
  let checkAfterMs: number | undefined;
  let completionTime = old.completionTime;
  const suspended = spec.suspend === true;

  if (!isFinished(job)) {
    if (!suspended) startTime ??= time;
    const deadlineMs =
      spec.activeDeadlineSeconds === undefined ? undefined : (parseTime(startTime) ?? nowMs) + spec.activeDeadlineSeconds * 1000;
    const end = endOf(job, pods, active, count, !suspended && deadlineMs !== undefined && nowMs >= deadlineMs);
    if (end) {
      countHeld(count);
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
      const sized = resize(job, pods, active, spec.podReplacementPolicy === "Failed" ? terminating : [], count, nowMs);
      ({ deletions, creations } = sized);
      const waits = [sized.waitMs, deadlineMs === undefined ? undefined : deadlineMs - nowMs];
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
    ...(indexed && hasLimitPerIndex(spec) && { failedIndexes: indexesText(count.failedIndexes) }),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 && { succeeded: uncounted.succeeded }),
      ...(uncounted.failed.length > 0 && { failed: uncounted.failed }),
    },
  };
  const { released } = count;
  return { status, creations: mayAct ? creations : [], deletions: mayAct ? deletions : [], deletionsCount, released, events, checkAfterMs };
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
