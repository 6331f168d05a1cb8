/**
 * Why a rollout is where it is. Pure: a picture of the workload, what is known beside it and the time give causes, the one that
 * matters most first. An answer without anything but notes means that nothing is left to do.
 */
import type { PodView, WorkloadSnapshot } from "../workload.ts";
import { admissionCause } from "./admission.ts";
import type { Cause, Commands, Inquiry } from "./cause.ts";
import { configCause, mountCause } from "./config.ts";
import { aroundContainersCause, containerCause } from "./containers.ts";
import { indexEvents } from "./event-index.ts";
import { leftOutCauses } from "./left-out.ts";
import type { Certainty, Explanation, Related, WayOut } from "./explanation.ts";
import { imageCause } from "./images.ts";
import { probeCause, readinessGateCause } from "./probes.ts";
import { schedulingCause } from "./scheduling.ts";
import { terminationCause, waitingCause } from "./waiting.ts";
import { blockedCause, failedPodCause, nodeCause, workloadCauses } from "./whole.ts";

export interface ExplainOptions {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Flags that every command to paste needs to reach this cluster, such as `--context prod`; the namespace is added to it. */
  readonly flags?: string;
}

/** Everything that keeps the workload from being complete, the most serious first, equal causes of several Pods as one; then notes. */
export function explain(snapshot: WorkloadSnapshot, related: Related, { nowMs, flags = "" }: ExplainOptions): Explanation[] {
  const usualMs = usualStart(snapshot);
  const inquiry: Inquiry = {
    snapshot,
    related,
    events: indexEvents(related.events),
    nowMs,
    ...(usualMs !== undefined && { usualMs }),
    commands: commandsFor(snapshot, flags),
  };
  const notes = leftOutCauses(inquiry).map((cause) => single(cause));
  if (snapshot.complete) return notes;
  const blocked = blockedCause(inquiry, (pod) => troubleOf(inquiry, pod));
  const refused = admissionCause(inquiry);
  const whole = [...workloadCauses(inquiry), ...(blocked ? [blocked] : []), ...(refused ? [refused] : [])];
  const pods = snapshot.pods.filter((pod) => pod !== blocked?.pod);
  const ofPods = pods.map((pod) => podCause(inquiry, pod)).filter((cause) => cause !== undefined);
  const all = [...whole.map((cause) => single(cause)), ...clustered(inquiry, ofPods)];
  if (all.length === 0) all.push(single(progressing(inquiry)));
  return [...all.sort((a, b) => weight(a) - weight(b)), ...notes];
}

/** How long Pods of this workload take to become ready: those of the present template where there are some, else those before it. */
function usualStart({ pods, target }: WorkloadSnapshot): number | undefined {
  const ready = pods.filter((pod) => pod.ready && pod.restarts === 0 && pod.readySinceMs !== undefined);
  const ours = ready.filter(({ revision }) => revision === target?.name);
  const took = (ours.length > 0 ? ours : ready).map((pod) => (pod.readySinceMs as number) - pod.createdMs).sort((a, b) => a - b);
  return took[took.length >> 1];
}

const certainties: readonly Certainty[] = ["certain", "likely", "waiting"];
/** The deadline is the consequence, not the cause; what waits for a person comes before what passes by itself. */
const weight = ({ certainty, code, needsPerson, isPassing }: Explanation): number =>
  (isPassing ? 100 : 0) +
  certainties.indexOf(certainty) * 10 +
  (code === "DeadlineExceeded" ? 5 : 0) +
  (certainty === "waiting" && !needsPerson ? 2 : 0);

/** What is wrong with this Pod, asked from the outside to the inside. */
function troubleOf(inquiry: Inquiry, pod: PodView): Cause | undefined {
  const outside = failedPodCause(inquiry, pod) ?? nodeCause(inquiry, pod) ?? schedulingCause(inquiry, pod);
  if (outside || pod.ended) return outside;
  for (const container of pod.containers) {
    const found =
      imageCause(inquiry, pod, container) ??
      configCause(inquiry, pod, container) ??
      containerCause(inquiry, pod, container) ??
      probeCause(inquiry, pod, container);
    if (found) return found;
  }
  return mountCause(inquiry, pod) ?? aroundContainersCause(inquiry, pod) ?? readinessGateCause(inquiry, pod);
}

function podCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (pod.terminating) return terminationCause(inquiry, pod);
  if (pod.available) return undefined;
  if (pod.ready) return waitingCause(inquiry, pod);
  return troubleOf(inquiry, pod) ?? waitingCause(inquiry, pod);
}

/** Nothing is wrong with any Pod, and yet there is something left to do: it is the controller's turn. */
function progressing({ snapshot }: Inquiry): Cause {
  const { counts, strategy, kind, key, deadline } = snapshot;
  const missing = counts.desired - strategy.keptBack - counts.updated;
  const next =
    missing > 0
      ? `${counts.updated} of ${counts.desired - strategy.keptBack} Pods are updated, and the next ones are the controller's to make`
      : counts.unavailable > 0
        ? `${counts.available} of ${counts.desired} Pods are available`
        : "the last old Pods are the controller's to remove";
  return {
    code: "Progressing",
    certainty: "waiting",
    same: "",
    sentence: () => `${kind.title} ${key.name} is progressing: ${next}.`,
    ...(deadline?.atMs !== undefined && { untilMs: deadline.atMs }),
    evidence: [],
    wayOut: [],
  };
}

/** Equal causes of Pods of one age (new or old) as one, the first Pod's evidence standing for all. */
function clustered(inquiry: Inquiry, causes: readonly Cause[]): Explanation[] {
  const { snapshot } = inquiry;
  const groups = new Map<string, Cause[]>();
  const isNew = (pod: PodView | undefined): boolean => pod?.revision === snapshot.target?.name;
  for (const cause of causes) {
    const key = [isNew(cause.pod), cause.code, cause.certainty, cause.same].join("\n");
    const group = groups.get(key);
    if (group) group.push(cause);
    else groups.set(key, [cause]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Cause];
    const age = isNew(first.pod) ? "new" : "old";
    const total = snapshot.pods.filter((pod) => isNew(pod) === isNew(first.pod) && !!pod.terminating === !!first.pod?.terminating).length;
    const subject =
      group.length === 1
        ? `${age === "old" ? "Old Pod" : "Pod"} ${first.pod?.name}`
        : group.length === total
          ? `All ${total} ${first.pod?.terminating ? "terminating" : age} Pods`
          : `${group.length} of ${total} ${age} Pods`;
    // Old Pods fail for reasons of their own; mending them is not what the rollout is about. Only where Pods come in an order do they hold it up.
    const certainty = age === "old" && first.certainty === "certain" ? "likely" : first.certainty;
    const isPassing =
      age === "old" && certainty === "likely" && !first.pod?.terminating && snapshot.target !== undefined && !snapshot.strategy.ordered;
    const wayOut = isPassing ? [] : [...first.wayOut, ...freeing(inquiry, { ...first, certainty })];
    const untils = group.map(({ untilMs }) => untilMs).filter((ms) => ms !== undefined);
    return {
      ...single({ ...first, certainty, wayOut }, subject, group.length > 1),
      ...(isPassing && { isPassing }),
      pods: group.map(({ pod }) => pod?.name as string),
      ...(untils.length > 0 && { untilMs: Math.max(...untils) }),
    };
  });
}

/** STS-23: where Pods come one after another, the broken one keeps its place after the template was mended. */
const freeing = ({ snapshot, commands }: Inquiry, { pod, certainty }: Cause): WayOut[] =>
  pod && snapshot.strategy.ordered && certainty !== "waiting" && !pod.terminating && pod.node !== undefined
    ? [commands.kubectl("then make room for its successor, for the set waits for it", `delete pod ${pod.name}`)]
    : [];

function single(cause: Cause, subject = cause.pod ? `Pod ${cause.pod.name}` : "", many = false): Explanation {
  const { code, certainty, pod, container, needsPerson, isNote, untilMs, evidence, wayOut } = cause;
  return {
    code,
    certainty,
    sentence: cause.sentence(subject, many),
    pods: pod ? [pod.name] : [],
    ...(container !== undefined && { container }),
    ...(needsPerson && { needsPerson }),
    ...(isNote && { isNote }),
    ...(untilMs !== undefined && { untilMs }),
    evidence,
    wayOut,
  };
}

function commandsFor(snapshot: WorkloadSnapshot, flags: string): Commands {
  const { kind, key, revisions, target } = snapshot;
  const where = [...(key.namespace === undefined ? [] : [`-n ${key.namespace}`]), ...(flags ? [flags] : [])].join(" ");
  const withPlace = (command: string, words: string): string => `${command} ${words} ${where}`.trim();
  const others = revisions.filter(({ name }) => name !== target?.name);
  // What serves is known to work; the revision before may be the last failure.
  const before =
    others.find(({ name, role }) => role === "stable" && snapshot.pods.some((pod) => pod.revision === name && pod.available)) ?? others[0];
  const choice = before === others[0] ? "" : ` --to-revision=${before?.number}`;
  return {
    undo: () =>
      before && {
        about: `go back to revision ${before.number}`,
        command: withPlace("windlass", `rollout undo ${kind.shortName}/${key.name}${choice}`),
      },
    kubectl: (about, words) => ({ about, command: withPlace("kubectl", words) }),
    clusterKubectl: (about, words) => ({ about, command: ["kubectl", words, flags].filter(Boolean).join(" ") }),
  };
}

export type Verdict = "complete" | "progressing" | "waiting-for-somebody" | "likely-failing" | "failed";

/** What all causes together come to. `failed` is the certain kind: waiting will not help. */
export function verdictOf(snapshot: WorkloadSnapshot, explanations: readonly Explanation[]): Verdict {
  if (explanations.some(({ certainty }) => certainty === "certain")) return "failed";
  if (explanations.some(({ needsPerson }) => needsPerson)) return "waiting-for-somebody";
  if (snapshot.complete) return "complete";
  return explanations.some(({ certainty, isPassing }) => certainty === "likely" && !isPassing) ? "likely-failing" : "progressing";
}
