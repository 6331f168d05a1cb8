/** A StatefulSet as release features see it. */
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import type { StatefulSet as StatefulSetObject } from "../../api/types.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";
import type { Strategy, WorkloadKind } from "../workload.ts";
import { keptInControllerRevisions } from "./controller-revision.ts";

const replicasOf = (object: StatefulSetObject): number => object.spec?.replicas ?? 1;

/** StatefulSet: Pods with an identity, updated from the highest ordinal down to the partition. */
export const statefulSetKind: WorkloadKind<StatefulSetObject> = {
  // STS-2: its Pods bear the whole name of their revision.
  ...keptInControllerRevisions((revision) => revision.metadata.name as string),
  ref: StatefulSet,
  shortName: "sts",
  title: "StatefulSet",
  counts(object) {
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = object.status ?? {};
    // Servers before 1.22 do not count availability.
    const available = object.status?.availableReplicas ?? readyReplicas;
    const desired = replicasOf(object);
    return {
      desired,
      total: replicas,
      updated: updatedReplicas,
      ready: readyReplicas,
      available,
      unavailable: Math.max(0, desired - available),
    };
  },
  strategy,
};

/** STS-20, STS-29: one Pod may be missing unless maxUnavailable says otherwise. */
function strategy(object: StatefulSetObject): Strategy {
  const desired = replicasOf(object);
  const { type, rollingUpdate } = object.spec?.updateStrategy ?? {};
  const common = {
    maxPods: desired,
    maxSurge: 0,
    ordered: object.spec?.podManagementPolicy !== "Parallel",
    minReadySeconds: object.spec?.minReadySeconds ?? 0,
  };
  if (type === "OnDelete") return { type, minAvailable: desired, maxUnavailable: 0, keptBack: 0, ...common };
  const missing = Math.min(desired, Math.max(1, resolveIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, desired, "down")));
  const keptBack = Math.min(desired, rollingUpdate?.partition ?? 0);
  return { type: "RollingUpdate", minAvailable: desired - missing, maxUnavailable: missing, keptBack, ...common };
}
