/** What a workload's annotations ask of automatic rollback. docs/reference/automatic-rollback.md explains them to users. */
import { parseGoDuration } from "../../machinery/go-duration.ts";
import type { WorkloadObject } from "../workload.ts";

/** `on-failure`: when its deadline has passed. `on-certain-failure`: also as soon as it is certain that it can't succeed. */
const rollbackAnnotation = "windlass.dev/auto-rollback";
/** How long a rollout may stand still, such as `5m`. For a Deployment its own deadline holds where this is absent. */
const deadlineAnnotation = "windlass.dev/progress-deadline";
/** What Kubernetes gives a Deployment (DEP-91). */
const deadlineDefaultMs = 600_000;

export interface RollbackPolicy {
  /** Whether a certain failure is enough. */
  readonly atOnce: boolean;
  /** Absent: the workload has a deadline of its own, which its controller watches. */
  readonly deadlineMs?: number;
  /** What is wrong with the annotations, one sentence each. What is wrong is not followed. */
  readonly problems: readonly string[];
}

/** Undefined: it does not ask for anything. */
export function rollbackPolicy(object: WorkloadObject, hasOwnDeadline: boolean): RollbackPolicy | undefined {
  const wanted = object.metadata.annotations?.[rollbackAnnotation]?.trim();
  if (wanted === undefined || wanted === "" || wanted === "false" || wanted === "never") return undefined;
  const problems: string[] = [];
  if (wanted !== "on-failure" && wanted !== "on-certain-failure")
    problems.push(
      `annotation ${rollbackAnnotation} is "${wanted}"; it may be on-failure, on-certain-failure or never, and is taken for on-failure`,
    );
  const text = object.metadata.annotations?.[deadlineAnnotation]?.trim();
  const deadlineMs = text === undefined ? undefined : parseGoDuration(text);
  const isUsable = deadlineMs !== undefined && deadlineMs > 0;
  if (text !== undefined && !isUsable) problems.push(`annotation ${deadlineAnnotation} is "${text}", which is no duration such as 5m`);
  return {
    atOnce: wanted === "on-certain-failure",
    ...(isUsable ? { deadlineMs } : hasOwnDeadline ? {} : { deadlineMs: deadlineDefaultMs }),
    problems,
  };
}
