/** When a Job is over, and how: too many failures, too late, failed indexes, its success policy, or enough successes. */
import type { Job, JobSpec, Pod } from "../../api/types.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { isPodActive } from "../../machinery/pods.ts";
import { type Count, failuresIn, hasLimitPerIndex } from "./count.ts";
import { matchedSuccessRule } from "./success-policy.ts";

export interface End {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** Whether the Job is over, and how. */
export function endOf(job: Job, pods: readonly Pod[], active: readonly Pod[], count: Count, isLate: boolean): End | undefined {
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
  if (failuresIn(count) > limit || tooManyRestarts(spec.template?.spec?.restartPolicy, active, limit)) {
    return { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  }
  if (isLate) return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  const early = endOfIndexes(spec, count);
  if (early) return early;
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

/** What the indexes alone decide: too many of them have failed, all have been tried and some failed, or enough have succeeded. */
function endOfIndexes(spec: JobSpec, { completed, failedIndexes }: Count): End | undefined {
  if (spec.completionMode !== "Indexed") return undefined;
  if (hasLimitPerIndex(spec)) {
    const failed = failedIndexes.size;
    if (spec.maxFailedIndexes !== undefined && failed > spec.maxFailedIndexes) {
      const message = "Job has exceeded the specified maximal number of failed indexes";
      return { type: "Failed", reason: "MaxFailedIndexesExceeded", message };
    }
    if (failed > 0 && failed + completed.size >= (spec.completions ?? 0)) {
      return { type: "Failed", reason: "FailedIndexes", message: "Job has failed indexes" };
    }
  }
  const rule = matchedSuccessRule(spec, completed);
  return rule === undefined ? undefined : { type: "Complete", reason: "SuccessPolicy", message: `Matched rules at index ${rule}` };
}
