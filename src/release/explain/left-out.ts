/** Nodes that get no Pod of a workload that has one on every node that qualifies (DS-1, DS-2). Nothing is wrong then, and people wonder. */
import type { Node, Pod, Toleration } from "../../api/types.ts";
import { nodeMatchesPod, untolerated } from "../../machinery/node-affinity.ts";
import { type Cause, type Inquiry, oneLine } from "./cause.ts";
import type { WayOut } from "./explanation.ts";

/** What the Pods of a DaemonSet tolerate without being told to (DS-3): the troubles of a node, which are no wish to be left alone. */
const ownTolerations: readonly Toleration[] = [
  ...["not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: "Exists",
  })),
];
const onHostNetwork: Toleration = { key: "node.kubernetes.io/network-unavailable", operator: "Exists" };
const namesMax = 3;

interface Reason {
  readonly text: string;
  wayOut(inquiry: Inquiry, nodes: readonly string[]): WayOut;
}

/** One note per reason why nodes are left out. */
export function leftOutCauses(inquiry: Inquiry): Cause[] {
  const { snapshot, related } = inquiry;
  if (!snapshot.kind.onePerNode || related.nodes.size === 0) return [];
  const pod = templatePod(snapshot.object.spec?.template.spec ?? { containers: [] });
  const occupied = new Set(snapshot.pods.map(({ node }) => node));
  const groups = new Map<string, { readonly reason: Reason; readonly nodes: Node[] }>();
  for (const node of related.nodes.values()) {
    const reason = occupied.has(node.metadata.name as string) ? undefined : reasonOf(pod, node);
    if (!reason) continue;
    const group = groups.get(reason.text);
    if (group) group.nodes.push(node);
    else groups.set(reason.text, { reason, nodes: [node] });
  }
  return [...groups.values()].map(({ reason, nodes }) => {
    const names = nodes.map(({ metadata }) => metadata.name as string).sort();
    const listed = `${names.slice(0, namesMax).join(", ")}${names.length > namesMax ? ` and ${names.length - namesMax} more` : ""}`;
    const total = related.nodes.size;
    return {
      code: "NodeLeftOut",
      certainty: "waiting",
      isNote: true,
      same: reason.text,
      sentence: () =>
        `${names.length === 1 ? `Node ${listed} gets` : `${names.length} of ${total} nodes (${listed}) get`} no Pod of ${snapshot.kind.title} ${snapshot.key.name}: ${reason.text}.`,
      evidence: [],
      wayOut: [reason.wayOut(inquiry, names)],
    };
  });
}

function templatePod(spec: NonNullable<Pod["spec"]>): Pod {
  const tolerations = [...(spec.tolerations ?? []), ...ownTolerations, ...(spec.hostNetwork ? [onHostNetwork] : [])];
  return { apiVersion: "v1", kind: "Pod", metadata: {}, spec: { ...spec, tolerations } };
}

function reasonOf(pod: Pod, node: Node): Reason | undefined {
  if (pod.spec?.nodeName && pod.spec.nodeName !== node.metadata.name)
    return { text: `spec.nodeName asks for ${pod.spec.nodeName}`, wayOut: () => ({ about: "take nodeName out of the template" }) };
  if (!nodeMatchesPod(pod, node)) {
    const wanted = Object.entries(pod.spec?.nodeSelector ?? {});
    const missing = wanted.filter(([key, value]) => node.metadata.labels?.[key] !== value).map(([key, value]) => `${key}=${value}`);
    return missing.length > 0
      ? {
          text: `nodeSelector asks for ${oneLine(missing.join(", "))}`,
          wayOut: ({ commands }, [first]) => commands.clusterKubectl("if it is to run there", `label node ${first} ${missing.join(" ")}`),
        }
      : {
          text: "its node affinity does not match",
          wayOut: ({ commands }, [first]) => commands.clusterKubectl("see the labels", `get node ${first} --show-labels`),
        };
  }
  const taint = untolerated(pod, node.spec?.taints, ["NoSchedule", "NoExecute"]);
  return (
    taint && {
      text: `taint ${taint.key}${taint.value ? `=${taint.value}` : ""}:${taint.effect} is not tolerated`,
      wayOut: () => ({ about: "if it is to run there, tolerate the taint in the template" }),
    }
  );
}
