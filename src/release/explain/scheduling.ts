/** Pods that no node takes, and the claims they wait for. */
import type { PodView } from "../workload.ts";
import { type Cause, clause, type Inquiry, oneLine, templateWayOut } from "./cause.ts";
import type { Certainty, Evidence } from "./explanation.ts";

/** Objects that are applied together arrive one after another. */
const arrivalMs = 5000;

/** What the scheduler's terse reasons mean. `$1` and so on are what the pattern caught. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^Insufficient (\S+)$/, "not enough $1 left"],
  [/^node\(s\) had untolerated taint \{node\.kubernetes\.io\/unschedulable: ?\}$/, "cordoned"],
  [/^node\(s\) had untolerated taint \{node\.kubernetes\.io\/(?:not-ready|unreachable): ?\}$/, "not ready"],
  [/^node\(s\) had untolerated taint \{node\.kubernetes\.io\/(disk|memory|pid)-pressure: ?\}$/, "short of $1"],
  [/^Too many pods$/i, "no room for another Pod"],
  [/^node\(s\) had untolerated taint\(?s?\)? \{?([^}]+?)(?:: )?\}?$/, "taint $1 is not tolerated"],
  [/^node\(s\) had taint \{([^}]+?)(?:: )?\}, that the pod didn't tolerate$/, "taint $1 is not tolerated"],
  [/^node\(s\) didn't match Pod's node affinity\/selector$/, "nodeSelector or node affinity does not match"],
  [/^node\(s\) didn't match node selector$/, "nodeSelector does not match"],
  [/^node\(s\) were unschedulable$/, "cordoned"],
  [/^node\(s\) didn't have free ports for the requested pod ports$/, "the host port is taken"],
  [/^node\(s\) didn't match pod anti-affinity rules$/, "anti-affinity with a Pod that is there"],
  [/^node\(s\) didn't match pod affinity rules$/, "no Pod there that its affinity asks for"],
  [/^node\(s\) didn't satisfy existing pods anti-affinity rules$/, "a Pod there does not want it beside itself"],
  [/^node\(s\) didn't match pod topology spread constraints.*$/, "it would be spread unevenly"],
  [/^node\(s\) had volume node affinity conflict$/, "its volume is on another node"],
  [/^node\(s\) didn't find available persistent volumes to bind$/, "no volume fits its claim"],
  [/^node\(s\) didn't match PersistentVolume's node affinity$/, "its volume is on another node"],
  [/^node\(s\) exceed max volume count$/, "no more volumes can be attached"],
  [/^pod has unbound immediate PersistentVolumeClaims$/, "a claim is not bound"],
];

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …` as `not enough cpu left (1 node), cordoned (2 nodes)`. */
export function schedulerWords(message: string): string {
  return reasonsOf(message)
    .map(({ words, count }) => (count === undefined ? words : `${words} (${count} ${count === "1" ? "node" : "nodes"})`))
    .join(", ");
}

interface SchedulerReason {
  readonly words: string;
  /** So many nodes; absent where it is no matter of nodes. */
  readonly count?: string;
}

function reasonsOf(message: string): SchedulerReason[] {
  const body = /nodes are available:\s*(.*?)\.?\s*(?:preemption:.*)?$/s.exec(message)?.[1];
  if (body === undefined) return [{ words: clause(message) }];
  // Taints come with commas of their own: a new reason begins with its count.
  const parts = body.split(/,\s+(?=\d+ )/);
  return parts.map((part) => {
    const [, count, text] = /^(\d+) (.*)$/s.exec(part.trim()) ?? [undefined, undefined, part.trim()];
    const known = reasons.find(([pattern]) => pattern.test(text ?? ""));
    const words = known ? (text ?? "").replace(known[0], known[1]) : clause(text ?? "");
    return { words, ...(count !== undefined && { count }) };
  });
}

/** The only node that a Pod may be placed on, as the Pods of DaemonSets name it (DS-4). */
function onlyNodeOf(pod: PodView): string | undefined {
  const terms = pod.object.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const fields = terms.map(({ matchFields = [] }) => matchFields.find(({ key, operator }) => key === "metadata.name" && operator === "In"));
  const [name] = fields[0]?.values ?? [];
  return name !== undefined && fields.every((field) => field?.values?.length === 1 && field.values[0] === name) ? name : undefined;
}

const otherNodes = /node affinity|nodeSelector/;
/** How long a node takes to come, at most, once it was asked for. */
const scaleUpMs = 600_000;

/** A Pod without a node. */
export function schedulingCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (pod.node !== undefined || pod.ended || pod.terminating) return undefined;
  const condition = pod.object.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (condition?.reason === "SchedulingGated") {
    const gates = (pod.object.spec?.schedulingGates ?? []).map(({ name }) => name).join(", ");
    return {
      code: "SchedulingGated",
      certainty: "waiting",
      same: gates,
      sentence: (subject, many) =>
        `${subject} ${many ? "are" : "is"} held back by scheduling gate ${gates}, which somebody has to take away.`,
      pod,
      evidence: [{ at: `Pod ${pod.name}, condition PodScheduled`, text: oneLine(condition.message ?? "SchedulingGated") }],
      wayOut: [inquiry.commands.kubectl("see the gates", `get pod ${pod.name} -o jsonpath={.spec.schedulingGates}`)],
    };
  }
  const event = inquiry.events.last(pod.uid, ["FailedScheduling"]);
  const message = condition?.status === "False" ? (condition.message ?? event?.message) : event?.message;
  if (!message) return undefined;
  const shown: Evidence =
    condition?.message === message
      ? { at: `Pod ${pod.name}, condition PodScheduled`, text: oneLine(message) }
      : { at: `event FailedScheduling of Pod ${pod.name}`, text: oneLine(message) };
  const ofClaim = claimCause(inquiry, pod, shown);
  if (ofClaim) return ofClaim;
  const only = onlyNodeOf(pod);
  // Of a Pod that is meant for one node it says nothing that all others are not meant.
  const own = reasonsOf(message).filter(({ words }) => !otherNodes.test(words));
  const why = only !== undefined && own.length > 0 ? own.map(({ words }) => words).join(", ") : schedulerWords(message);
  const scaleUp = inquiry.events.last(pod.uid, ["TriggeredScaleUp", "NotTriggerScaleUp"]);
  const isComing = scaleUp?.reason === "TriggeredScaleUp" && inquiry.nowMs - scaleUp.lastMs < scaleUpMs;
  const awaited = pod.object.status?.nominatedNodeName;
  const outlook = isComing
    ? "; the cluster autoscaler has asked for another node"
    : scaleUp?.reason === "NotTriggerScaleUp"
      ? `; the cluster autoscaler adds no node: ${clause(scaleUp.message.replace(/^pod didn't trigger scale-up:?\s*/, ""))}`
      : awaited
        ? `; Pods of lower priority are to leave node ${awaited} for it`
        : "";
  return {
    code: "Unschedulable",
    certainty: isComing || awaited ? "waiting" : "likely",
    same: `${why}${outlook}`,
    sentence: (subject) => `${subject} can't be placed${only === undefined ? "" : ` on node ${only}`}: ${why}${outlook}.`,
    pod,
    evidence: [shown, ...(scaleUp ? [{ at: `event ${scaleUp.reason} of Pod ${pod.name}`, text: oneLine(scaleUp.message) }] : [])],
    wayOut: [
      only === undefined
        ? inquiry.commands.clusterKubectl("see what the nodes have and hold", "describe nodes")
        : inquiry.commands.clusterKubectl("see what the node has and holds", `describe node ${only}`),
      ...templateWayOut(inquiry, { about: "or ask for less in the template" }).slice(0, 1),
    ],
  };
}

/** The claim that a Pod without a node waits for: missing, or not bound. */
function claimCause(inquiry: Inquiry, pod: PodView, shown: Evidence): Cause | undefined {
  const missing = /persistentvolumeclaim "([^"]+)" not found/i.exec(shown.text)?.[1];
  if (missing !== undefined)
    return {
      code: "ClaimNotBound",
      certainty: inquiry.nowMs - pod.createdMs >= arrivalMs ? "certain" : "likely",
      same: missing,
      sentence: (subject) => `${subject} can't be placed: PersistentVolumeClaim "${missing}" does not exist.`,
      pod,
      evidence: [shown],
      wayOut: [{ about: `apply the manifest of the claim "${missing}"` }, ...templateWayOut(inquiry, { about: "" }).slice(0, 1)].filter(
        ({ about }) => about,
      ),
    };
  for (const { persistentVolumeClaim } of pod.object.spec?.volumes ?? []) {
    const name = persistentVolumeClaim?.claimName;
    const claim = name === undefined ? undefined : inquiry.related.claims.get(name);
    if (!claim || claim.status?.phase === "Bound") continue;
    const event = inquiry.events.of(claim.metadata.uid as string, ["ProvisioningFailed", "FailedBinding", "VolumeMismatch"])[0];
    // A claim that waits for its Pod to be placed is no obstacle to placing it.
    if (!event && !/unbound|persistent volumes to bind/.test(shown.text)) continue;
    const { words, certainty } = whyUnbound(claim.spec?.storageClassName, event?.message ?? "");
    const size = claim.spec?.resources?.requests?.storage;
    return {
      code: "ClaimNotBound",
      certainty,
      same: words,
      sentence: (subject) => `${subject} can't be placed: claim "${name}"${size ? ` (${size})` : ""} is not bound: ${words}.`,
      pod,
      evidence: [
        { at: `PersistentVolumeClaim ${name}, status.phase`, text: claim.status?.phase ?? "Pending" },
        ...(event ? [{ at: `event ${event.reason} of PersistentVolumeClaim ${name}`, text: oneLine(event.message) }] : []),
        shown,
      ],
      wayOut: [
        inquiry.commands.kubectl("look at the claim", `describe pvc ${name}`),
        inquiry.commands.clusterKubectl("see which classes there are", "get storageclass"),
      ],
    };
  }
  return undefined;
}

function whyUnbound(storageClass: string | undefined, message: string): { readonly words: string; readonly certainty: Certainty } {
  const absent = /storageclass(?:\.storage\.k8s\.io)? "([^"]+)" not found/i.exec(message)?.[1];
  if (absent !== undefined) return { words: `there is no StorageClass "${absent}"`, certainty: "certain" };
  if (/no storage class is set/.test(message))
    return { words: "it names no StorageClass, there is no default one, and no volume fits it", certainty: "certain" };
  if (message) return { words: clause(message), certainty: "likely" };
  return { words: storageClass ? `no volume of class ${storageClass} fits it yet` : "no volume fits it yet", certainty: "likely" };
}
