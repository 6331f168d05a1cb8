/** The ReplicaSets of a Deployment as the arithmetic of a rollout sees them: sizes, annotations and orders. */
import type { Deployment, ReplicaSet } from "../../api/types.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";

/** Annotation: the size of the whole Deployment when this set was last scaled (DEP-60). */
export const desiredReplicasKey = "deployment.kubernetes.io/desired-replicas";
/** Annotation: the size including surge when this set was last scaled; the divisor of proportional scaling (DEP-63). */
export const maxReplicasKey = "deployment.kubernetes.io/max-replicas";

/** spec.replicas of a Deployment; the server fills in 1. */
export const replicasOf = (deployment: Deployment): number => deployment.spec?.replicas ?? 1;
/** spec.replicas of a ReplicaSet. */
export const sizeOf = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 1;
/** Pods of a set that are available. */
export const availableOf = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;
/** Pods of a set that exist. */
export const actualOf = (replicaSet: ReplicaSet): number => replicaSet.status?.replicas ?? 0;

export const isRollingUpdate = (deployment: Deployment): boolean => deployment.spec?.strategy?.type !== "Recreate";

/** How far a rollout may go above and below the wanted number of Pods. */
export interface Bounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * DEP-41: of 10 replicas, a surge of 25 % is 3 (rounded up) and an unavailability of 25 % is 2 (rounded down). Where both
 * come to 0, nothing could ever move, so one Pod may be unavailable. Recreate knows neither.
 */
export function boundsOf(deployment: Deployment): Bounds {
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const replicas = replicasOf(deployment);
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const maxSurge = resolveIntOrPercent(rolling?.maxSurge ?? 0, replicas, "up");
  let maxUnavailable = resolveIntOrPercent(rolling?.maxUnavailable ?? 0, replicas, "down");
  if (maxSurge === 0 && maxUnavailable === 0) maxUnavailable = 1;
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Oldest first; sets of the same second by name. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [one, other] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  return byText(one, other) || byText(a.metadata.name ?? "", b.metadata.name ?? "");
}

/** Largest first; equally large ones newest first. */
export const bySizeThenNewer = (a: ReplicaSet, b: ReplicaSet): number => sizeOf(b) - sizeOf(a) || byAge(b, a);
/** Largest first; equally large ones oldest first. */
export const bySizeThenOlder = (a: ReplicaSet, b: ReplicaSet): number => sizeOf(b) - sizeOf(a) || byAge(a, b);

export const sum = (replicaSets: readonly ReplicaSet[], of: (replicaSet: ReplicaSet) => number): number => {
  let total = 0;
  for (const replicaSet of replicaSets) total += of(replicaSet);
  return total;
};

/** The sets that want Pods. */
export const activeOf = (replicaSets: readonly ReplicaSet[]): ReplicaSet[] => replicaSets.filter((replicaSet) => sizeOf(replicaSet) > 0);

/** An annotation that holds a whole number; undefined where it is absent or something else. */
export function integerAnnotation(replicaSet: ReplicaSet, key: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[key];
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The two annotations that every scaling leaves behind (DEP-66). */
export function scalingAnnotations(deployment: Deployment): Record<string, string> {
  const replicas = replicasOf(deployment);
  return { [desiredReplicasKey]: String(replicas), [maxReplicasKey]: String(replicas + boundsOf(deployment).maxSurge) };
}

/** The set with other annotations beside its own; the same object where it has them already. */
function withAnnotations(replicaSet: ReplicaSet, annotations: Readonly<Record<string, string>>): ReplicaSet {
  const present = replicaSet.metadata.annotations;
  if (Object.entries(annotations).every(([key, value]) => present?.[key] === value)) return replicaSet;
  return { ...replicaSet, metadata: { ...replicaSet.metadata, annotations: { ...present, ...annotations } } };
}

/** The set with another size and the annotations of a scaling. */
export function resized(replicaSet: ReplicaSet, replicas: number, deployment: Deployment): ReplicaSet {
  const annotated = withAnnotations(replicaSet, scalingAnnotations(deployment));
  if (sizeOf(annotated) === replicas) return annotated;
  return { ...annotated, spec: { ...(annotated.spec as NonNullable<ReplicaSet["spec"]>), replicas } };
}
