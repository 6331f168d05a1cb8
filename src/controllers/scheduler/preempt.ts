/** Which Pods have to go so that a more important one finds room. Pure. */
import type { Pod } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import type { ClusterView, NodeView, PlacedPod } from "./cluster-view.ts";
import { cycleOf, type DecideOptions, type Refusal, refusalOf } from "./decide.ts";

export type Preemption =
  | { readonly type: "evict"; readonly nodeName: string; readonly victims: readonly Pod[] }
  /** `reasons` counts nodes per reason, as the user reads it. */
  | { readonly type: "none"; readonly sentence: string };

const priorityOf = (pod: Pod): number => pod.spec?.priority ?? 0;

/** Least important first; among equals the youngest first. */
const byImportance = (a: PlacedPod, b: PlacedPod): number =>
  priorityOf(a.pod) - priorityOf(b.pod) || (startOf(b.pod) < startOf(a.pod) ? -1 : startOf(b.pod) > startOf(a.pod) ? 1 : 0);
const startOf = (pod: Pod): number => parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp) ?? 0;

/**
 * On each node where it could help, all less important Pods are thought away, then put back one by one, the most
 * important first, as long as the Pod still fits. The node whose victims matter least wins.
 */
export function preempt(
  placed: PlacedPod,
  cluster: ClusterView,
  refusals: ReadonlyMap<string, Refusal>,
  asked: Pick<DecideOptions, "namespaceLabels" | "volumes">,
): Preemption {
  const total = cluster.nodes.size;
  const none = (counts: ReadonlyMap<string, number>): Preemption => ({
    type: "none",
    sentence: `preemption: 0/${total} nodes are available: ${[...counts]
      .map(([reason, times]) => `${times} ${reason}`)
      .sort()
      .join(", ")}.`,
  });
  if (placed.pod.spec?.preemptionPolicy === "Never")
    return { type: "none", sentence: "preemption: not eligible due to preemptionPolicy=Never." };
  const counts = new Map<string, number>();
  const bump = (reason: string): void => void counts.set(reason, (counts.get(reason) ?? 0) + 1);
  let chosen: { nodeName: string; victims: readonly PlacedPod[] } | undefined;
  for (const [nodeName, refusal] of refusals) {
    const view = cluster.nodes.get(nodeName);
    if (!view) continue;
    if (!refusal.preemptable) {
      bump("Preemption is not helpful for scheduling");
      continue;
    }
    const victims = victimsOn(view, placed, cluster, asked);
    if (!victims) bump("No preemption victims found for incoming pod");
    else if (!chosen || lighter(victims, chosen.victims)) chosen = { nodeName, victims };
  }
  if (!chosen) return none(counts);
  return { type: "evict", nodeName: chosen.nodeName, victims: chosen.victims.map((each) => each.pod) };
}

function victimsOn(
  view: NodeView,
  placed: PlacedPod,
  cluster: ClusterView,
  asked: Pick<DecideOptions, "namespaceLabels" | "volumes">,
): readonly PlacedPod[] | undefined {
  const lesser = [...view.pods.values()].filter((each) => priorityOf(each.pod) < priorityOf(placed.pod)).sort(byImportance);
  if (lesser.length === 0) return undefined;
  const fits = (): boolean => refusalOf(view, cycleOf(placed, { cluster, ...asked })) === undefined;
  for (const each of lesser) view.remove(each.pod.metadata.uid as string);
  try {
    if (!fits()) return undefined;
    const victims: PlacedPod[] = [];
    for (const each of [...lesser].reverse()) {
      view.add(each);
      if (fits()) continue;
      view.remove(each.pod.metadata.uid as string);
      victims.push(each);
    }
    return victims;
  } finally {
    for (const each of lesser) view.add(each);
  }
}

/** Whether losing `a` hurts less than losing `b`. */
function lighter(a: readonly PlacedPod[], b: readonly PlacedPod[]): boolean {
  const top = (list: readonly PlacedPod[]): number => Math.max(Number.NEGATIVE_INFINITY, ...list.map((each) => priorityOf(each.pod)));
  const sum = (list: readonly PlacedPod[]): number => list.reduce((total, each) => total + priorityOf(each.pod), 0);
  return top(a) - top(b) || sum(a) - sum(b) || a.length - b.length
    ? (top(a) - top(b) || sum(a) - sum(b) || a.length - b.length) < 0
    : false;
}
