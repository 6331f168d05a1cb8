/** The counters and conditions of a Deployment's status. */
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { actualOf, availableOf, boundsOf, replicasOf, sizeOf, sum } from "./replica-sets.ts";

export type Conditions = readonly DeploymentCondition[];

/** A condition that became what it is at `nowMs`. */
export const conditionAt = (nowMs: number, type: string, status: string, reason: string, message: string): DeploymentCondition => ({
  type,
  status,
  lastUpdateTime: formatTime(nowMs),
  lastTransitionTime: formatTime(nowMs),
  reason,
  message,
});

/**
 * DEP-92: the same status and reason change nothing, not even the times or the message; the same status keeps its
 * transition time; a condition that changes moves to the end.
 */
export function withCondition(conditions: Conditions, condition: DeploymentCondition): Conditions {
  const present = findCondition(conditions, condition.type);
  if (present && present.status === condition.status && present.reason === condition.reason) return conditions;
  const kept = present?.status === condition.status ? { lastTransitionTime: present.lastTransitionTime as string } : {};
  return [...withoutCondition(conditions, condition.type), { ...condition, ...kept }];
}

export const withoutCondition = (conditions: Conditions, type: string): Conditions => {
  const others = conditions.filter((condition) => condition.type !== type);
  return others.length === conditions.length ? conditions : others;
};

/** DEP-90, DEP-115 … DEP-117: what the sets add up to, with the Available condition brought up to date. */
export function countedStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  conditions: Conditions,
  nowMs: number,
): DeploymentStatus {
  const all = newSet ? [...oldSets, newSet] : oldSets;
  const available = sum(all, availableOf);
  const enough = available >= replicasOf(deployment) - boundsOf(deployment).maxUnavailable;
  const availability = enough
    ? conditionAt(nowMs, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    : conditionAt(nowMs, "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
  return statusOf({
    observedGeneration: deployment.metadata.generation,
    replicas: sum(all, actualOf),
    updatedReplicas: newSet ? actualOf(newSet) : 0,
    readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, sizeOf) - available),
    terminatingReplicas: terminatingOf(all),
    collisionCount: deployment.status?.collisionCount,
    conditions: withCondition(conditions, availability),
  });
}

/** Unknown as long as one set has not said. */
function terminatingOf(sets: readonly ReplicaSet[]): number | undefined {
  let total = 0;
  for (const set of sets) {
    if (set.status?.terminatingReplicas === undefined) return undefined;
    total += set.status.terminatingReplicas;
  }
  return total;
}

/** Fields that may be 0; where they are absent they are unknown, or were never needed. */
const keptZeros = new Set(["terminatingReplicas", "collisionCount"]);

/** Zero counters are absent. */
function statusOf(full: { [K in keyof DeploymentStatus]: DeploymentStatus[K] | Conditions | undefined }): DeploymentStatus {
  const status: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(full)) {
    if (value === undefined || (value === 0 && !keptZeros.has(key))) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    status[key] = value;
  }
  return status;
}

/** DEP-93: everything that is wanted is there, new and available, and the spec that was counted is the current one. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const replicas = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}
