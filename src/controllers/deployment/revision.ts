/** Revisions: which ReplicaSet is the new one, what number it bears, what it is called and when it is forgotten. */
import type { Deployment, PodTemplateSpec, ReplicaSet } from "../../api/types.ts";
import { semanticEqual } from "../../machinery/equality.ts";
import { podTemplateHash } from "../../machinery/hash.ts";
import { controllerReference } from "../../machinery/owners.ts";
import { actualOf, byAge, scalingAnnotations, sizeOf } from "./replica-sets.ts";

/** Annotation: the revision of a ReplicaSet, and the current one of a Deployment. */
export const revisionKey = "deployment.kubernetes.io/revision";
/** Annotation: the numbers that a ReplicaSet bore before it was rolled back to. */
const revisionHistoryKey = "deployment.kubernetes.io/revision-history";
/** Label of everything that belongs to one revision. */
const hashLabel = "pod-template-hash";

const revisionHistoryMaxChars = 2000;
/** "Keep everything" in revisionHistoryLimit. */
const unlimited = 2 ** 31 - 1;
const nameMaxChars = 253;

/** DEP-14: what a Deployment does not hand on to its ReplicaSets. */
const ownAnnotations = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionKey,
  revisionHistoryKey,
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
]);

/** DEP-10: the oldest set whose template is the Deployment's, but for the hash label. */
export function findNewSet(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  let found: ReplicaSet | undefined;
  for (const replicaSet of replicaSets) {
    if (found && byAge(found, replicaSet) <= 0) continue;
    if (sameTemplate(deployment.spec?.template, replicaSet.spec?.template)) found = replicaSet;
  }
  return found;
}

/** Whether two templates are the same Pods, whatever their hash labels. */
export const sameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean =>
  semanticEqual(withoutHash(a), withoutHash(b), "core.v1.PodTemplateSpec");

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  const labels = template?.metadata?.labels;
  if (!labels || !(hashLabel in labels)) return template;
  const { [hashLabel]: _, ...others } = labels;
  return { ...template, metadata: { ...template.metadata, labels: others } };
}

/** The revision of a set; 0 where it bears none. Some tools write numbers that only 64 bits can hold. */
function revisionOf(replicaSet: ReplicaSet): bigint {
  const text = replicaSet.metadata.annotations?.[revisionKey];
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : 0n;
}

/** DEP-15: one more than the highest among the old ones. */
export function nextRevision(oldSets: readonly ReplicaSet[]): bigint {
  let highest = 0n;
  for (const revision of oldSets.map(revisionOf)) if (revision > highest) highest = revision;
  return highest + 1n;
}

/** DEP-11 … DEP-14: the ReplicaSet of a template that has none yet, without a size. */
export function newReplicaSet(deployment: Deployment, revision: bigint): ReplicaSet {
  const { name = "", namespace } = deployment.metadata;
  const template = deployment.spec?.template ?? {};
  const hash = podTemplateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const selector = deployment.spec?.selector;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name.slice(0, nameMaxChars - 1 - hash.length)}-${hash}`,
      ...(namespace !== undefined && { namespace }),
      labels,
      annotations: { ...handedOn(deployment), [revisionKey]: String(revision), ...scalingAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      ...(deployment.spec?.minReadySeconds && { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** DEP-15, DEP-16, DEP-18: the new set with the Deployment's annotations, its number and minReadySeconds; itself where nothing differs. */
export function asNewSet(replicaSet: ReplicaSet, deployment: Deployment, revision: bigint): ReplicaSet {
  const present = replicaSet.metadata.annotations ?? {};
  const annotations = { ...present, ...handedOn(deployment) };
  const borne = present[revisionKey];
  const isNumber = borne === undefined || borne === "" || /^\d+$/.test(borne);
  if (isNumber && BigInt(borne ?? 0) < revision) {
    annotations[revisionKey] = String(revision);
    if (borne !== undefined) {
      const history = appendRevision(present[revisionHistoryKey], borne);
      if (history !== undefined) annotations[revisionHistoryKey] = history;
    }
  }
  const changed = Object.keys(annotations).some((key) => annotations[key] !== present[key]);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  if (!changed && (replicaSet.spec?.minReadySeconds ?? 0) === minReadySeconds) return replicaSet;
  return {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...(replicaSet.spec as NonNullable<ReplicaSet["spec"]>), minReadySeconds },
  };
}

/** `1,3` and 5 give `1,3,5`; the oldest numbers give way when the text grows too long. Undefined: not even one fits. */
export function appendRevision(history: string | undefined, revision: string): string | undefined {
  if (!history) return revision;
  const numbers = history.split(",");
  let length = history.length + 1 + revision.length;
  let dropped = 0;
  while (length > revisionHistoryMaxChars && dropped < numbers.length) length -= (numbers[dropped++] as string).length + 1;
  return length > revisionHistoryMaxChars ? undefined : [...numbers.slice(dropped), revision].join(",");
}

function handedOn(deployment: Deployment): Record<string, string> {
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!ownAnnotations.has(key)) annotations[key] = value;
  return annotations;
}

/** DEP-110: the old sets that the history has no room for, the lowest revisions first; never one that is still in use. */
export function beyondHistory(deployment: Deployment, oldSets: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? unlimited;
  if (limit === unlimited) return [];
  const living = oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = living.length - limit;
  if (surplus <= 0) return [];
  return living
    .sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byAge(a, b))
    .slice(0, surplus)
    .filter((set) => actualOf(set) === 0 && sizeOf(set) === 0 && (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0));
}
