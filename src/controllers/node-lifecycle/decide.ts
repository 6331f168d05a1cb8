/** What a node's silence means, and which Pods must leave it. Pure. */
import type { Lease, Node, NodeCondition, Pod, Taint } from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { tolerates } from "../../machinery/node-affinity.ts";

/** A node that has not been heard of for this long is taken for lost. */
export const nodeMonitorGraceMs = 40_000;

const notReadyTaint = "node.kubernetes.io/not-ready";
const unreachableTaint = "node.kubernetes.io/unreachable";
const unschedulableTaint = "node.kubernetes.io/unschedulable";
const pressureTaints: Readonly<Record<string, string>> = {
  MemoryPressure: "node.kubernetes.io/memory-pressure",
  DiskPressure: "node.kubernetes.io/disk-pressure",
  PIDPressure: "node.kubernetes.io/pid-pressure",
  NetworkUnavailable: "node.kubernetes.io/network-unavailable",
};
const ownTaints: ReadonlySet<string> = new Set([notReadyTaint, unreachableTaint, unschedulableTaint, ...Object.values(pressureTaints)]);
/** Conditions that a lost node can no longer vouch for. */
const reportedConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] as const;

/** When a node was last heard of: its lease renewed, or its Ready condition refreshed. */
export function lastHeardMs(node: Node, lease: Lease | undefined): number {
  const renewed = parseTime(lease?.spec?.renewTime) ?? 0;
  const reported = parseTime(findCondition(node.status?.conditions, "Ready")?.lastHeartbeatTime) ?? 0;
  return Math.max(renewed, reported, parseTime(node.metadata.creationTimestamp) ?? 0);
}

/** The conditions of a node that has fallen silent; undefined when they already say so. */
export function silentConditions(node: Node, now: number): NodeCondition[] | undefined {
  const time = formatTime(now);
  const known = node.status?.conditions ?? [];
  const conditions = [...known];
  let changed = false;
  for (const type of reportedConditions) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const condition = conditions[index];
    if (condition?.status === "Unknown") continue;
    changed = true;
    const next: NodeCondition = {
      type,
      status: "Unknown",
      reason: condition ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
      message: condition ? "Kubelet stopped posting node status." : "Kubelet never posted node status.",
      lastHeartbeatTime: condition?.lastHeartbeatTime ?? time,
      lastTransitionTime: time,
    };
    if (index < 0) conditions.push(next);
    else conditions[index] = next;
  }
  return changed ? conditions : undefined;
}

/** The taints that a node's conditions and its spec call for; undefined when it has them. */
export function wantedTaints(node: Node, now: number): Taint[] | undefined {
  const wanted: Taint[] = [];
  const ready = findCondition(node.status?.conditions, "Ready")?.status;
  // A node that has said nothing yet is new: nothing goes there, and nothing has to leave.
  if (ready === undefined) wanted.push({ key: notReadyTaint, effect: "NoSchedule" });
  else if (ready === "False") wanted.push({ key: notReadyTaint, effect: "NoSchedule" }, { key: notReadyTaint, effect: "NoExecute" });
  else if (ready !== "True") wanted.push({ key: unreachableTaint, effect: "NoSchedule" }, { key: unreachableTaint, effect: "NoExecute" });
  for (const [type, key] of Object.entries(pressureTaints)) {
    if (findCondition(node.status?.conditions, type)?.status === "True") wanted.push({ key, effect: "NoSchedule" });
  }
  if (node.spec?.unschedulable) wanted.push({ key: unschedulableTaint, effect: "NoSchedule" });
  const current = node.spec?.taints ?? [];
  const id = (taint: Taint): string => `${taint.key}:${taint.effect}`;
  const foreign = current.filter((taint) => !ownTaints.has(taint.key));
  const own = current.filter((taint) => ownTaints.has(taint.key));
  const same = own.length === wanted.length && own.every((taint) => wanted.some((each) => id(each) === id(taint)));
  if (same) return undefined;
  const timed = wanted.map((taint) => own.find((each) => id(each) === id(taint)) ?? { ...taint, timeAdded: formatTime(now) });
  return [...foreign, ...timed];
}

/**
 * When a Pod must leave a node because of its NoExecute taints, in milliseconds since the epoch: at once where one is
 * not tolerated, after the shortest tolerationSeconds where all are, never (undefined) without a limit. `sinceOf` says
 * since when a taint is there that does not say so itself.
 */
export function evictionMs(pod: Pod, taints: readonly Taint[], now: number, sinceOf: (taint: Taint) => number): number | undefined {
  let dueMs: number | undefined;
  for (const taint of taints) {
    if (taint.effect !== "NoExecute") continue;
    const tolerations = (pod.spec?.tolerations ?? []).filter((toleration) => tolerates(toleration, taint));
    if (tolerations.length === 0) return now;
    const limits = tolerations.map((toleration) => toleration.tolerationSeconds).filter((seconds) => seconds !== undefined);
    if (limits.length < tolerations.length && limits.length === 0) continue;
    const untilMs = (parseTime(taint.timeAdded) ?? sinceOf(taint)) + Math.max(0, Math.min(...limits)) * 1000;
    dueMs = dueMs === undefined ? untilMs : Math.min(dueMs, untilMs);
  }
  return dueMs;
}
