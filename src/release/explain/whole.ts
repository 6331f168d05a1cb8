/** What concerns the workload as a whole: paused, not looked at, past its deadline, waiting for a person, blocked by its own order. */
import { parseTime } from "../../base/time.ts";
import { humanDuration } from "../../machinery/duration.ts";
import type { PodView } from "../workload.ts";
import { type Cause, type Inquiry, oneLine } from "./cause.ts";

/** A controller that has not looked at a change after this long is not running. */
const unobservedMs = 10_000;

/** Causes that no single Pod has. */
export function workloadCauses(inquiry: Inquiry): Cause[] {
  return [notObserved(inquiry), paused(inquiry), deadlinePassed(inquiry), onDelete(inquiry)].filter((cause) => cause !== undefined);
}

const titled = ({ snapshot }: Inquiry): string => `${snapshot.kind.title} ${snapshot.key.name}`;
const typed = ({ snapshot }: Inquiry): string => `${snapshot.kind.shortName}/${snapshot.key.name}`;

function notObserved(inquiry: Inquiry): Cause | undefined {
  const { snapshot, nowMs } = inquiry;
  if (snapshot.observed) return undefined;
  const { generation = 0, managedFields = [] } = snapshot.object.metadata;
  const changedMs = Math.max(0, ...managedFields.filter(({ subresource }) => !subresource).map(({ time }) => parseTime(time) ?? 0));
  const isLate = changedMs > 0 && nowMs - changedMs > unobservedMs;
  return {
    code: "NotObserved",
    certainty: isLate ? "likely" : "waiting",
    same: "",
    sentence: () =>
      isLate
        ? `The controller has not looked at ${titled(inquiry)} since it was changed ${humanDuration(nowMs - changedMs)} ago; it may not be running.`
        : `The controller has yet to look at the change of ${titled(inquiry)}.`,
    evidence: [
      {
        at: `${titled(inquiry)}, metadata and status`,
        text: `generation ${generation}, observedGeneration ${snapshot.object.status?.observedGeneration ?? 0}`,
      },
    ],
    wayOut: isLate ? [inquiry.commands.clusterKubectl("see whether the controllers run", "get pods -n kube-system")] : [],
  };
}

function paused(inquiry: Inquiry): Cause | undefined {
  if (!inquiry.snapshot.paused) return undefined;
  return {
    code: "Paused",
    certainty: "waiting",
    needsPerson: true,
    same: "",
    sentence: () => `${titled(inquiry)} is paused: nothing of it is rolled out until somebody resumes it.`,
    evidence: [{ at: `${titled(inquiry)}, spec.paused`, text: "true" }],
    wayOut: [inquiry.commands.kubectl("go on", `rollout resume ${typed(inquiry)}`)],
  };
}

/** DEP-96, DEP-97: the one thing that Kubernetes itself calls a failure; nothing else follows from it. */
function deadlinePassed(inquiry: Inquiry): Cause | undefined {
  const { snapshot } = inquiry;
  if (!snapshot.deadline?.exceeded || !snapshot.observed) return undefined;
  const condition = snapshot.conditions.find(({ type }) => type === "Progressing");
  const undo = inquiry.commands.undo();
  return {
    code: "DeadlineExceeded",
    certainty: "certain",
    same: "",
    sentence: () =>
      `${titled(inquiry)} has exceeded its progress deadline (${(snapshot.object.spec as { progressDeadlineSeconds?: number }).progressDeadlineSeconds}s without progress); it goes on trying, and nothing is rolled back by itself.`,
    evidence: [{ at: `${titled(inquiry)}, condition Progressing`, text: oneLine(`${condition?.reason}: ${condition?.message ?? ""}`) }],
    wayOut: undo ? [undo] : [],
  };
}

function onDelete(inquiry: Inquiry): Cause | undefined {
  const { snapshot } = inquiry;
  const { target } = snapshot;
  if (snapshot.strategy.type !== "OnDelete" || !target || !snapshot.observed) return undefined;
  const old = snapshot.pods.filter((pod) => pod.revision !== target.name && !pod.terminating && !pod.ended);
  if (old.length === 0) return undefined;
  const [first] = old as [PodView];
  return {
    code: "OnDelete",
    certainty: "waiting",
    needsPerson: true,
    same: "",
    sentence: () =>
      `${titled(inquiry)} has strategy OnDelete: ${old.length} old ${old.length === 1 ? "Pod stays" : "Pods stay"} until somebody deletes ${old.length === 1 ? "it" : "them"}.`,
    evidence: [{ at: "old Pods", text: oneLine(old.map(({ name }) => name).join(", ")) }],
    wayOut: [inquiry.commands.kubectl("replace the first", `delete pod ${first.name}`)],
  };
}

/**
 * STS-10, STS-23: under OrderedReady the lowest Pod that is not available stops everything, the update included. One that is not of
 * the present template will not be replaced, however right the template is now: somebody has to delete it.
 */
export function blockedCause(inquiry: Inquiry, ofPod: (pod: PodView) => Cause | undefined): Cause | undefined {
  const { snapshot } = inquiry;
  const { target, strategy } = snapshot;
  if (!strategy.ordered || strategy.type !== "RollingUpdate" || !target || !snapshot.observed) return undefined;
  const first = [...snapshot.pods].sort((a, b) => ordinalOf(a) - ordinalOf(b)).find((pod) => !pod.available || pod.terminating);
  if (!first || first.terminating || first.ready) return undefined;
  if (first.revision === target.name) return undefined;
  // A Pod below the partition is meant to be as it is.
  if (snapshot.counts.updated >= snapshot.counts.desired - strategy.keptBack) return undefined;
  const trouble = ofPod(first);
  if (!trouble || trouble.certainty === "waiting") return undefined;
  const why = trouble.sentence("it", false).replace(/\.$/, "");
  return {
    code: "StatefulSetBlocked",
    certainty: "certain",
    same: first.name,
    sentence: () =>
      `${titled(inquiry)} is blocked by Pod ${first.name} of an older revision, which never became ready (${oneLine(why)}): it keeps its place, whatever the template says now, until somebody deletes it.`,
    pod: first,
    ...(trouble.container !== undefined && { container: trouble.container }),
    evidence: trouble.evidence,
    wayOut: [
      inquiry.commands.kubectl(
        "free the set; its claims stay, and the Pod comes back from the present template",
        `delete pod ${first.name}`,
      ),
    ],
  };
}

const ordinalOf = (pod: PodView): number => Number(/-(\d+)$/.exec(pod.name)?.[1] ?? 0);

/** A Pod that failed for good as a Pod: evicted, refused by its node, past its time (KUB-47). */
export function failedPodCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (pod.phase !== "Failed" || pod.terminating) return undefined;
  const { reason, message } = pod.object.status ?? {};
  if (!reason && !message) return undefined;
  const living = inquiry.snapshot.pods.filter((each) => each.revision === pod.revision && !each.ended && !each.terminating);
  const wanted = inquiry.snapshot.revisions.find(({ name }) => name === pod.revision)?.desired ?? inquiry.snapshot.counts.desired;
  // Its successor is there: it is history, and stays to be read.
  const isReplaced = living.length >= wanted;
  return {
    code: "PodFailed",
    certainty: isReplaced ? "waiting" : "likely",
    same: reason ?? "",
    sentence: (subject) =>
      `${subject} failed as a whole${reason ? ` (${reason})` : ""}${isReplaced ? " and has been replaced" : ""}${message ? `: ${oneLine(message).replace(/[.\s]+$/, "")}` : ""}.`,
    pod,
    evidence: [{ at: `Pod ${pod.name}, status`, text: oneLine([reason, message].filter(Boolean).join(": ")) }],
    wayOut: [inquiry.commands.kubectl("look closer", `describe pod ${pod.name}`)],
  };
}

/** A Pod whose node has gone silent: nothing that it reports can be believed. */
export function nodeCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (pod.node === undefined || pod.ended) return undefined;
  const node = inquiry.related.nodes.get(pod.node);
  const condition = node?.status?.conditions?.find(({ type }) => type === "Ready");
  if (!condition || condition.status === "True") return undefined;
  return {
    code: "NodeNotReady",
    certainty: "likely",
    same: pod.node,
    sentence: (subject, many) =>
      `${subject} ${many ? "are" : "is"} on node ${pod.node}, which ${condition.status === "Unknown" ? "no longer reports" : "is not ready"}.`,
    pod,
    evidence: [
      {
        at: `Node ${pod.node}, condition Ready`,
        text: oneLine(`${condition.status}, ${condition.reason ?? ""}: ${condition.message ?? ""}`),
      },
    ],
    wayOut: [inquiry.commands.clusterKubectl("look at the node", `describe node ${pod.node}`)],
  };
}
