/**
 * The status of a Pod as Kubernetes words it, from what the agent knows of its sandbox and containers. Pure: the same
 * knowledge gives the same status, and `lastTransitionTime` moves only when a condition's status does (KUB-40 … KUB-46).
 */
import type { Container, ContainerState, ContainerStatus, Pod, PodCondition, PodStatus } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import type { ContainerRecord, DeclaredContainer } from "./container-record.ts";
import { declaredContainers, terminatedState } from "./container-record.ts";
import { qosClass } from "./qos.ts";
import { restartsAfter } from "./restart-policy.ts";

/** All that a Pod's status follows from. */
export interface PodKnowledge {
  /** The Pod as the API last gave it: its spec, and the conditions that others own. */
  readonly pod: Pod;
  readonly records: ReadonlyMap<string, ContainerRecord>;
  /** The sandbox's address while it is up. */
  readonly sandboxIp: string | undefined;
  /** Nothing of the Pod runs any more and nothing will. */
  readonly ended: boolean;
  /** Set when the agent itself gave the Pod up: over its deadline, rejected, evicted. */
  readonly verdict: { readonly reason: string; readonly message: string } | undefined;
  readonly startTime: number;
  readonly nodeIp: string;
  readonly runtimeName: string;
  readonly now: number;
}

/** What a container shows that was never found again when its Pod ended. */
const lostContainer = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
  message: "The container could not be located when the pod was terminated",
};

/** The whole status, ready to be written. */
export function podStatus(knowledge: PodKnowledge): PodStatus {
  const { pod } = knowledge;
  const declared = declaredContainers(pod);
  const initStatuses: ContainerStatus[] = [];
  const appStatuses: ContainerStatus[] = [];
  const ephemeralStatuses: ContainerStatus[] = [];
  for (const container of declared) {
    const status = containerStatus(container, knowledge);
    if (container.role === "app") appStatuses.push(status);
    else if (container.role === "ephemeral") ephemeralStatuses.push(status);
    else initStatuses.push(status);
  }
  // By name, as Kubernetes orders them; init containers stay in the order in which they run.
  appStatuses.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

  const phase = podPhase(knowledge, declared);
  const previous = pod.status;
  const status: PodStatus = {
    observedGeneration: pod.metadata.generation ?? 1,
    phase,
    conditions: podConditions(knowledge, phase, declared, [...initStatuses, ...appStatuses]),
    hostIP: knowledge.nodeIp,
    hostIPs: [{ ip: knowledge.nodeIp }],
    startTime: formatTime(knowledge.startTime),
    qosClass: previous?.qosClass ?? qosClass(pod),
  };
  const podIp = knowledge.sandboxIp ?? previous?.podIP;
  if (podIp !== undefined) {
    status.podIP = podIp;
    status.podIPs = [{ ip: podIp }];
  }
  if (knowledge.verdict) {
    status.reason = knowledge.verdict.reason;
    status.message = knowledge.verdict.message;
  }
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses;
  if (appStatuses.length > 0) status.containerStatuses = appStatuses;
  if (ephemeralStatuses.length > 0) status.ephemeralContainerStatuses = ephemeralStatuses;
  for (const key of keptFields) {
    if (previous?.[key] !== undefined) (status as Record<string, unknown>)[key] = previous[key];
  }
  return status;
}

/** Fields of a Pod's status that others write. */
const keptFields = ["nominatedNodeName", "resourceClaimStatuses", "resize", "extendedResourceClaimStatus"] as const;

function containerStatus(container: DeclaredContainer, knowledge: PodKnowledge): ContainerStatus {
  const { spec, role } = container;
  const record = knowledge.records.get(spec.name);
  const status: ContainerStatus = {
    name: spec.name,
    state: containerState(container, record, knowledge),
    lastState: {},
    ready: isReady(role, record),
    restartCount: Math.max(0, record?.attempt ?? 0),
    image: record && record.state !== "none" ? record.image : (spec.image ?? ""),
    imageID: record?.imageId ?? "",
    started: record?.state === "running" && record.started,
  };
  if (record?.id !== undefined) status.containerID = `${knowledge.runtimeName}://${record.id}`;
  if (!record) return status;
  if (status.state?.waiting && record.state === "exited") status.lastState = { terminated: terminatedState(record, knowledge.runtimeName) };
  else if (record.last) status.lastState = { terminated: record.last };
  if (record.state !== "running") return status;
  const { resources } = record;
  if (resources?.limits || resources?.requests) status.resources = resources;
  if (resources?.requests) status.allocatedResources = resources.requests;
  return status;
}

function containerState(container: DeclaredContainer, record: ContainerRecord | undefined, knowledge: PodKnowledge): ContainerState {
  if (record?.state === "running") return { running: { startedAt: formatTime(record.startedAt ?? knowledge.now) } };
  if (knowledge.ended) {
    if (record?.state === "exited") return { terminated: terminatedState(record, knowledge.runtimeName) };
    // Ephemeral and init containers whose turn never came stay as they were, and app containers that waited for their turn.
    return container.role === "app" && knowledge.verdict === undefined && isInitialized(knowledge)
      ? { terminated: { ...lostContainer } }
      : { waiting: defaultWaiting(knowledge.pod) };
  }
  if (record?.waiting) return { waiting: record.waiting };
  if (record?.state === "exited") return { terminated: terminatedState(record, knowledge.runtimeName) };
  return { waiting: defaultWaiting(knowledge.pod) };
}

/** Whether every init container has done its work. */
const isInitialized = ({ pod, records }: PodKnowledge): boolean =>
  (pod.spec?.initContainers ?? []).every(({ name, restartPolicy }) => {
    const record = records.get(name);
    return restartPolicy === "Always" ? (record?.attempt ?? -1) >= 0 : record?.state === "exited" && record.exitCode === 0;
  });

const defaultWaiting = (pod: Pod): { reason: string } => ({
  reason: (pod.spec?.initContainers?.length ?? 0) > 0 ? "PodInitializing" : "ContainerCreating",
});

function isReady(role: DeclaredContainer["role"], record: ContainerRecord | undefined): boolean {
  if (!record) return false;
  if (role === "init") return record.state === "exited" && record.exitCode === 0;
  if (role === "ephemeral") return false;
  return record.state === "running" && record.started && record.probedReady;
}

/** Whether the container has ended and stays so. */
const isOver = (pod: Pod, container: DeclaredContainer, record: ContainerRecord | undefined): boolean =>
  record?.state === "exited" && !restartsAfter(pod, container.spec as Container, container.role, record.exitCode ?? 0);

/** KUB-43, KUB-44. */
function podPhase(knowledge: PodKnowledge, declared: readonly DeclaredContainer[]): string {
  const { pod, records } = knowledge;
  if (knowledge.verdict) return "Failed";
  const previous = pod.status?.phase;
  // An ended Pod never comes back.
  if (previous === "Succeeded" || previous === "Failed") return previous;

  let unstarted = 0;
  let running = 0;
  let restarting = 0;
  let failed = 0;
  for (const container of declared) {
    const record = records.get(container.spec.name);
    if (container.role === "init") {
      if (record?.state === "exited" && record.exitCode === 0) continue;
      if (hasStartedApps(knowledge, declared)) continue;
      if (isOver(pod, container, record)) return "Failed";
      return knowledge.ended ? "Failed" : "Pending";
    }
    if (container.role === "sidecar" && !knowledge.ended && !record?.started && !hasStartedApps(knowledge, declared)) return "Pending";
    if (container.role !== "app") continue;
    if (record?.state === "running") running++;
    else if (record?.state === "none" && record.attempt > 0) restarting++;
    else if (record?.state !== "exited") unstarted++;
    else if (!knowledge.ended && !isOver(pod, container, record)) restarting++;
    else if (record.exitCode !== 0) failed++;
  }
  if (knowledge.ended) return unstarted > 0 || failed > 0 ? "Failed" : "Succeeded";
  if (unstarted > 0) return "Pending";
  if (running > 0 || restarting > 0) return "Running";
  // Everything has ended; sidecars may still have to be stopped.
  const sidecarsRun = declared.some((container) => container.role === "sidecar" && records.get(container.spec.name)?.state === "running");
  if (sidecarsRun) return "Running";
  return failed > 0 ? "Failed" : "Succeeded";
}

const hasStartedApps = (knowledge: PodKnowledge, declared: readonly DeclaredContainer[]): boolean =>
  declared.some((container) => container.role === "app" && (knowledge.records.get(container.spec.name)?.attempt ?? -1) >= 0);

interface Finding {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

/** Conditions that the agent owns, in Kubernetes' order, after which come those of others (PodScheduled, readiness gates). */
function podConditions(
  knowledge: PodKnowledge,
  phase: string,
  declared: readonly DeclaredContainer[],
  statuses: readonly ContainerStatus[],
): PodCondition[] {
  const { pod } = knowledge;
  const containersReady = findContainersReady(phase, declared, statuses);
  const owned: [string, Finding][] = [
    ["PodReadyToStartContainers", { status: knowledge.sandboxIp !== undefined && !knowledge.ended ? "True" : "False" }],
    ["Initialized", findInitialized(knowledge, phase, declared)],
    ["Ready", findReady(pod, containersReady)],
    ["ContainersReady", containersReady],
  ];
  const previous = pod.status?.conditions ?? [];
  const generation = pod.metadata.generation ?? 1;
  const conditions: PodCondition[] = owned.map(([type, found]) => {
    const before = findCondition(previous, type);
    const condition: PodCondition = { type, observedGeneration: generation, status: found.status };
    if (found.reason !== undefined) condition.reason = found.reason;
    if (found.message !== undefined) condition.message = found.message;
    condition.lastTransitionTime =
      before?.status === found.status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : formatTime(knowledge.now);
    return condition;
  });
  for (const condition of previous) {
    if (owned.some(([type]) => type === condition.type)) continue;
    conditions.push(
      condition.type === "PodScheduled" && condition.observedGeneration !== generation
        ? { ...condition, observedGeneration: generation }
        : condition,
    );
  }
  return conditions;
}

/** Names as Go prints a list. */
const goList = (names: readonly string[]): string => `[${names.join(" ")}]`;

function findContainersReady(phase: string, declared: readonly DeclaredContainer[], statuses: readonly ContainerStatus[]): Finding {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const ready = new Map(statuses.map((status) => [status.name, status.ready]));
  const unready = declared
    .filter(({ role, spec }) => (role === "app" || role === "sidecar") && ready.get(spec.name) !== true)
    .map(({ spec }) => spec.name);
  if (unready.length === 0) return { status: "True" };
  return { status: "False", reason: "ContainersNotReady", message: `containers with unready status: ${goList(unready)}` };
}

function findInitialized(knowledge: PodKnowledge, phase: string, declared: readonly DeclaredContainer[]): Finding {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (hasStartedApps(knowledge, declared)) return { status: "True" };
  const incomplete = declared
    .filter(({ role, spec }) => {
      const record = knowledge.records.get(spec.name);
      if (role === "sidecar") return !record?.started;
      return role === "init" && !(record?.state === "exited" && record.exitCode === 0);
    })
    .map(({ spec }) => spec.name);
  if (incomplete.length === 0) return { status: "True" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  return { status: "False", reason: "ContainersNotInitialized", message: `containers with incomplete status: ${goList(incomplete)}` };
}

/** KUB-42. */
function findReady(pod: Pod, containersReady: Finding): Finding {
  if (containersReady.status === "False") return containersReady;
  const messages: string[] = [];
  for (const gate of pod.spec?.readinessGates ?? []) {
    const condition = findCondition(pod.status?.conditions, gate.conditionType);
    if (!condition) messages.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`);
    else if (condition.status !== "True") {
      messages.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${condition.status}`);
    }
  }
  return messages.length === 0 ? { status: "True" } : { status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}
