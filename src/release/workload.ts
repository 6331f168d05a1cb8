/**
 * What every release feature reads: a Deployment, StatefulSet or DaemonSet as one shape, as of one instant, through the public
 * API alone. What differs between the kinds is said once, by `WorkloadKind`, and nobody above asks which kind it is.
 */
import type { KindRef } from "../api/kind.ts";
import type { KubeObject, ObjectKey } from "../api/meta/object.ts";
import type { LabelSelector, Pod, PodTemplateSpec } from "../api/types.ts";

/** The part of a workload that all kinds have. */
export interface WorkloadObject extends KubeObject {
  spec?: { selector?: LabelSelector; template: PodTemplateSpec; minReadySeconds?: number; revisionHistoryLimit?: number };
  status?: { observedGeneration?: number; conditions?: readonly WorkloadCondition[] };
}

/** A condition of a workload. */
export interface WorkloadCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
}

/** Numbers of Pods, as the workload's own controller last counted them. */
export interface Counts {
  /** Asked for. */
  readonly desired: number;
  /** There, old and new; what is being deleted may or may not be among them. */
  readonly total: number;
  /** Of the present template. */
  readonly updated: number;
  readonly ready: number;
  /** Ready for minReadySeconds. */
  readonly available: number;
  /** Asked for and not available. */
  readonly unavailable: number;
}

/** How an update goes, in numbers that are resolved: no percentages. */
export interface Strategy {
  readonly type: "RollingUpdate" | "Recreate" | "OnDelete";
  /** The floor: so many Pods stay available as far as the controller can help it. */
  readonly minAvailable: number;
  /** The ceiling: never more Pods than this at once, those that are being deleted left out. */
  readonly maxPods: number;
  readonly maxUnavailable: number;
  readonly maxSurge: number;
  /** So many Pods are meant to stay at their revision (partition); 0 for kinds without one. */
  readonly keptBack: number;
  /** One Pod after another: one that is not available holds up all that come after it. */
  readonly ordered: boolean;
  readonly minReadySeconds: number;
}

/** When the controller gives up on progress. Absent for kinds, and objects, that have no deadline. */
export interface Deadline {
  /** Milliseconds since the epoch; what passes it is a minute-old standstill, not a slow rollout. Absent when nothing is under way. */
  readonly atMs?: number;
  /** The controller has said so. */
  readonly exceeded: boolean;
}

/** What a revision is, as its own object says. */
export interface RevisionFacts {
  /** 0 where it bears none. */
  readonly number: number;
  /** The value of the label by which its Pods are known. */
  readonly hash: string;
  /** As the workload had it: without the labels that controllers add. */
  readonly template: PodTemplateSpec;
  /** So many Pods are wanted of it; absent where the kind does not say it per revision. */
  readonly desired?: number;
}

/**
 * `new`: what the template asks for, on its way. `stable`: what serves: the template's own revision once it is all there, until
 * then the one that most Pods are still of. `previous`: the rest of the history.
 */
export type RevisionRole = "new" | "stable" | "previous";

export interface Revision extends RevisionFacts {
  /** Of the ReplicaSet or ControllerRevision. */
  readonly name: string;
  readonly uid: string;
  readonly createdMs: number;
  readonly role: RevisionRole;
  /** `kubernetes.io/change-cause`. */
  readonly changeCause?: string;
  /** The ReplicaSet or ControllerRevision itself, frozen. */
  readonly object: KubeObject;
}

/** How a container ended. */
export interface Termination {
  readonly exitCode: number;
  readonly signal?: number;
  /** Such as `Error`, `OOMKilled`, `StartError`. */
  readonly reason?: string;
  readonly message?: string;
  readonly startedMs?: number;
  readonly finishedMs?: number;
}

export type ContainerState =
  | { readonly type: "waiting"; readonly reason?: string; readonly message?: string }
  | { readonly type: "running"; readonly startedMs?: number }
  | ({ readonly type: "terminated" } & Termination);

export interface ContainerView {
  readonly name: string;
  /** `sidecar`: an init container that goes on running. */
  readonly role: "init" | "sidecar" | "app";
  /** As the Pod's spec says. */
  readonly image: string;
  /** With its digest, once it was pulled. */
  readonly imageId?: string;
  readonly state: ContainerState;
  /** The end before this life. */
  readonly last?: Termination;
  readonly restarts: number;
  readonly ready: boolean;
  /** Its startup probe has passed, or it has none and runs. */
  readonly started: boolean;
}

export interface PodView {
  readonly name: string;
  readonly uid: string;
  /** `Revision.name`; absent where the revision is no longer kept. */
  readonly revision?: string;
  readonly phase: string;
  /** The STATUS column of `kubectl get pods`. */
  readonly status: string;
  readonly createdMs: number;
  readonly ready: boolean;
  readonly readySinceMs?: number;
  readonly available: boolean;
  /** When a ready Pod will count as available (minReadySeconds). */
  readonly availableAtMs?: number;
  /** Succeeded or Failed: it counts for nobody any more. */
  readonly ended: boolean;
  /** Being deleted; `untilMs` is the end of its grace. */
  readonly terminating?: { readonly untilMs: number; readonly finalizers: readonly string[] };
  readonly node?: string;
  readonly restarts: number;
  /** Init containers first, each group in the order of the spec. */
  readonly containers: readonly ContainerView[];
  /** The Pod itself, frozen. */
  readonly object: Pod;
}

/** A workload as of one instant. Immutable. */
export interface WorkloadSnapshot {
  readonly kind: WorkloadKind;
  readonly key: ObjectKey;
  /** The Deployment, StatefulSet or DaemonSet, frozen. */
  readonly object: WorkloadObject;
  /** When this was put together, in milliseconds since the epoch; what depends on time is as of then. */
  readonly takenMs: number;
  /** The controller has seen the newest spec: counts and conditions speak of it. */
  readonly observed: boolean;
  readonly paused: boolean;
  /** Nothing is left to do: all Pods that are to be updated are, none is left over, and as many as asked for are available. */
  readonly complete: boolean;
  readonly counts: Counts;
  readonly strategy: Strategy;
  readonly deadline?: Deadline;
  readonly conditions: readonly WorkloadCondition[];
  /** The revision of the present template; absent until its controller has made it. */
  readonly target?: Revision;
  /** The newest first. */
  readonly revisions: readonly Revision[];
  /** All Pods that are the workload's, those of the newest revision first, then by name (ordinals in their order). */
  readonly pods: readonly PodView[];
}

/** What release features must know of a kind of workload. */
export interface WorkloadKind<T extends WorkloadObject = any> {
  readonly ref: KindRef<T>;
  /** As people call it in a command: `deploy`, `sts`, `ds`. */
  readonly shortName: string;
  /** As it is called in a sentence: `Deployment`. */
  readonly title: string;
  /** What its history is kept in: ReplicaSets or ControllerRevisions. */
  readonly revisionRef: KindRef;
  revision(object: T, source: any): RevisionFacts;
  /** The hash of a Pod's revision, to be compared with `RevisionFacts.hash`. */
  revisionHash(pod: Pod): string | undefined;
  /** Which of its revisions the present template is; undefined until there is one. `revisions` come newest first. */
  targetOf(object: T, revisions: readonly (RevisionFacts & { readonly name: string })[]): string | undefined;
  /** The uid of the owner that a Pod must have: the workload's own, or that of a revision. */
  readonly podsBelongTo: "workload" | "revision";
  counts(object: T): Counts;
  strategy(object: T): Strategy;
  deadline(object: T): Deadline | undefined;
  isPaused(object: T): boolean;
  /** What kubectl says where there is no revision to go back to (KR-23, KR-24). */
  nothingToUndo(name: string): string;
  /** Its Pods are one for each node that qualifies: which nodes there are is part of its story. */
  readonly onePerNode?: boolean;
}
