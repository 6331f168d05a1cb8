/** Rules for the replica counters that a status reports (VAL-12). */
import { field } from "../errors.ts";
import { type Errors, ruleNonNegative } from "./field-rules.ts";

interface ReplicaCounts {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly currentReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly collisionCount?: number;
}

const counters = [
  "replicas",
  "fullyLabeledReplicas",
  "readyReplicas",
  "availableReplicas",
  "updatedReplicas",
  "currentReplicas",
  "unavailableReplicas",
  "terminatingReplicas",
  "observedGeneration",
  "collisionCount",
] as const;
const parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas", "updatedReplicas", "currentReplicas"] as const;

/** No counter below zero, no part above the whole, nothing available that is not ready, no fewer collisions than before. */
export function ruleReplicaCounts(errors: Errors, status: ReplicaCounts | undefined, old: ReplicaCounts | undefined): void {
  if (!status) return;
  for (const name of counters) ruleNonNegative(errors, `status.${name}`, status[name]);
  const replicas = status.replicas ?? 0;
  for (const name of parts) {
    if (status[name] !== undefined && status[name] > replicas)
      errors.push(field.invalid(`status.${name}`, status[name], "cannot be greater than status.replicas"));
  }
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    errors.push(field.invalid("status.availableReplicas", status.availableReplicas, "cannot be greater than readyReplicas"));
  }
  ruleCollisions(errors, status.collisionCount, old?.collisionCount);
}

/** A collision count never falls: names that were tried stay taken. */
export function ruleCollisions(errors: Errors, count: number | undefined, before: number | undefined): void {
  if (before === undefined) return;
  if (count === undefined || count < before) errors.push(field.invalid("status.collisionCount", count ?? 0, "cannot be decremented"));
}
