/** A Deployment as release features see it. */
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import type { Deployment as DeploymentObject, PodTemplateSpec, ReplicaSet as ReplicaSetObject } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";
import type { Deadline, Strategy, WorkloadKind } from "../workload.ts";

const revisionKey = "deployment.kubernetes.io/revision";
const hashLabel = "pod-template-hash";
/** "No deadline" in progressDeadlineSeconds (DEP-99). */
const noDeadline = 2 ** 31 - 1;

const replicasOf = (object: DeploymentObject): number => object.spec?.replicas ?? 1;

/** Deployment: its revisions are ReplicaSets, which own the Pods. */
export const deploymentKind: WorkloadKind<DeploymentObject> = {
  ref: Deployment,
  shortName: "deploy",
  title: "Deployment",
  revisionRef: ReplicaSet,
  podsBelongTo: "revision",
  revision: (_, source: ReplicaSetObject) => ({
    number: Number(source.metadata.annotations?.[revisionKey] ?? 0) || 0,
    hash: source.metadata.labels?.[hashLabel] ?? source.spec?.template?.metadata?.labels?.[hashLabel] ?? "",
    template: withoutHash(source.spec?.template ?? {}),
    desired: source.spec?.replicas ?? 1,
  }),
  revisionHash: (pod) => pod.metadata.labels?.[hashLabel],
  targetOf(object, revisions) {
    const observed = (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
    const borne = Number(object.metadata.annotations?.[revisionKey]);
    const numbered = revisions.find(({ number }) => number === borne);
    // Until the controller has looked, its annotation speaks of the template before.
    if (observed && numbered && object.spec?.paused !== true) return numbered.name;
    return revisions.findLast(({ template }) => deepEqual(template, object.spec?.template))?.name;
  },
  counts(object) {
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = object.status ?? {};
    const desired = replicasOf(object);
    return {
      desired,
      total: replicas,
      updated: updatedReplicas,
      ready: readyReplicas,
      available: availableReplicas,
      unavailable: Math.max(0, desired - availableReplicas),
    };
  },
  strategy,
  deadline,
  isPaused: (object) => object.spec?.paused === true,
  nothingToUndo: (name) => `no rollout history found for deployment ${JSON.stringify(name)}`,
};

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** DEP-40: surge rounds up, unavailability down; where both come to 0 one Pod may be missing. */
function strategy(object: DeploymentObject): Strategy {
  const desired = replicasOf(object);
  const common = { keptBack: 0, ordered: false, minReadySeconds: object.spec?.minReadySeconds ?? 0 };
  if (object.spec?.strategy?.type === "Recreate")
    return { type: "Recreate", minAvailable: 0, maxPods: desired, maxUnavailable: desired, maxSurge: 0, ...common };
  const rolling = object.spec?.strategy?.rollingUpdate;
  const maxSurge = resolveIntOrPercent(rolling?.maxSurge ?? "25%", desired, "up");
  const resolved = resolveIntOrPercent(rolling?.maxUnavailable ?? "25%", desired, "down");
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

/** DEP-91, DEP-96: measured from the last progress. A rollout that is done, or paused, runs against no deadline. */
function deadline(object: DeploymentObject): Deadline | undefined {
  const seconds = object.spec?.progressDeadlineSeconds ?? noDeadline;
  if (seconds === noDeadline) return undefined;
  const progress = findCondition(object.status?.conditions, "Progressing");
  if (progress?.reason === "ProgressDeadlineExceeded") return { exceeded: true };
  const sinceMs = parseTime(progress?.lastUpdateTime);
  if (sinceMs === undefined || progress?.reason === "NewReplicaSetAvailable" || object.spec?.paused) return { exceeded: false };
  return { exceeded: false, atMs: sinceMs + seconds * 1000 };
}
