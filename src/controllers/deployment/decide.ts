/**
 * What one pass does to a Deployment, as a pure function of what was seen. The order of the questions is that of DEP-1;
 * a pass of a rolling update either lets the new set grow or the old ones shrink (DEP-2).
 */
import type { Deployment, DeploymentStatus, ReplicaSet } from "../../api/types.ts";
import { findCondition } from "../../machinery/conditions.ts";
import {
  createdCondition,
  deadlineCheckMs,
  foundCondition,
  hasDeadline,
  pauseConditions,
  progressConditions,
  progressing,
} from "./progress.ts";
import { oldPodsRemain } from "./recreate.ts";
import { activeOf, boundsOf, isRollingUpdate, replicasOf, resized, sizeOf, sum } from "./replica-sets.ts";
import { asNewSet, beyondHistory, findNewSet, newReplicaSet, nextRevision, revisionKey } from "./revision.ts";
import { grownSize, shrunkSizes } from "./rolling-update.ts";
import { isScalingEvent, scaledSizes } from "./scale.ts";
import { type Conditions, countedStatus, isComplete, withCondition } from "./status.ts";

export interface Observation {
  readonly deployment: Deployment;
  /** All that the Deployment controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Uids of ReplicaSets with Pods that have not ended, leaving ones included. Only the Recreate strategy asks. */
  readonly setsWithPods: ReadonlySet<string>;
}

/** A ReplicaSet to be written: as it was seen, and as it should be. */
export interface SetUpdate {
  readonly before: ReplicaSet;
  readonly after: ReplicaSet;
}

export interface Plan {
  /** The ReplicaSet of a new revision, to be created before anything else happens. */
  readonly create: ReplicaSet | undefined;
  readonly updates: readonly SetUpdate[];
  readonly removals: readonly ReplicaSet[];
  /** The status, given that all of the above succeeds. */
  readonly status: DeploymentStatus;
  /** The Deployment's own revision annotation. */
  readonly revision: string | undefined;
  /** Look again after this many milliseconds if the status is what it was. */
  readonly checkAfterMs: number | undefined;
}

/** The sets of one pass, as they will be when what was decided so far is done. */
interface Draft {
  readonly deployment: Deployment;
  newSet: ReplicaSet | undefined;
  oldSets: ReplicaSet[];
  create: ReplicaSet | undefined;
  conditions: Conditions;
  /** Seen object by uid: what updates are measured against. */
  readonly seen: ReadonlyMap<string, ReplicaSet>;
  /** Sets in the order in which they were changed. */
  readonly touched: Set<string>;
  removals: ReplicaSet[];
}

export function decide({ deployment, replicaSets, setsWithPods }: Observation, nowMs: number): Plan {
  const leaving = deployment.metadata.deletionTimestamp !== undefined;
  const found = findNewSet(deployment, replicaSets);
  const draft: Draft = {
    deployment,
    newSet: found,
    oldSets: replicaSets.filter((replicaSet) => replicaSet !== found),
    create: undefined,
    conditions: leaving ? (deployment.status?.conditions ?? []) : pauseConditions(deployment, nowMs),
    seen: new Map(replicaSets.map((replicaSet) => [replicaSet.metadata.uid as string, replicaSet])),
    touched: new Set(),
    removals: [],
  };
  if (found) adoptRevision(draft, found, nowMs);

  if (leaving) return planOf(draft, "counted", nowMs);
  if (deployment.spec?.paused || isScalingEvent(deployment, replicaSets)) {
    resize(draft, scaledSizes(deployment, draft.newSet, draft.oldSets));
    if (deployment.spec?.paused) draft.removals = beyondHistory(deployment, draft.oldSets); // DEP-111
    return planOf(draft, "counted", nowMs);
  }
  const moved = isRollingUpdate(deployment) ? rollingUpdate(draft, nowMs) : recreate(draft, setsWithPods, nowMs);
  // DEP-48: what counts is that the rollout was complete when the status was last written.
  if (!moved && isComplete(deployment, deployment.status ?? {})) draft.removals = beyondHistory(deployment, draft.oldSets);
  return planOf(draft, "rollout", nowMs);
}

/** One step. Says whether there was one to take. */
function rollingUpdate(draft: Draft, nowMs: number): boolean {
  const { deployment } = draft;
  const replicas = replicasOf(deployment);
  const bounds = boundsOf(deployment);
  const total = (): number => sum(draft.oldSets, sizeOf) + (draft.newSet ? sizeOf(draft.newSet) : 0);
  if (!draft.newSet) addNewSet(draft, grownSize(replicas, bounds.maxSurge, total(), 0), nowMs);
  const newSet = draft.newSet as ReplicaSet;
  const size = sizeOf(newSet) > replicas ? replicas : grownSize(replicas, bounds.maxSurge, total(), sizeOf(newSet));
  if (size !== sizeOf(newSet)) {
    resize(draft, new Map([[newSet, size]]));
    return true;
  }
  const sizes = shrunkSizes(replicas, bounds, newSet, activeOf(draft.oldSets));
  resize(draft, sizes);
  return sizes.size > 0;
}

/** One step. Says whether there was one to take, or something to wait for. */
function recreate(draft: Draft, setsWithPods: ReadonlySet<string>, nowMs: number): boolean {
  const replicas = replicasOf(draft.deployment);
  const active = activeOf(draft.oldSets);
  if (active.length > 0) {
    resize(draft, new Map(active.map((oldSet) => [oldSet, 0])));
    return true;
  }
  if (oldPodsRemain(draft.oldSets, setsWithPods)) return true;
  if (!draft.newSet) addNewSet(draft, replicas, nowMs);
  else if (sizeOf(draft.newSet) !== replicas) resize(draft, new Map([[draft.newSet, replicas]]));
  return false;
}

/** An existing set is the new one: it takes over number, annotations and minReadySeconds (DEP-15 … DEP-18, DEP-21). */
function adoptRevision(draft: Draft, found: ReplicaSet, nowMs: number): void {
  const { deployment } = draft;
  const newSet = asNewSet(found, deployment, nextRevision(draft.oldSets));
  if (newSet !== found) draft.touched.add(found.metadata.uid as string);
  draft.newSet = newSet;
  if (hasDeadline(deployment) && !findCondition(draft.conditions, progressing))
    draft.conditions = withCondition(draft.conditions, foundCondition(found.metadata.name as string, nowMs));
}

function addNewSet(draft: Draft, replicas: number, nowMs: number): void {
  const { deployment } = draft;
  draft.create = resized(newReplicaSet(deployment, nextRevision(draft.oldSets)), replicas, deployment);
  draft.newSet = draft.create;
  if (hasDeadline(deployment))
    draft.conditions = withCondition(draft.conditions, createdCondition(draft.create.metadata.name as string, nowMs));
}

function resize(draft: Draft, sizes: ReadonlyMap<ReplicaSet, number>): void {
  for (const [set, size] of sizes) {
    const after = resized(set, size, draft.deployment);
    if (after === set) continue;
    if (set === draft.newSet) draft.newSet = after;
    else draft.oldSets = draft.oldSets.map((oldSet) => (oldSet === set ? after : oldSet));
    if (set === draft.create) draft.create = after;
    else draft.touched.add(set.metadata.uid as string);
  }
}

/** "counted" leaves the Progressing condition alone (DEP-69); "rollout" judges progress. */
function planOf(draft: Draft, judgement: "counted" | "rollout", nowMs: number): Plan {
  const { deployment, newSet, oldSets, create, removals } = draft;
  const counted = countedStatus(deployment, newSet, oldSets, draft.conditions, nowMs);
  let status = counted;
  if (judgement === "rollout") {
    const { conditions: _, ...counters } = counted;
    const conditions = progressConditions({ deployment, counted, newSet, oldSets, nowMs });
    status = { ...counters, ...(conditions.length > 0 && { conditions: [...conditions] }) };
  }
  const current = new Map((newSet ? [...oldSets, newSet] : oldSets).map((set) => [set.metadata.uid, set]));
  const updates: SetUpdate[] = [];
  for (const uid of draft.touched) updates.push({ before: draft.seen.get(uid) as ReplicaSet, after: current.get(uid) as ReplicaSet });
  return {
    create,
    updates,
    removals,
    status,
    revision: newSet?.metadata.annotations?.[revisionKey],
    checkAfterMs: judgement === "rollout" ? deadlineCheckMs(deployment, status, nowMs) : undefined,
  };
}
