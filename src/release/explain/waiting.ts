/** What a rollout waits for when nothing is wrong: the next thing that has to happen, and until when. */
import { humanDuration } from "../../machinery/duration.ts";
import type { PodView } from "../workload.ts";
import { type Cause, type Inquiry, logEvidence, oneLine } from "./cause.ts";
import type { CauseCode } from "./explanation.ts";

/** A Pod that outlives its grace by this much is held by something. */
const overdueMs = 15_000;

/** What this Pod waits for on its way to being available. Asked last, when no trouble was found. */
export function waitingCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (pod.available || pod.ended || pod.terminating) return undefined;
  if (pod.ready) return minReadyCause(inquiry, pod);
  if (pod.node === undefined) return simple(pod, "WaitingForStart", "to be placed on a node", inquiry);
  const pending = pod.containers.find(({ role, state, started }) =>
    role === "init" ? state.type !== "terminated" || state.exitCode !== 0 : role === "sidecar" && !started,
  );
  const pulling = pullingCause(inquiry, pod);
  if (pulling) return pulling;
  const inits = pod.containers.filter(({ role }) => role !== "app");
  if (pending)
    return {
      ...simple(
        pod,
        "WaitingForInit",
        `for ${pending.role === "init" ? "init container" : "sidecar"} ${pending.name} (${inits.indexOf(pending) + 1} of ${inits.length})`,
        inquiry,
      ),
      container: pending.name,
      // What it waits for itself is known to its log alone.
      evidence: logEvidence(inquiry, pod, pending),
    };
  const unstarted = pod.containers.find(({ role, state }) => role === "app" && state.type === "waiting");
  if (unstarted) return simple(pod, "WaitingForStart", `for container ${unstarted.name} to start`, inquiry);
  const unready = pod.containers.find(({ ready, role }) => !ready && role !== "init");
  return simple(pod, "WaitingForReadiness", unready ? `for container ${unready.name} to be ready` : "to be reported ready", inquiry);
}

function minReadyCause({ snapshot }: Inquiry, pod: PodView): Cause {
  const seconds = snapshot.strategy.minReadySeconds;
  const untilMs = pod.availableAtMs;
  return {
    code: "WaitingForMinReady",
    certainty: "waiting",
    same: "",
    sentence: (subject, many) =>
      `${subject} ${many ? "are" : "is"} ready and ${many ? "have" : "has"} to stay so for minReadySeconds (${seconds}s) before ${many ? "they count" : "it counts"} as available.`,
    pod,
    ...(untilMs !== undefined && { untilMs }),
    evidence: [],
    wayOut: [],
  };
}

function pullingCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  const pulling = inquiry.events.last(pod.uid, ["Pulling"]);
  const pulled = inquiry.events.last(pod.uid, ["Pulled", "Failed"]);
  if (!pulling || (pulled && pulled.lastMs >= pulling.lastMs)) return undefined;
  const image = /"([^"]+)"/.exec(pulling.message)?.[1] ?? "its image";
  const container = pod.containers.find((each) => each.image === image);
  if (container?.state.type !== "waiting") return undefined;
  return {
    code: "WaitingForImage",
    certainty: "waiting",
    same: image,
    sentence: (subject, many) =>
      `${subject} ${many ? "pull" : "pulls"} image "${image}", for ${humanDuration(Math.max(0, inquiry.nowMs - pulling.lastMs))} so far.`,
    pod,
    container: container.name,
    evidence: [{ at: `event Pulling of Pod ${pod.name}`, text: oneLine(pulling.message) }],
    wayOut: [],
  };
}

const simple = (pod: PodView, code: CauseCode, what: string, inquiry: Inquiry): Cause => ({
  code,
  certainty: "waiting",
  same: what,
  sentence: (subject, many) =>
    `${subject} ${many ? "wait" : "waits"} ${what}, for ${humanDuration(Math.max(0, inquiry.nowMs - pod.createdMs))} so far.`,
  pod,
  evidence: [],
  wayOut: [],
});

/** By the reason of the condition DisruptionTarget: who has sent it away, where it was not its own controller. */
const disruptionWords: Readonly<Record<string, string>> = {
  PreemptionByScheduler: " (a Pod of higher priority takes its place)",
  DeletionByTaintManager: " (its node has a taint that it does not tolerate)",
  EvictionByEvictionAPI: " (evicted, as by a drain of its node)",
  DeletionByPodGC: " (its node is gone)",
  TerminationByKubelet: " (its node needs the room, or shuts down)",
};

function nodeIsSilent({ related }: Inquiry, pod: PodView): boolean {
  const ready = related.nodes.get(pod.node ?? "")?.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "Unknown";
}

/** A Pod that is on its way out and keeps something from going on. */
export function terminationCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  if (!pod.terminating) return undefined;
  const { untilMs, finalizers } = pod.terminating;
  const isOverdue = inquiry.nowMs > untilMs + overdueMs;
  const why = disruptionWords[pod.object.status?.conditions?.find(({ type }) => type === "DisruptionTarget")?.reason ?? ""] ?? "";
  const silent = nodeIsSilent(inquiry, pod) ? `, which no longer reports: as long as that is so, nobody knows whether it still runs` : "";
  const held = finalizers.length > 0 ? `finalizer ${finalizers.join(", ")}` : "";
  const stopped = pod.containers.every(({ state }) => state.type !== "running");
  const words = isOverdue
    ? held && stopped
      ? `held by ${held}, which its owner has to take away`
      : `not gone ${humanDuration(inquiry.nowMs - untilMs)} after its grace was over${pod.node ? (silent ? `; it is on node ${pod.node}${silent}` : ` (node ${pod.node})`) : ""}`
    : "";
  const wayOut = !isOverdue
    ? []
    : held && stopped
      ? [inquiry.commands.kubectl("see who set the finalizer", `get pod ${pod.name} -o yaml`)]
      : [
          inquiry.commands.clusterKubectl("look at the node", `describe node ${pod.node ?? ""}`.trim()),
          ...(silent
            ? [
                inquiry.commands.kubectl(
                  "only where that machine is off for good: let the Pod go",
                  `delete pod ${pod.name} --force --grace-period=0`,
                ),
              ]
            : []),
        ];
  return {
    code: "WaitingForTermination",
    certainty: isOverdue ? "likely" : "waiting",
    same: isOverdue ? `${held}${silent ? pod.node : ""}` : why,
    sentence: (subject, many) =>
      isOverdue
        ? `${subject} ${many ? "are" : "is"} ${words}.`
        : `${subject} ${many ? "are" : "is"} terminating${why}; ${many ? "their" : "its"} grace ends in ${humanDuration(Math.max(0, untilMs - inquiry.nowMs))} at the latest.`,
    pod,
    ...(!isOverdue && { untilMs }),
    evidence: isOverdue
      ? [
          {
            at: `Pod ${pod.name}, metadata`,
            text: oneLine(`deletionTimestamp ${pod.object.metadata.deletionTimestamp}${held ? `, ${held}` : ""}`),
          },
        ]
      : [],
    wayOut,
  };
}
