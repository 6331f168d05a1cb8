/** The status of a set of Pods: counters and the ReplicaFailure condition (RS-8, RS-9, DEP-117). */
import type { Pod, ReplicaSetCondition, ReplicaSetStatus } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from "../../machinery/pods.ts";

/** Condition type: Pods could not be made or removed. */
export const replicaFailure = "ReplicaFailure";

/** What a pass met when it made or removed Pods. */
export interface ManageFailure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly message: string;
}

export interface StatusInputs {
  readonly old: ReplicaSetStatus;
  readonly generation: number;
  readonly minReadySeconds: number;
  readonly templateLabels: Readonly<Record<string, string>>;
  /** All Pods that the set controls, ended and leaving ones included. */
  readonly pods: readonly Pod[];
  readonly failure: ManageFailure | undefined;
  readonly nowMs: number;
}

/** The status as it should be. Counters that are 0 are absent, but for `replicas` and `terminatingReplicas`. */
export function nextStatus(inputs: StatusInputs): ReplicaSetStatus {
  const { old, pods, minReadySeconds, nowMs } = inputs;
  const wanted = Object.entries(inputs.templateLabels);
  let replicas = 0;
  let labelled = 0;
  let ready = 0;
  let available = 0;
  let terminating = 0;
  for (const pod of pods) {
    if (!isPodActive(pod)) {
      if (!isPodTerminal(pod)) terminating++;
      continue;
    }
    replicas++;
    const labels = pod.metadata.labels;
    if (wanted.every(([key, value]) => labels?.[key] === value)) labelled++;
    if (!isPodReady(pod)) continue;
    ready++;
    if (isPodAvailable(pod, minReadySeconds, nowMs)) available++;
  }
  const conditions = nextConditions(old.conditions ?? [], inputs.failure, nowMs);
  return {
    replicas,
    ...(labelled > 0 && { fullyLabeledReplicas: labelled }),
    ...(ready > 0 && { readyReplicas: ready }),
    ...(available > 0 && { availableReplicas: available }),
    terminatingReplicas: terminating,
    observedGeneration: Math.max(inputs.generation, old.observedGeneration ?? 0),
    ...(conditions.length > 0 && { conditions }),
  };
}

function nextConditions(old: readonly ReplicaSetCondition[], failure: ManageFailure | undefined, nowMs: number): ReplicaSetCondition[] {
  const others = old.filter(({ type }) => type !== replicaFailure);
  if (!failure) return others;
  const present = findCondition(old, replicaFailure);
  if (present) return [...old]; // Set once and not refreshed while present.
  return [...others, { type: replicaFailure, status: "True", lastTransitionTime: formatTime(nowMs), ...failure }];
}
