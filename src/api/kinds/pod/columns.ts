/** What `kubectl get pods` shows: READY, STATUS and RESTARTS are worked out here, by the server (TAB-6, POD-1 … POD-8). */
import { parseTime } from "../../../base/time.ts";
import { isConditionTrue } from "../../../machinery/conditions.ts";
import { humanDuration } from "../../../machinery/duration.ts";
import { isPodTerminal } from "../../../machinery/pods.ts";
import type { Column } from "../../kind.ts";
import type { ContainerStateTerminated, ContainerStatus, Pod } from "../../types.ts";
import { ageColumn, nameColumn, textColumn, wide } from "../columns.ts";

/** What a Pod looks like at a glance. */
export interface PodGlance {
  /** STATUS: a phase, or the reason that says more than the phase. */
  readonly status: string;
  /** Ready containers, sidecars included. */
  readonly ready: number;
  /** All containers, sidecars included. */
  readonly total: number;
  readonly restarts: number;
  /** Milliseconds since the epoch of the newest restart, where known. */
  readonly lastRestart: number | undefined;
}

/** Restarts so far, and when the newest was. */
class Restarts {
  count = 0;
  last: number | undefined;

  add(status: ContainerStatus): void {
    this.count += status.restartCount ?? 0;
    const at = parseTime(status.lastState?.terminated?.finishedAt);
    if (at !== undefined && (this.last === undefined || at > this.last)) this.last = at;
  }
}

const endText = (end: ContainerStateTerminated): string =>
  end.reason || (end.signal ? `Signal:${end.signal}` : `ExitCode:${end.exitCode ?? 0}`);

/** Sums a Pod up (POD-1 … POD-7). */
function podGlance(pod: Pod): PodGlance {
  const status = pod.status ?? {};
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always").map((c) => c.name));
  let text = status.reason || status.phase || "";
  if (status.conditions?.some((c) => c.type === "PodScheduled" && c.reason === "SchedulingGated")) text = "SchedulingGated";

  let ready = 0;
  const all = new Restarts();
  const lasting = new Restarts();
  let initializing = false;
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(container.name);
    all.add(container);
    if (sidecar) lasting.add(container);
    const problem = initText(container, sidecar, index, pod.spec?.initContainers?.length ?? 0);
    if (problem === undefined) {
      if (sidecar && container.started && container.ready) ready++;
      continue;
    }
    text = problem;
    initializing = true;
    break;
  }

  let restarts = all;
  if (!initializing || isConditionTrue(status.conditions, "Initialized")) {
    restarts = lasting;
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts.add(container);
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) text = waiting.reason;
      else if (terminated) text = endText(terminated);
      else if (container.ready && container.state?.running) {
        running = true;
        ready++;
      }
    }
    // Some containers are done, others run: the Pod as a whole runs.
    if (text === "Completed" && running) text = isConditionTrue(status.conditions, "Ready") ? "Running" : "NotReady";
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === "NodeLost") text = "Unknown";
    else if (!isPodTerminal(pod)) text = "Terminating";
  }
  const total = (pod.spec?.containers?.length ?? 0) + sidecars.size;
  return { status: text, ready, total, restarts: restarts.count, lastRestart: restarts.last };
}

/** What an init container says of the Pod's start, or undefined when it holds nothing up (POD-2). */
function initText(container: ContainerStatus, sidecar: boolean, index: number, total: number): string | undefined {
  const { waiting, terminated } = container.state ?? {};
  if (terminated && (terminated.exitCode ?? 0) === 0) return undefined;
  if (sidecar && container.started) return undefined;
  if (terminated) return `Init:${endText(terminated)}`;
  if (waiting?.reason && waiting.reason !== "PodInitializing") return `Init:${waiting.reason}`;
  return `Init:${index}/${total}`;
}

function readinessGatesText(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  return `${gates.filter((gate) => isConditionTrue(pod.status?.conditions, gate.conditionType)).length}/${gates.length}`;
}

// The cells of a row ask for the same summary one after another; objects are frozen, so it is worked out once.
const glances = new WeakMap<Pod, PodGlance>();
/** What a Pod looks like at a glance; worked out once per frozen object. */
export function glance(pod: Pod): PodGlance {
  if (!Object.isFrozen(pod)) return podGlance(pod);
  let known = glances.get(pod);
  if (!known) {
    known = podGlance(pod);
    glances.set(pod, known);
  }
  return known;
}

function restartsText(pod: Pod, now: number): string {
  const { restarts, lastRestart } = glance(pod);
  return restarts > 0 && lastRestart !== undefined ? `${restarts} (${humanDuration(now - lastRestart)} ago)` : String(restarts);
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  textColumn("Ready", (pod) => `${glance(pod).ready}/${glance(pod).total}`),
  textColumn("Status", (pod) => glance(pod).status),
  textColumn("Restarts", (pod, { now }) => restartsText(pod, now)),
  ageColumn,
  wide(textColumn("IP", (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || "<none>")),
  wide(textColumn("Node", (pod) => pod.spec?.nodeName || "<none>")),
  wide(textColumn("Nominated Node", (pod) => pod.status?.nominatedNodeName || "<none>")),
  wide(textColumn("Readiness Gates", readinessGatesText)),
];

/** A finished Pod's row says so (POD-8). */
export function podRowConditions(pod: Pod): { type: string; status: string; reason?: string; message?: string }[] {
  switch (pod.status?.phase) {
    case "Succeeded":
      return [{ type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." }];
    case "Failed":
      return [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];
    default:
      return [];
  }
}
