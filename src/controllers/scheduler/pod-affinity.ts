/** Affinity and anti-affinity between Pods. Pure. */
import type { Pod, PodAffinityTerm } from "../../api/types.ts";
import { compileLabelSelector, type LabelMatcher } from "../../machinery/selectors.ts";
import type { ClusterView, NodeView } from "./cluster-view.ts";

const compiled = new WeakMap<PodAffinityTerm, LabelMatcher>();

function selectorOf(term: PodAffinityTerm): LabelMatcher {
  const known = compiled.get(term);
  if (known) return known;
  const matcher = compileLabelSelector(term.labelSelector);
  compiled.set(term, matcher);
  return matcher;
}

/** Whether `candidate` is one of the Pods that a term of `pod` speaks of. */
function speaksOf(
  term: PodAffinityTerm,
  pod: Pod,
  candidate: Pod,
  namespaceLabels: (name: string) => Record<string, string> | undefined,
): boolean {
  const namespace = candidate.metadata.namespace as string;
  const named = term.namespaces ?? [];
  const byName =
    named.length === 0 && term.namespaceSelector === undefined ? namespace === pod.metadata.namespace : named.includes(namespace);
  if (!byName && !(term.namespaceSelector && compileLabelSelector(term.namespaceSelector).matches(namespaceLabels(namespace))))
    return false;
  const labels = candidate.metadata.labels;
  if (!selectorOf(term).matches(labels)) return false;
  return (
    (term.matchLabelKeys ?? []).every((key) => labels?.[key] === pod.metadata.labels?.[key]) &&
    (term.mismatchLabelKeys ?? []).every((key) => labels?.[key] !== pod.metadata.labels?.[key])
  );
}

export type NamespaceLabels = (name: string) => Record<string, string> | undefined;

/** What the affinity of one Pod asks of topology values, worked out once for all nodes. */
export interface AffinityCycle {
  /** Why a node is refused, as the user reads it, or undefined. */
  refuses(view: NodeView): string | undefined;
  /** Preferred terms that a node meets, weighted; of this Pod and of those already there. */
  score(view: NodeView): number;
}

const noAffinity: AffinityCycle = { refuses: () => undefined, score: () => 0 };

/** Looks at all Pods once, where this Pod or another has affinity at all. */
export function affinityCycle(pod: Pod, cluster: ClusterView, namespaceLabels: NamespaceLabels): AffinityCycle {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const wanted = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const unwanted = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferred = [
    ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({
      term: each.podAffinityTerm,
      weight: each.weight,
    })),
    ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({
      term: each.podAffinityTerm,
      weight: -each.weight,
    })),
  ];
  const own = wanted.length > 0 || unwanted.length > 0 || preferred.length > 0;
  let others = false;
  for (const view of cluster.nodes.values()) if (view.affinityPods > 0) others = true;
  if (!own && !others) return noAffinity;

  const wantedIn: Set<string>[] = wanted.map(() => new Set());
  const unwantedIn: Set<string>[] = unwanted.map(() => new Set());
  /** `key=value` of topologies that existing Pods keep this one out of. */
  const keptOut = new Set<string>();
  const scores = new Map<string, number>();
  let anyWanted = false;
  for (const view of cluster.nodes.values()) {
    if (!own && view.affinityPods === 0) continue;
    for (const { pod: other, hasAntiAffinity, hasAffinity } of view.pods.values()) {
      const mark = (terms: readonly PodAffinityTerm[], marks: Set<string>[]): void => {
        terms.forEach((term, index) => {
          const value = view.node.metadata.labels?.[term.topologyKey];
          if (value !== undefined && speaksOf(term, pod, other, namespaceLabels)) marks[index]?.add(value);
        });
      };
      mark(wanted, wantedIn);
      mark(unwanted, unwantedIn);
      if (!anyWanted && wanted.some((term) => speaksOf(term, pod, other, namespaceLabels))) anyWanted = true;
      const add = (term: PodAffinityTerm, weight: number): void => {
        const value = view.node.metadata.labels?.[term.topologyKey];
        if (value === undefined) return;
        const key = `${term.topologyKey}=${value}`;
        scores.set(key, (scores.get(key) ?? 0) + weight);
      };
      for (const { term, weight } of preferred) if (speaksOf(term, pod, other, namespaceLabels)) add(term, weight);
      if (!hasAffinity) continue;
      const theirs = other.spec?.affinity;
      if (hasAntiAffinity) {
        for (const term of theirs?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
          const value = view.node.metadata.labels?.[term.topologyKey];
          if (value !== undefined && speaksOf(term, other, pod, namespaceLabels)) keptOut.add(`${term.topologyKey}=${value}`);
        }
      }
      for (const each of theirs?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
        if (speaksOf(each.podAffinityTerm, other, pod, namespaceLabels)) add(each.podAffinityTerm, each.weight);
      for (const each of theirs?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
        if (speaksOf(each.podAffinityTerm, other, pod, namespaceLabels)) add(each.podAffinityTerm, -each.weight);
    }
  }
  // The first Pod of a group that wants its own kind beside it may go anywhere, or none could ever start.
  const first = !anyWanted && wanted.length > 0 && wanted.every((term) => speaksOf(term, pod, pod, namespaceLabels));
  const labelsOf = (view: NodeView): Record<string, string> => view.node.metadata.labels ?? {};
  return {
    refuses(view) {
      const labels = labelsOf(view);
      for (const key of keptOut) {
        const at = key.indexOf("=");
        if (labels[key.slice(0, at)] === key.slice(at + 1)) return "node(s) didn't satisfy existing pods anti-affinity rules";
      }
      for (const [index, term] of unwanted.entries()) {
        const value = labels[term.topologyKey];
        if (value !== undefined && unwantedIn[index]?.has(value)) return "node(s) didn't match pod anti-affinity rules";
      }
      for (const [index, term] of wanted.entries()) {
        const value = labels[term.topologyKey];
        if (value === undefined || (!first && !wantedIn[index]?.has(value))) return "node(s) didn't match pod affinity rules";
      }
      return undefined;
    },
    score(view) {
      let sum = 0;
      const labels = labelsOf(view);
      for (const [key, weight] of scores) {
        const at = key.indexOf("=");
        if (labels[key.slice(0, at)] === key.slice(at + 1)) sum += weight;
      }
      return sum;
    },
  };
}
