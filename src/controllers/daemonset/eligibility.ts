/** Which nodes get a Pod of a DaemonSet, and what that Pod looks like there (DS-1 … DS-4). */
import type { Affinity, DaemonSet, Node, Pod, PodTemplateSpec, Toleration } from "../../api/types.ts";
import { nodeMatchesPod, untolerated } from "../../machinery/node-affinity.ts";
import { podFromTemplate } from "../runtime/pod-control.ts";

/** Label of a Pod and of a ControllerRevision: the hash of the template. */
export const hashLabel = "controller-revision-hash";
/** Label of a Pod: how often the template had changed when it was made. */
const generationLabel = "pod-template-generation";
/** Annotation of a DaemonSet: how often its template has changed. */
const generationAnnotation = "deprecated.daemonset.template.generation";

const nodeNameField = "metadata.name";

export interface Eligibility {
  /** A Pod is to be made where there is none. */
  readonly shouldRun: boolean;
  /** A Pod that is there may stay. */
  readonly mayStay: boolean;
}

const nowhere: Eligibility = { shouldRun: false, mayStay: false };
const anywhere: Eligibility = { shouldRun: true, mayStay: true };

/**
 * Judges nodes, one after another. A taint that came later evicts only if its effect is NoExecute. What does not depend on the
 * node is worked out once: a pass asks about every node there is.
 */
export function eligibility(daemonSet: DaemonSet): (node: Node) => Eligibility {
  const nodeName = daemonSet.spec?.template.spec?.nodeName;
  const pod = podFromTemplate(tolerating(daemonSet.spec?.template ?? {}), daemonSet);
  return (node) => {
    if (nodeName && nodeName !== node.metadata.name) return nowhere;
    if (!nodeMatchesPod(pod, node)) return nowhere;
    const taints = node.spec?.taints;
    if (!untolerated(pod, taints, ["NoSchedule", "NoExecute"])) return anywhere;
    return { shouldRun: false, mayStay: untolerated(pod, taints, ["NoExecute"]) === undefined };
  };
}

/** The Pod for a node, to be created; the scheduler binds it there and nowhere else. */
export function podForNode(daemonSet: DaemonSet, nodeName: string, hash: string): Pod {
  const generation = daemonSet.metadata.annotations?.[generationAnnotation];
  const { metadata, spec, ...pod } = podFromTemplate(tolerating(daemonSet.spec?.template ?? {}), daemonSet);
  const labels = { ...metadata.labels, ...(generation !== undefined && { [generationLabel]: generation }), [hashLabel]: hash };
  return {
    ...pod,
    metadata: { ...metadata, labels },
    spec: { ...(spec ?? { containers: [] }), affinity: boundTo(nodeName, spec?.affinity) },
  };
}

/** The node that a Pod runs on, or is meant for; undefined where it says neither. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms)
    for (const { key, operator, values = [] } of matchFields)
      if (key === nodeNameField && operator === "In" && values.length === 1) return values[0];
  return undefined;
}

/**
 * Whether a Pod was made from the template as it is now: one of the two marks says so. The count of template changes begins anew
 * with each DaemonSet, so it says nothing about a Pod that is older than the DaemonSet which adopted it.
 */
export function isUpToDate(pod: Pod, daemonSet: DaemonSet, hash: string): boolean {
  const labels = pod.metadata.labels;
  if (hash !== "" && labels?.[hashLabel] === hash) return true;
  const generation = daemonSet.metadata.annotations?.[generationAnnotation];
  if (generation === undefined || labels?.[generationLabel] !== generation) return false;
  return (pod.metadata.creationTimestamp ?? "") > (daemonSet.metadata.creationTimestamp ?? "");
}

/** What the scheduler has to obey for an ordinary Pod is settled by `eligibility`: one term stands for all of it. */
function boundTo(nodeName: string, affinity: Affinity | undefined): Affinity {
  const term = { matchFields: [{ key: nodeNameField, operator: "In", values: [nodeName] }] };
  const required = { nodeSelectorTerms: [term] };
  return { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } };
}

const added: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const addedOnHostNetwork: Toleration = { key: "node.kubernetes.io/network-unavailable", operator: "Exists", effect: "NoSchedule" };

/** DS-3: a daemon stays where other Pods would leave. Only what a template says of the very same taint gives way. */
function tolerating(template: PodTemplateSpec): PodTemplateSpec {
  const spec = template.spec ?? { containers: [] };
  const more = spec.hostNetwork ? [...added, addedOnHostNetwork] : added;
  const same = (a: Toleration, b: Toleration): boolean =>
    a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? "") === (b.value ?? "");
  const own = (spec.tolerations ?? []).filter((toleration) => !more.some((each) => same(each, toleration)));
  return { ...template, spec: { ...spec, tolerations: [...own, ...more] } };
}
