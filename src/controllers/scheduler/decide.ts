/**
 * Where a Pod goes: every node is asked whether it can take the Pod, those that can are scored, the best one wins, and
 * equals are drawn from the given randomness. Pure but for that draw.
 */
import type { Pod } from "../../api/types.ts";
import { type Random, randomInt } from "../../base/random.ts";
import { controllerOf } from "../../machinery/owners.ts";
import type { ClusterView, NodeView, PlacedPod } from "./cluster-view.ts";
import { portsCollide } from "../../machinery/host-ports.ts";
import { nodeMatchesPod, termMatches, untolerated } from "../../machinery/node-affinity.ts";
import { type AffinityCycle, affinityCycle, type NamespaceLabels } from "./pod-affinity.ts";
import { type SpreadCycle, spreadCycle } from "./topology-spread.ts";
import type { VolumeNeeds } from "./volume-needs.ts";

/** Why one node can't take a Pod. */
export interface Refusal {
  /** As the user reads it, without the count: `Insufficient cpu`. */
  readonly reasons: readonly string[];
  /** Removing Pods from the node could change it. */
  readonly preemptable: boolean;
}

export type Decision =
  | { readonly type: "place"; readonly nodeName: string }
  | {
      readonly type: "refused";
      readonly refusals: ReadonlyMap<string, Refusal>;
      /** Why no node was asked at all. */
      readonly hopeless?: string;
    };

/** What is worked out once per Pod, for all nodes. */
export interface Cycle {
  readonly placed: PlacedPod;
  readonly affinity: AffinityCycle;
  readonly spread: SpreadCycle;
  /** Absent: the Pod has no claims. */
  readonly volumes?: VolumeNeeds | undefined;
}

export interface DecideOptions {
  readonly cluster: ClusterView;
  readonly random: Random;
  readonly namespaceLabels: NamespaceLabels;
  /** What the Pod's claims ask; absent: it has none. */
  readonly volumes?: VolumeNeeds | undefined;
  /** Where to begin looking, so that large clusters are searched evenly. */
  readonly startAt: number;
}

/** On large clusters the search ends when this many nodes can take the Pod. */
const enoughNodes = 100;

/** Works out what all nodes' answers share. */
export const cycleOf = (placed: PlacedPod, options: Pick<DecideOptions, "cluster" | "namespaceLabels" | "volumes">): Cycle => ({
  placed,
  affinity: affinityCycle(placed.pod, options.cluster, options.namespaceLabels),
  spread: spreadCycle(placed.pod, options.cluster),
  volumes: options.volumes,
});

/** The best node for a Pod, or why there is none. */
export function decide(placed: PlacedPod, options: DecideOptions): Decision {
  const hopeless = options.volumes?.hopeless;
  if (hopeless !== undefined) {
    const refusals = new Map([...options.cluster.nodes.keys()].map((name) => [name, { reasons: [hopeless], preemptable: false }]));
    return { type: "refused", refusals, hopeless };
  }
  const cycle = cycleOf(placed, options);
  const { nodes } = options.cluster;
  const named = namedNodes(placed.pod);
  const views = named ? [...named].map((name) => nodes.get(name)).filter((view) => view !== undefined) : [...nodes.values()];
  const fits: NodeView[] = [];
  const refusals = new Map<string, Refusal>();
  for (let step = 0; step < views.length && fits.length < enoughNodes; step++) {
    const view = views[(options.startAt + step) % views.length] as NodeView;
    const refusal = refusalOf(view, cycle);
    if (refusal) refusals.set(view.name, refusal);
    else fits.push(view);
  }
  if (fits.length === 0) {
    for (const name of nodes.keys()) if (named && !named.has(name)) refusals.set(name, unasked);
    return { type: "refused", refusals };
  }
  return { type: "place", nodeName: best(fits, cycle, options.random).name };
}

/** What is said of the nodes that a Pod's affinity leaves out by name. */
const unasked: Refusal = { reasons: ["node(s) didn't satisfy plugin(s) [NodeAffinity]"], preemptable: false };

/**
 * The only nodes that a Pod can go to because its required affinity names them, as that of each Pod of a DaemonSet does: no
 * others need be asked. Undefined where it names none.
 */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (!terms || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    const field = matchFields.find(({ key, operator }) => key === "metadata.name" && operator === "In");
    if (!field) return undefined;
    for (const name of field.values ?? []) names.add(name);
  }
  return names;
}

/** Why a node can't take a Pod, or undefined when it can. The order is the one in which Kubernetes asks. */
export function refusalOf(view: NodeView, { placed, affinity, spread, volumes }: Cycle): Refusal | undefined {
  const { pod, requests } = placed;
  const never = (reason: string): Refusal => ({ reasons: [reason], preemptable: false });
  if (
    view.node.spec?.unschedulable &&
    untolerated(pod, [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }], ["NoSchedule"])
  )
    return never("node(s) were unschedulable");
  if (pod.spec?.nodeName && pod.spec.nodeName !== view.name) return never("node(s) didn't match the requested node name");
  const taint = untolerated(pod, view.node.spec?.taints, ["NoSchedule", "NoExecute"]);
  if (taint) return never(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`);
  if (!nodeMatchesPod(pod, view.node)) return never("node(s) didn't match Pod's node affinity/selector");
  for (const port of requests.hostPorts) {
    for (const taken of view.hostPorts()) {
      if (portsCollide(port, taken)) return { reasons: ["node(s) didn't have free ports for the requested pod ports"], preemptable: true };
    }
  }
  const short = shortages(view, placed);
  if (short) return short;
  const volumeRefusal = volumes?.refuses(view);
  if (volumeRefusal) return { reasons: [volumeRefusal.reason], preemptable: volumeRefusal.preemptable };
  const spreadReason = spread.refuses(view);
  if (spreadReason) return { reasons: [spreadReason], preemptable: !spreadReason.endsWith("(missing required label)") };
  const affinityReason = affinity.refuses(view);
  if (affinityReason) return { reasons: [affinityReason], preemptable: affinityReason !== "node(s) didn't match pod affinity rules" };
  return undefined;
}

function shortages(view: NodeView, { requests }: PlacedPod): Refusal | undefined {
  const reasons: string[] = [];
  let preemptable = true;
  if (view.pods.size + 1 > (view.allocatable.get("pods") ?? 0)) reasons.push("Too many pods");
  for (const [resource, amount] of requests.amounts) {
    if (amount === 0) continue;
    const capacity = view.allocatable.get(resource) ?? 0;
    if (amount <= capacity - (view.requested.get(resource) ?? 0)) continue;
    reasons.push(`Insufficient ${resource}`);
    if (amount > capacity) preemptable = false;
  }
  return reasons.length > 0 ? { reasons, preemptable } : undefined;
}

/** Weights of the scores, each of which runs from 0 to 100. */
const weights = { room: 1, balance: 1, nodeAffinity: 2, podAffinity: 2, spread: 2, siblings: 2, taints: 3 } as const;

function best(fits: readonly NodeView[], cycle: Cycle, random: Random): NodeView {
  if (fits.length === 1) return fits[0] as NodeView;
  const { pod } = cycle.placed;
  const controller = controllerOf(pod)?.uid;
  const raw = fits.map((view) => ({
    view,
    nodeAffinity: preferredNodeAffinity(pod, view),
    podAffinity: cycle.affinity.score(view),
    crowd: cycle.spread.crowd(view),
    siblings: controller === undefined ? 0 : (view.perController.get(controller) ?? 0),
    taints: preferNoSchedule(pod, view),
  }));
  const highest = (pick: (each: (typeof raw)[number]) => number): number => Math.max(...raw.map(pick));
  const lowest = (pick: (each: (typeof raw)[number]) => number): number => Math.min(...raw.map(pick));
  const upward = (value: number, low: number, high: number): number => (high === low ? 0 : (100 * (value - low)) / (high - low));
  const downward = (value: number, high: number): number => (high === 0 ? 100 : (100 * (high - value)) / high);
  const limits = {
    nodeAffinity: highest((each) => each.nodeAffinity),
    podAffinity: [lowest((each) => each.podAffinity), highest((each) => each.podAffinity)] as const,
    crowd: highest((each) => each.crowd),
    siblings: highest((each) => each.siblings),
    taints: highest((each) => each.taints),
  };
  let winners: NodeView[] = [];
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const each of raw) {
    const score =
      weights.room * room(each.view, cycle.placed) +
      weights.balance * balance(each.view, cycle.placed) +
      weights.nodeAffinity * upward(each.nodeAffinity, 0, limits.nodeAffinity) +
      weights.podAffinity * upward(each.podAffinity, ...limits.podAffinity) +
      weights.spread * downward(each.crowd, limits.crowd) +
      weights.siblings * downward(each.siblings, limits.siblings) +
      weights.taints * downward(each.taints, limits.taints);
    // Scores are whole numbers to the user of ties: a difference below one is none.
    const rounded = Math.floor(score);
    if (rounded > bestScore) {
      bestScore = rounded;
      winners = [each.view];
    } else if (rounded === bestScore) winners.push(each.view);
  }
  return winners[winners.length === 1 ? 0 : randomInt(random, 0, winners.length - 1)] as NodeView;
}

function fractions(view: NodeView, { requests }: PlacedPod): readonly [number, number] {
  const share = (taken: number, capacity: number): number => (capacity > 0 ? Math.min(1, taken / capacity) : 1);
  return [
    share(view.scoredMilliCpu + requests.scoredMilliCpu, view.allocatable.get("cpu") ?? 0),
    share(view.scoredMemory + requests.scoredMemory, view.allocatable.get("memory") ?? 0),
  ];
}

function room(view: NodeView, placed: PlacedPod): number {
  const [cpu, memory] = fractions(view, placed);
  return 100 * (1 - (cpu + memory) / 2);
}

function balance(view: NodeView, placed: PlacedPod): number {
  const [cpu, memory] = fractions(view, placed);
  return 100 * (1 - Math.abs(cpu - memory) / 2);
}

function preferredNodeAffinity(pod: Pod, view: NodeView): number {
  let sum = 0;
  for (const each of pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    const { matchExpressions, matchFields } = each.preference;
    const empty = (matchExpressions ?? []).length === 0 && (matchFields ?? []).length === 0;
    if (empty || termMatches(each.preference, view.node)) sum += each.weight;
  }
  return sum;
}

function preferNoSchedule(pod: Pod, view: NodeView): number {
  const taints = (view.node.spec?.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule");
  return taints.filter((taint) => untolerated(pod, [taint], ["PreferNoSchedule"]) !== undefined).length;
}

/** The sentence of a FailedScheduling event, without the part on preemption. */
export function refusalSentence(refusals: Iterable<Refusal>, nodesTotal: number, hopeless?: string): string {
  if (nodesTotal === 0) return "no nodes available to schedule pods";
  if (hopeless !== undefined) return `0/${nodesTotal} nodes are available: ${hopeless}.`;
  const counts = new Map<string, number>();
  for (const { reasons } of refusals) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, times]) => `${times} ${reason}`).sort();
  return `0/${nodesTotal} nodes are available: ${parts.join(", ")}.`;
}
