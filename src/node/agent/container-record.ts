/** What the agent knows of one container of a Pod: its spec's place in the Pod and the present and previous attempt. */
import type {
  Container,
  ContainerStateTerminated,
  ContainerStateWaiting,
  ContainerStatus,
  EphemeralContainer,
  Pod,
  ResourceRequirements,
} from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import type { ContainerSpec, ContainerStatus as RuntimeStatus } from "../runtime.ts";

export type ContainerRole = ContainerSpec["role"];

/** Mutable: the Pod's worker keeps it up to date. */
export interface ContainerRecord {
  readonly name: string;
  readonly role: ContainerRole;
  /** Where it stands in the Pod's spec, e.g. `spec.containers{web}`: what events point at. */
  readonly fieldPath: string;
  /** `none`: no attempt has been made yet. */
  state: "none" | "running" | "exited";
  /** The runtime's id of the present attempt. */
  id: string | undefined;
  /** Restart count. */
  attempt: number;
  image: string;
  /** As the API shows it: a digest reference where the image has one. */
  imageId: string;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  exitCode: number | undefined;
  signal: number | undefined;
  reason: string | undefined;
  message: string | undefined;
  /** Why it does not run, where something keeps it from starting. */
  waiting: ContainerStateWaiting | undefined;
  /** How the previous attempt ended. */
  last: ContainerStateTerminated | undefined;
  /** The runtime's id of the previous attempt, as long as its log is kept. */
  lastId: string | undefined;
  /** It runs, its postStart hook is over and its startup probe has succeeded. */
  started: boolean;
  /** What its readiness probe says, or that it has none. Counts only while it runs. */
  probedReady: boolean;
  /** Its main process is being ended on purpose; a stop is under way. */
  stopping: boolean;
  /** It was stopped for the sake of a new image: the next attempt comes at once, whatever the restart policy. */
  replaced: boolean;
  /** What the present attempt may take: what it was started with, or has been given since. */
  resources: ResourceRequirements | undefined;
  /** It ran in a sandbox that is gone: what it prepared may be gone, too. */
  outdated: boolean;
}

/** A container's spec with the role it has in its Pod. */
export interface DeclaredContainer {
  readonly spec: Container | EphemeralContainer;
  readonly role: ContainerRole;
  readonly fieldPath: string;
}

/** Every container of a Pod: init containers and sidecars in order, app containers, ephemeral containers. */
export function declaredContainers(pod: Pod): DeclaredContainer[] {
  const declared: DeclaredContainer[] = [];
  for (const spec of pod.spec?.initContainers ?? []) {
    declared.push({ spec, role: spec.restartPolicy === "Always" ? "sidecar" : "init", fieldPath: `spec.initContainers{${spec.name}}` });
  }
  for (const spec of pod.spec?.containers ?? []) declared.push({ spec, role: "app", fieldPath: `spec.containers{${spec.name}}` });
  for (const spec of pod.spec?.ephemeralContainers ?? []) {
    declared.push({ spec, role: "ephemeral", fieldPath: `spec.ephemeralContainers{${spec.name}}` });
  }
  return declared;
}

/** A container that has never run. */
export const newRecord = (declared: DeclaredContainer): ContainerRecord => ({
  name: declared.spec.name,
  role: declared.role,
  fieldPath: declared.fieldPath,
  state: "none",
  id: undefined,
  attempt: -1,
  image: declared.spec.image ?? "",
  imageId: "",
  startedAt: undefined,
  finishedAt: undefined,
  exitCode: undefined,
  signal: undefined,
  reason: undefined,
  message: undefined,
  waiting: undefined,
  last: undefined,
  lastId: undefined,
  started: false,
  probedReady: false,
  stopping: false,
  replaced: false,
  resources: undefined,
  outdated: false,
});

/** A new attempt was made in place of the present one. Until it runs it shows as waiting, and its predecessor as the last state. */
export function beginAttempt(record: ContainerRecord, declared: DeclaredContainer, id: string, imageId: string): void {
  record.attempt++;
  record.id = id;
  record.resources = (declared.spec as Container).resources;
  record.image = declared.spec.image ?? "";
  record.imageId = imageId;
  record.startedAt = undefined;
  record.finishedAt = undefined;
  record.exitCode = undefined;
  record.signal = undefined;
  record.reason = undefined;
  record.message = undefined;
  record.started = false;
  record.probedReady = false;
  record.stopping = false;
  record.replaced = false;
  record.outdated = false;
  record.state = "none";
  record.waiting = undefined;
}

/** How the present attempt ended, as the API has it. */
export function terminatedState(record: ContainerRecord, runtimeName: string): ContainerStateTerminated {
  const exitCode = record.exitCode ?? 0;
  const terminated: ContainerStateTerminated = {
    exitCode,
    reason: record.reason ?? (exitCode === 0 ? "Completed" : "Error"),
    // A container that never ran has the epoch for a start, as in Kubernetes.
    startedAt: formatTime(record.startedAt ?? 0),
    finishedAt: formatTime(record.finishedAt ?? 0),
  };
  if (record.id !== undefined) terminated.containerID = `${runtimeName}://${record.id}`;
  if (record.signal !== undefined && record.exitCode === undefined) terminated.signal = record.signal;
  if (record.message !== undefined && record.message !== "") terminated.message = record.message;
  return terminated;
}

/** Takes over what the runtime says of an attempt. */
export function takeRuntimeStatus(record: ContainerRecord, status: RuntimeStatus): void {
  record.id = status.id;
  record.attempt = status.attempt;
  record.image = status.image;
  record.startedAt = status.startedAt;
  record.finishedAt = status.finishedAt;
  record.exitCode = status.exitCode;
  record.signal = status.signal;
  record.reason = status.reason;
  if (status.message !== undefined) record.message = status.message;
  // A container that was made and never started counts as ended: the next attempt replaces it.
  record.state = status.state === "running" ? "running" : "exited";
  if (status.state === "created") {
    record.exitCode = 128;
    record.reason = "StartError";
    record.finishedAt = status.createdAt;
  }
}

/**
 * Takes over from the Pod's status what the runtime no longer knows: the restart count, the previous termination, and
 * whether it had started and was ready, so that an engine's restart shows nowhere.
 */
export function takeApiStatus(record: ContainerRecord, status: ContainerStatus, now: number): void {
  const id = idOf(status.containerID);
  if (record.id !== undefined && record.id === id) {
    record.imageId = status.imageID;
    record.resources = status.resources;
    record.last ??= status.lastState?.terminated;
    record.started = status.started === true && record.state === "running";
    record.probedReady = status.ready && record.state === "running";
    return;
  }
  if (record.id !== undefined) {
    record.last ??= status.state?.terminated ?? status.lastState?.terminated;
    return;
  }
  const ended = status.state?.terminated;
  const lost = status.state?.running;
  if (!ended && !lost && !(status.state?.waiting && status.lastState?.terminated)) return;
  const terminated = ended ?? status.lastState?.terminated;
  record.state = "exited";
  record.attempt = status.restartCount;
  record.imageId = status.imageID;
  record.image = status.image;
  if (lost) {
    record.startedAt = parseTime(lost.startedAt);
    record.finishedAt = now;
    record.exitCode = 137;
    record.reason = "ContainerStatusUnknown";
    record.message = "The container could not be located when the pod was adopted";
    record.last = status.lastState?.terminated;
    return;
  }
  record.startedAt = parseTime(terminated?.startedAt);
  record.finishedAt = parseTime(terminated?.finishedAt) ?? now;
  record.exitCode = terminated?.exitCode;
  record.reason = terminated?.reason;
  record.message = terminated?.message;
  if (ended) record.last = status.lastState?.terminated;
}

const idOf = (containerId: string | undefined): string | undefined => containerId?.slice(containerId.indexOf("://") + 3);
