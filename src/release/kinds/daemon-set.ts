/** A DaemonSet as release features see it. */
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import type { DaemonSet as DaemonSetObject } from "../../api/types.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";
import type { Strategy, WorkloadKind } from "../workload.ts";
import { keptInControllerRevisions } from "./controller-revision.ts";

const hashLabel = "controller-revision-hash";

/** DaemonSet: one Pod per node that qualifies. */
export const daemonSetKind: WorkloadKind<DaemonSetObject> = {
  ...keptInControllerRevisions((revision) => revision.metadata.labels?.[hashLabel] ?? (revision.metadata.name as string)),
  ref: DaemonSet,
  shortName: "ds",
  title: "DaemonSet",
  onePerNode: true,
  counts(object) {
    const {
      desiredNumberScheduled: desired = 0,
      currentNumberScheduled = 0,
      updatedNumberScheduled = 0,
      numberReady = 0,
      numberAvailable = 0,
    } = object.status ?? {};
    return {
      desired,
      total: currentNumberScheduled,
      updated: updatedNumberScheduled,
      ready: numberReady,
      available: numberAvailable,
      unavailable: Math.max(0, desired - numberAvailable),
    };
  },
  strategy,
};

/** DS-6: both bounds round up; where both come to 0 one Pod may be missing. */
function strategy(object: DaemonSetObject): Strategy {
  const desired = object.status?.desiredNumberScheduled ?? 0;
  const { type, rollingUpdate } = object.spec?.updateStrategy ?? {};
  const common = { keptBack: 0, ordered: false, minReadySeconds: object.spec?.minReadySeconds ?? 0 };
  if (type === "OnDelete") return { type, minAvailable: desired, maxPods: desired, maxUnavailable: 0, maxSurge: 0, ...common };
  const maxSurge = resolveIntOrPercent(rollingUpdate?.maxSurge, desired, "up");
  const resolved = resolveIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, desired, "up");
  const maxUnavailable = Math.min(desired, maxSurge === 0 && resolved === 0 ? 1 : resolved);
  return {
    type: "RollingUpdate",
    minAvailable: desired - maxUnavailable,
    maxPods: desired + maxSurge,
    maxUnavailable,
    maxSurge,
    ...common,
  };
}
