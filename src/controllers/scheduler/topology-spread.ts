/** Topology spread constraints, hard and soft. Pure. */
import type { Pod, TopologySpreadConstraint } from "../../api/types.ts";
import { compileLabelSelector, type LabelMatcher } from "../../machinery/selectors.ts";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import { nodeMatchesPod, untolerated } from "../../machinery/node-affinity.ts";

interface Counted {
  readonly constraint: TopologySpreadConstraint;
  readonly matcher: LabelMatcher;
  /** Topology value to the number of Pods that the constraint speaks of. */
  readonly perValue: Map<string, number>;
  readonly minimum: number;
  /** Whether the Pod itself counts once it is placed. */
  readonly self: number;
}

export interface SpreadCycle {
  /** Why a node is refused, as the user reads it, or undefined. */
  refuses(view: NodeView): string | undefined;
  /** Pods already in the node's topologies, over the soft constraints: fewer is better. */
  crowd(view: NodeView): number;
}

const noSpread: SpreadCycle = { refuses: () => undefined, crowd: () => 0 };

/** Counts the Pods of each topology once for all nodes. */
export function spreadCycle(pod: Pod, cluster: ClusterView): SpreadCycle {
  const constraints = pod.spec?.topologySpreadConstraints ?? [];
  if (constraints.length === 0) return noSpread;
  const hard = constraints.filter((each) => each.whenUnsatisfiable === "DoNotSchedule").map((each) => count(each, pod, cluster));
  const soft = constraints.filter((each) => each.whenUnsatisfiable !== "DoNotSchedule").map((each) => count(each, pod, cluster));
  return {
    refuses(view) {
      for (const { constraint, perValue, minimum, self } of hard) {
        const value = view.node.metadata.labels?.[constraint.topologyKey];
        if (value === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)";
        if ((perValue.get(value) ?? 0) + self - minimum > constraint.maxSkew) return "node(s) didn't match pod topology spread constraints";
      }
      return undefined;
    },
    crowd(view) {
      let sum = 0;
      for (const { constraint, perValue } of soft) sum += perValue.get(view.node.metadata.labels?.[constraint.topologyKey] ?? "") ?? 0;
      return sum;
    },
  };
}

function count(constraint: TopologySpreadConstraint, pod: Pod, cluster: ClusterView): Counted {
  const base = compileLabelSelector(constraint.labelSelector);
  const keys = constraint.matchLabelKeys ?? [];
  const matches = (labels: Record<string, string> | undefined): boolean =>
    base.matches(labels) && keys.every((key) => labels?.[key] === pod.metadata.labels?.[key]);
  const perValue = new Map<string, number>();
  for (const view of cluster.nodes.values()) {
    const value = view.node.metadata.labels?.[constraint.topologyKey];
    if (value === undefined || !counts(constraint, pod, view)) continue;
    let here = 0;
    for (const { pod: other } of view.pods.values()) {
      if (other.metadata.namespace === pod.metadata.namespace && !other.metadata.deletionTimestamp && matches(other.metadata.labels))
        here++;
    }
    perValue.set(value, (perValue.get(value) ?? 0) + here);
  }
  const domains = perValue.size;
  const minimum = domains < (constraint.minDomains ?? 1) ? 0 : Math.min(...perValue.values());
  return {
    constraint,
    matcher: base,
    perValue,
    minimum: Number.isFinite(minimum) ? minimum : 0,
    self: matches(pod.metadata.labels) ? 1 : 0,
  };
}

/** Whether a node's topology counts: by default only nodes that the Pod could select. */
function counts(constraint: TopologySpreadConstraint, pod: Pod, view: NodeView): boolean {
  if ((constraint.nodeAffinityPolicy ?? "Honor") === "Honor" && !nodeMatchesPod(pod, view.node)) return false;
  return constraint.nodeTaintsPolicy !== "Honor" || !untolerated(pod, view.node.spec?.taints, ["NoSchedule", "NoExecute"]);
}
