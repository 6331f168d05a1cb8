/** What an explanation is: one cause, in one sentence, with what shows it and the way out. Its codes are documented in docs/reference/explain.md. */
import type { Event, Node, PersistentVolumeClaim } from "../../api/types.ts";

/**
 * `certain`: it cannot succeed without a change by somebody, or its own deadline has passed. `likely`: it does not look as if it
 * would. `waiting`: nothing is wrong, this is what comes next.
 */
export type Certainty = "certain" | "likely" | "waiting";

/** What a cause is called in `-o json`. */
export type CauseCode =
  | "ImageNotFound"
  | "ImagePullDenied"
  | "ImagePullFailed"
  | "InvalidImageName"
  | "ImageNeverPulled"
  | "CommandNotFound"
  | "ContainerStartFailed"
  | "ContainerCreateFailed"
  | "SandboxFailed"
  | "ContainerCrashed"
  | "ContainerCompleted"
  | "OutOfMemory"
  | "LivenessProbeFailing"
  | "StartupProbeFailing"
  | "ReadinessProbeFailing"
  | "ReadinessGate"
  | "PostStartHookFailed"
  | "ConfigMissing"
  | "ContainerConfigInvalid"
  | "VolumeNotMounted"
  | "Unschedulable"
  | "SchedulingGated"
  | "ClaimNotBound"
  | "AdmissionRefused"
  | "QuotaExceeded"
  | "PodFailed"
  | "NodeNotReady"
  | "NodeLeftOut"
  | "StatefulSetBlocked"
  | "DeadlineExceeded"
  | "NotObserved"
  | "Paused"
  | "OnDelete"
  | "WaitingForTermination"
  | "WaitingForInit"
  | "WaitingForImage"
  | "WaitingForStart"
  | "WaitingForReadiness"
  | "WaitingForMinReady"
  | "Progressing";

/** Something that anybody can look up. */
export interface Evidence {
  /** Where it stands: `Pod web-1, container app, state.waiting`, `event BackOff of Pod web-1`, `log of web-1/app`. */
  readonly at: string;
  /** One line, or the lines of a log. */
  readonly text: string;
}

/** A way out: what to do and the command that does it, where one command does. */
export interface WayOut {
  readonly about: string;
  readonly command?: string;
}

export interface Explanation {
  readonly code: CauseCode;
  readonly certainty: Certainty;
  /** One sentence, without a line break. */
  readonly sentence: string;
  /** Names of the Pods that it concerns; none where it concerns the workload. */
  readonly pods: readonly string[];
  readonly container?: string;
  /** Somebody has to act, though nothing is wrong. */
  readonly needsPerson?: boolean;
  /** Worth knowing where people wonder, and no part of the rollout: it is told of complete ones, too. */
  readonly isNote?: boolean;
  /** It concerns Pods that are being replaced anyway: worth knowing, and in nobody's way. */
  readonly isPassing?: boolean;
  /** Until when it is waited, in milliseconds since the epoch, where that is known. */
  readonly untilMs?: number;
  readonly evidence: readonly Evidence[];
  readonly wayOut: readonly WayOut[];
}

/** The last lines of a container's log. */
export interface LogTail {
  readonly lines: readonly string[];
  /** There was more. */
  readonly cut: boolean;
}

/** What explains a workload beside itself. What could not be read is absent; nothing here is needed. */
export interface Related {
  /** Of the workload, its revisions, Pods and claims; others may be among them. */
  readonly events: readonly Event[];
  /** By `logKey`. */
  readonly logs: ReadonlyMap<string, LogTail>;
  /** By name, of the workload's namespace. */
  readonly claims: ReadonlyMap<string, PersistentVolumeClaim>;
  /** By name. */
  readonly nodes: ReadonlyMap<string, Node>;
}

/** Nothing is known beside the workload. */
export const nothingRelated: Related = { events: [], logs: new Map(), claims: new Map(), nodes: new Map() };

/** Where `Related.logs` has the log of a container. */
export const logKey = (podUid: string, container: string): string => `${podUid}/${container}`;
