/** The state of a rollout in one sentence: how far it is, what is awaited and until when. */
import { humanDuration } from "../../machinery/duration.ts";
import type { PodView } from "../workload.ts";
import { isNew, type RolloutView } from "./rollout-view.ts";

export interface NameOptions {
  /** Workloads of several namespaces are shown beside each other. */
  readonly withNamespace?: boolean;
}

/** `deploy/web`, `shop/deploy/web`. */
export const shownName = ({ kind, key }: RolloutView["snapshot"], { withNamespace = false }: NameOptions = {}): string =>
  `${withNamespace && key.namespace !== undefined ? `${key.namespace}/` : ""}${kind.shortName}/${key.name}`;

/** `Rolling deploy/web to revision 2: 3 of 5 new Pods available` and so on, without what is awaited. */
export function stateSentence({ snapshot, verdict }: RolloutView, options: NameOptions = {}): string {
  const { counts, strategy, target } = snapshot;
  const wanted = counts.desired - strategy.keptBack;
  const available = snapshot.pods.filter((pod) => isNew(snapshot, pod) && pod.available && !pod.terminating).length;
  const name = shownName(snapshot, options);
  const revision = target ? ` to revision ${target.number}` : "";
  const numbers = `${Math.min(available, wanted)} of ${wanted} new Pods available`;
  const kept = strategy.keptBack > 0 ? `, ${strategy.keptBack} kept back by the partition` : "";
  switch (verdict) {
    case "complete":
      return `${name} is complete${target ? ` at revision ${target.number}` : ""}: ${counts.available} of ${counts.desired} Pods available${kept}`;
    case "failed":
      return `${name} cannot get${revision} as it is: ${numbers}${kept}`;
    case "likely-failing":
      return `${name} is held up on its way${revision}: ${numbers}${kept}`;
    case "waiting-for-somebody":
      return `${name} waits for somebody: ${numbers}${kept}`;
    default:
      return `Rolling ${name}${revision}: ${numbers}${kept}`;
  }
}

/** What is awaited next, until when, how long it may still take; undefined when nothing is. */
export function awaitedSentence(view: RolloutView): string | undefined {
  const { snapshot, explanations, estimate, nowMs, verdict } = view;
  if (verdict === "complete") return undefined;
  const parts: string[] = [];
  const next = nextPod(view);
  const trouble = explanations.find(({ certainty, isPassing }) => certainty !== "waiting" && !isPassing);
  if (next && !trouble) {
    const ageMs = Math.max(0, nowMs - next.createdMs);
    const age = humanDuration(ageMs);
    const { perPodMs } = estimate;
    const usual = perPodMs === undefined ? "" : `${ageMs > perPodMs ? ", usually" : " of"} about ${humanDuration(perPodMs)}`;
    const what = next.ready ? "to have been ready for long enough" : "to become ready";
    parts.push(`waiting for Pod ${next.name} ${what} (${age}${usual})`);
  } else if (!trouble && explanations[0] && !explanations[0].isPassing && !explanations[0].needsPerson)
    parts.push(withoutStop(explanations[0].sentence));
  if (estimate.leftMs !== undefined) parts.push(`about ${humanDuration(estimate.leftMs)} left`);
  const untilMs = snapshot.deadline?.atMs;
  if (untilMs !== undefined && untilMs > nowMs) parts.push(`deadline in ${humanDuration(untilMs - nowMs)}`);
  return parts.length === 0 ? undefined : parts.join("; ");
}

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");

/** The new Pod that has been on its way for the longest time. */
function nextPod({ snapshot }: RolloutView): PodView | undefined {
  return snapshot.pods
    .filter((pod) => isNew(snapshot, pod) && !pod.available && !pod.terminating && !pod.ended)
    .sort((a, b) => a.createdMs - b.createdMs || (a.name < b.name ? -1 : 1))[0];
}
