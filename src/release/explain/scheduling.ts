/** Pods that no node takes, and the claims they wait for. */
import type { PodView } from "../workload.ts";
import { type Cause, clause, type Inquiry, oneLine, templateWayOut } from "./cause.ts";
import type { Certainty, Evidence } from "./explanation.ts";

/** Objects that are applied together arrive one after another. */
const arrivalMs = 5000;

/** What the scheduler's terse reasons mean. `$1` and so on are what the pattern caught. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^Insufficient (\S+)$/, "not enough $1 left"],
  [/^Too many pods$/i, "no room for another Pod"],
  [/^node\(s\) had untolerated taint\(?s?\)? \{?([^}]+)\}?$/, "taint $1 is not tolerated"],
  [/^node\(s\) had taint \{([^}]+)\}, that the pod didn't tolerate$/, "taint $1 is not tolerated"],
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
  [/^node\(s\) exceed max volume count$/, "no more volumes can be attached"],
  [/^pod has unbound immediate PersistentVolumeClaims$/, "a claim is not bound"],
];

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …` as `not enough cpu left (1 node), cordoned (2 nodes)`. */
export function schedulerWords(message: string): string {
  const body = /nodes are available:\s*(.*?)\.?\s*(?:preemption:.*)?$/s.exec(message)?.[1];
  if (body === undefined) return clause(message);
  // Taints come with commas of their own: a new reason begins with its count.
  const parts = body.split(/,\s+(?=\d+ )/);
  return parts
    .map((part) => {
      const [, count, text] = /^(\d+) (.*)$/s.exec(part.trim()) ?? [undefined, undefined, part.trim()];
      const known = reasons.find(([pattern]) => pattern.test(text ?? ""));
      const words = known ? (text ?? "").replace(known[0], known[1]) : clause(text ?? "");
      return count === undefined ? words : `${words} (${count} ${count === "1" ? "node" : "nodes"})`;
    })
    .join(", ");
}

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
  return {
    code: "Unschedulable",
    certainty: "likely",
    same: schedulerWords(message),
    sentence: (subject) => `${subject} can't be placed: ${schedulerWords(message)}.`,
    pod,
    evidence: [shown],
    wayOut: [
      inquiry.commands.clusterKubectl("see what the nodes have and hold", "describe nodes"),
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
