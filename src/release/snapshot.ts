/** Puts a workload's objects together into one picture. Pure: the same objects and the same time give the same picture. */
import { type KubeObject, keyOf } from "../api/meta/object.ts";
import type { Pod } from "../api/types.ts";
import { parseTime } from "../base/time.ts";
import { controllerOf } from "../machinery/owners.ts";
import { podView } from "./pod-view.ts";
import type {
  Counts,
  PodView,
  Revision,
  RevisionFacts,
  RevisionRole,
  Strategy,
  WorkloadKind,
  WorkloadObject,
  WorkloadSnapshot,
} from "./workload.ts";

const changeCauseKey = "kubernetes.io/change-cause";

/** The objects that a workload consists of. What belongs to others may be among them and is left out. */
export interface WorkloadParts {
  readonly object: WorkloadObject;
  /** ReplicaSets or ControllerRevisions. */
  readonly revisions: readonly KubeObject[];
  readonly pods: readonly Pod[];
}

type Facts = RevisionFacts & { readonly name: string; readonly uid: string; readonly createdMs: number; readonly object: KubeObject };

/** The workload as of `nowMs`, in milliseconds since the epoch. */
export function snapshotOf(kind: WorkloadKind, { object, revisions, pods }: WorkloadParts, nowMs: number): WorkloadSnapshot {
  const counts = kind.counts(object);
  const strategy = kind.strategy(object);
  const observed = (object.status?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
  const facts = revisionFacts(kind, object, revisions, nowMs);
  const targetName = kind.targetOf(object, facts);
  const podViews = views(kind, object, facts, pods, { minReadySeconds: strategy.minReadySeconds, nowMs });
  const complete = observed && isComplete(counts, strategy, podViews, targetName);
  const roleOf = roles(facts, targetName, { complete, pods: podViews });
  const withRoles = facts.map((fact): Revision => {
    const changeCause = fact.object.metadata.annotations?.[changeCauseKey];
    return { ...fact, role: roleOf(fact.name), ...(changeCause && { changeCause }) };
  });
  const target = withRoles.find(({ name }) => name === targetName);
  const deadline = kind.deadline(object);
  return {
    kind,
    key: keyOf(object),
    object,
    takenMs: nowMs,
    observed,
    paused: kind.isPaused(object),
    complete,
    counts,
    strategy,
    ...(deadline && { deadline }),
    conditions: object.status?.conditions ?? [],
    ...(target && { target }),
    revisions: withRoles,
    pods: inOrder(podViews, withRoles),
  };
}

function revisionFacts(kind: WorkloadKind, object: WorkloadObject, sources: readonly KubeObject[], nowMs: number): Facts[] {
  return sources
    .filter((source) => controllerOf(source)?.uid === object.metadata.uid)
    .map((source) => ({
      ...kind.revision(object, source),
      name: source.metadata.name as string,
      uid: source.metadata.uid as string,
      createdMs: parseTime(source.metadata.creationTimestamp) ?? nowMs,
      object: source,
    }))
    .sort((a, b) => b.number - a.number || b.createdMs - a.createdMs || (a.name < b.name ? -1 : 1));
}

function views(
  kind: WorkloadKind,
  object: WorkloadObject,
  facts: readonly Facts[],
  pods: readonly Pod[],
  options: { readonly minReadySeconds: number; readonly nowMs: number },
): PodView[] {
  const owners = new Set(kind.podsBelongTo === "workload" ? [object.metadata.uid] : facts.map(({ uid }) => uid));
  return pods
    .filter((pod) => owners.has(controllerOf(pod)?.uid ?? ""))
    .map((pod) => {
      const hash = kind.revisionHash(pod);
      const revision = facts.find((fact) => fact.hash === hash)?.name;
      return podView(pod, { ...options, ...(revision !== undefined && { revision }) });
    });
}

/** As KR-2, KR-4 and KR-5 have it; but a Pod that is ready must have been so for minReadySeconds, whatever the kind. */
function isComplete(counts: Counts, strategy: Strategy, pods: readonly PodView[], target: string | undefined): boolean {
  const { desired, updated, total, available } = counts;
  if (target === undefined && desired > 0) return false;
  // Where a revision is meant to stay, Pods of it are no leftovers.
  const wanted = desired - strategy.keptBack;
  if (updated < wanted || available < desired || total > desired) return false;
  return strategy.keptBack > 0 || pods.every((pod) => pod.revision === target || pod.terminating || pod.ended);
}

function roles(
  facts: readonly Facts[],
  target: string | undefined,
  { complete, pods }: { readonly complete: boolean; readonly pods: readonly PodView[] },
): (name: string) => RevisionRole {
  let stable = complete ? target : undefined;
  let most = 0;
  if (!complete)
    for (const { name } of facts) {
      if (name === target) continue;
      const living = pods.filter((pod) => pod.revision === name && !pod.terminating && !pod.ended).length;
      if (living > most) [stable, most] = [name, living];
    }
  return (name) => (name === stable ? "stable" : name === target ? "new" : "previous");
}

const digits = /\d+/g;
/** Numbers within names are compared as numbers: web-10 comes after web-9. */
const sortable = (name: string): string => name.replace(digits, (number) => number.padStart(10, "0"));

function inOrder(pods: readonly PodView[], revisions: readonly Revision[]): PodView[] {
  const place = new Map(revisions.map(({ name }, index) => [name, index]));
  // What they are compared by is worked out once for each: of a thousand Pods every one is compared some ten times.
  return pods
    .map((pod) => ({ pod, place: place.get(pod.revision ?? "") ?? revisions.length, name: sortable(pod.name) }))
    .sort((a, b) => a.place - b.place || (a.name < b.name ? -1 : 1))
    .map(({ pod }) => pod);
}
