/** The counters of a StatefulSet and the moment at which an update is over (STS-35 … STS-37). */
import type { Pod, StatefulSet, StatefulSetStatus } from "../../api/types.ts";
import { isPodAvailable } from "../../machinery/pods.ts";
import { isLeaving, isRunningAndReady } from "./health.ts";
import { replicasOf, revisionOf } from "./identity.ts";

export interface StatusInputs {
  readonly set: StatefulSet;
  /** All Pods that the set controls. */
  readonly pods: readonly Pod[];
  /** Names of ControllerRevisions. */
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly collisionCount: number;
  readonly nowMs: number;
}

/** The status as it should be. Counters that are 0 are absent, but for `replicas` and `availableReplicas`. */
export function nextStatus({ set, pods, currentRevision, updateRevision, collisionCount, nowMs }: StatusInputs): StatefulSetStatus {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const ready = pods.filter(isRunningAndReady);
  const staying = pods.filter((pod) => !isLeaving(pod));
  const updated = staying.filter((pod) => revisionOf(pod) === updateRevision).length;
  const wanted = replicasOf(set);
  const complete =
    set.spec?.updateStrategy?.type === "RollingUpdate" && updated === wanted && ready.length === wanted && pods.length === wanted;
  const current = complete ? updated : staying.filter((pod) => revisionOf(pod) === currentRevision).length;
  const conditions = set.status?.conditions;
  return {
    replicas: pods.length,
    ...(ready.length > 0 && { readyReplicas: ready.length }),
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, minReadySeconds, nowMs)).length,
    ...(current > 0 && { currentReplicas: current }),
    ...(updated > 0 && { updatedReplicas: updated }),
    currentRevision: complete ? updateRevision : currentRevision,
    updateRevision,
    ...(conditions && { conditions }),
    observedGeneration: set.metadata.generation ?? 0,
    collisionCount,
  };
}
