/** The Progressing condition: whether a rollout moves, is done, stands still for too long, or is paused. */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { type Conditions, conditionAt, isComplete, withCondition, withoutCondition } from "./status.ts";

export const progressing = "Progressing";
const replicaFailure = "ReplicaFailure";
const available = "NewReplicaSetAvailable";
const timedOut = "ProgressDeadlineExceeded";
/** "No deadline" in progressDeadlineSeconds (DEP-99). */
const noDeadline = 2 ** 31 - 1;

/** Whether a rollout that stands still is ever given up on. */
export const hasDeadline = (deployment: Deployment): boolean => (deployment.spec?.progressDeadlineSeconds ?? noDeadline) !== noDeadline;

/** DEP-1 (3), DEP-101: pausing and resuming show, except that pausing does not hide a missed deadline. */
export function pauseConditions(deployment: Deployment, nowMs: number): Conditions {
  const conditions = deployment.status?.conditions ?? [];
  if (!hasDeadline(deployment)) return conditions;
  const present = findCondition(conditions, progressing);
  if (present?.reason === timedOut) return conditions;
  const wasPaused = present?.reason === "DeploymentPaused";
  const isPaused = deployment.spec?.paused === true;
  if (isPaused === wasPaused) return conditions;
  const condition = isPaused
    ? conditionAt(nowMs, progressing, "Unknown", "DeploymentPaused", "Deployment is paused")
    : conditionAt(nowMs, progressing, "Unknown", "DeploymentResumed", "Deployment is resumed");
  return withCondition(conditions, condition);
}

/** DEP-21: a new set was made. */
export const createdCondition = (name: string, nowMs: number): DeploymentCondition =>
  conditionAt(nowMs, progressing, "True", "NewReplicaSetCreated", `Created new replica set "${name}"`);

/** DEP-21: a set was there already, and nothing was said of progress yet. */
export const foundCondition = (name: string, nowMs: number): DeploymentCondition =>
  conditionAt(nowMs, progressing, "True", "FoundNewReplicaSet", `Found new replica set "${name}"`);

/** DEP-20: the new set could not be made. */
export const createFailedCondition = (message: string, nowMs: number): DeploymentCondition =>
  conditionAt(nowMs, progressing, "False", "ReplicaSetCreateError", message);

export interface ProgressInputs {
  readonly deployment: Deployment;
  /** Freshly counted, with the conditions as they were when the counting began. */
  readonly counted: DeploymentStatus;
  readonly newSet: ReplicaSet | undefined;
  readonly oldSets: readonly ReplicaSet[];
  readonly nowMs: number;
}

/** DEP-91 … DEP-100: the conditions at the end of a pass of a rollout. */
export function progressConditions({ deployment, counted, newSet, oldSets, nowMs }: ProgressInputs): Conditions {
  let conditions: Conditions = counted.conditions ?? [];
  if (!hasDeadline(deployment)) conditions = withoutCondition(conditions, progressing);
  else conditions = withProgress(deployment, counted, conditions, newSet, nowMs);

  const failure = failureOf(newSet ? [newSet, ...oldSets] : oldSets);
  return failure ? withCondition(conditions, failure) : withoutCondition(conditions, replicaFailure);
}

function withProgress(
  deployment: Deployment,
  counted: DeploymentStatus,
  conditions: Conditions,
  newSet: ReplicaSet | undefined,
  nowMs: number,
): Conditions {
  const present = findCondition(conditions, progressing);
  // DEP-95: a rollout that has succeeded stays so, whatever becomes of its Pods.
  if ((counted.replicas ?? 0) === (counted.updatedReplicas ?? 0) && present?.reason === available) return conditions;
  const subject = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, counted))
    return withCondition(conditions, conditionAt(nowMs, progressing, "True", available, `${subject} has successfully progressed.`));
  if (hasProgressed(deployment.status ?? {}, counted)) {
    const moved = conditionAt(nowMs, progressing, "True", "ReplicaSetUpdated", `${subject} is progressing.`);
    const kept = present?.status === "True" ? { lastTransitionTime: present.lastTransitionTime as string } : {};
    // Taken out first: progress for the same reason must still move lastUpdateTime, which the deadline is measured from.
    return withCondition(withoutCondition(conditions, progressing), { ...moved, ...kept });
  }
  if (isTimedOut(deployment, present, nowMs))
    return withCondition(conditions, conditionAt(nowMs, progressing, "False", timedOut, `${subject} has timed out progressing.`));
  return conditions;
}

/** DEP-94: more new Pods, fewer old ones, more ready or more available ones than when the status was last written. */
function hasProgressed(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** When the deadline passes, in milliseconds since the epoch. */
const deadlineMs = (deployment: Deployment, condition: DeploymentCondition): number =>
  (parseTime(condition.lastUpdateTime) ?? 0) + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000;

/** DEP-96: strictly past the deadline; never once the rollout succeeded, always once it timed out. */
function isTimedOut(deployment: Deployment, present: DeploymentCondition | undefined, nowMs: number): boolean {
  if (!present || present.reason === available) return false;
  return present.reason === timedOut || deadlineMs(deployment, present) < nowMs;
}

/**
 * DEP-98: in how many milliseconds to look again at a rollout that stands still, for no change will remind us: one second
 * after its deadline. Undefined where there is nothing to wait for.
 */
export function deadlineCheckMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const present = findCondition(status.conditions, progressing);
  if (!hasDeadline(deployment) || !present || isComplete(deployment, status) || present.reason === timedOut) return undefined;
  return Math.max(0, deadlineMs(deployment, present) - nowMs) + 1000;
}

/** DEP-100: the failure of the new set, else of the first that has one. */
function failureOf(sets: readonly ReplicaSet[]): DeploymentCondition | undefined {
  for (const set of sets) {
    const failure = findCondition(set.status?.conditions, replicaFailure);
    if (!failure) continue;
    return { ...failure, ...(failure.lastTransitionTime !== undefined && { lastUpdateTime: failure.lastTransitionTime }) };
  }
  return undefined;
}
