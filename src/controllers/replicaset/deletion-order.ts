/** Which Pods go first when a set shrinks (RS-5). */
import { parseTime } from "../../base/time.ts";
import { isPodReady, podReadyCondition } from "../../machinery/pods.ts";
import type { Pod } from "../../api/types.ts";

const deletionCost = "controller.kubernetes.io/pod-deletion-cost";
const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** What decides, computed once per Pod. A Pod with the smaller value goes first; fields stand in the order in which they decide. */
interface Rank {
  readonly pod: Pod;
  readonly assigned: number;
  readonly phase: number;
  readonly ready: number;
  readonly cost: number;
  /** Minus the number of related Pods on its node: crowded nodes are relieved first. */
  readonly crowd: number;
  /** On a scale of powers of two: Pods of roughly equal age are equal. */
  readonly readyAge: number;
  readonly restarts: number;
  readonly age: number;
}

/**
 * The `count` Pods to delete. `relatedOnNode` tells how many active Pods of the same owner, this set's and its
 * siblings', run on a node. When all must go there is nothing to rank (RS-6).
 */
export function podsToDelete(pods: readonly Pod[], count: number, relatedOnNode: (node: string) => number, nowMs: number): readonly Pod[] {
  if (count >= pods.length) return pods;
  if (count <= 0) return [];
  return pods
    .map((pod) => rank(pod, relatedOnNode, nowMs))
    .sort(compare)
    .slice(0, count)
    .map(({ pod }) => pod);
}

function rank(pod: Pod, relatedOnNode: (node: string) => number, nowMs: number): Rank {
  const node = pod.spec?.nodeName ?? "";
  const ready = isPodReady(pod);
  let restarts = 0;
  for (const status of pod.status?.containerStatuses ?? []) restarts = Math.max(restarts, status.restartCount);
  return {
    pod,
    assigned: node === "" ? 0 : 1,
    phase: phaseRank[pod.status?.phase ?? "Pending"] ?? 0,
    ready: ready ? 1 : 0,
    cost: costOf(pod),
    crowd: node === "" ? 0 : -relatedOnNode(node),
    readyAge: ready ? logAge(podReadyCondition(pod)?.lastTransitionTime, nowMs) : 0,
    restarts: -restarts,
    age: logAge(pod.metadata.creationTimestamp, nowMs),
  };
}

/** An int32 without a sign or leading zeros that mean nothing; anything else counts as 0. */
function costOf(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCost];
  if (text === undefined || !/^-?(0|[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

/** The power of two of an age in nanoseconds; an unknown time counts as the youngest. */
function logAge(time: string | undefined, nowMs: number): number {
  const sinceMs = parseTime(time);
  if (sinceMs === undefined) return -2;
  const ageMs = nowMs - sinceMs;
  return ageMs <= 0 ? -1 : Math.floor(Math.log2(ageMs * 1e6));
}

function compare(a: Rank, b: Rank): number {
  return (
    a.assigned - b.assigned ||
    a.phase - b.phase ||
    a.ready - b.ready ||
    a.cost - b.cost ||
    a.crowd - b.crowd ||
    a.readyAge - b.readyAge ||
    a.restarts - b.restarts ||
    a.age - b.age ||
    byUid(a.pod, b.pod)
  );
}

function byUid(a: Pod, b: Pod): number {
  const [one, other] = [a.metadata.uid ?? "", b.metadata.uid ?? ""];
  return one < other ? -1 : one > other ? 1 : 0;
}
