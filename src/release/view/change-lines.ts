/** Line mode: what has changed since the last view, a line for each, for logs that nobody can scroll back in. */
import { formatTime } from "../../base/time.ts";
import { failingPods, podState } from "./pod-state.ts";
import type { RolloutView } from "./rollout-view.ts";
import { type NameOptions, shownName, stateSentence } from "./sentence.ts";

/** The lines that lead from `before` to `view`, such as `10:00:03Z deploy/web Pod web-1 is ready`; without a view before, the state and every Pod that is not as it should be. */
export function changeLines(view: RolloutView, before?: RolloutView, options: NameOptions = {}): string[] {
  const { snapshot, explanations, nowMs } = view;
  const head = `${formatTime(nowMs).slice(11)} ${shownName(snapshot, options)}`;
  const texts: string[] = [];
  const state = stateText(view);
  if (!before || stateText(before) !== state) texts.push(state);
  texts.push(...podTexts(view, before));
  const told = new Set(before?.explanations.map(causeText));
  for (const explanation of explanations) {
    if (explanation.certainty === "waiting" && !explanation.needsPerson) continue;
    const text = causeText(explanation);
    if (told.has(text)) continue;
    texts.push(`${text} ${explanation.sentence}`);
    for (const { about, command } of explanation.wayOut) texts.push(command === undefined ? `  → ${about}` : `  → ${about}: ${command}`);
  }
  return texts.map((text) => `${head} ${text}`);
}

function stateText(view: RolloutView): string {
  const { counts, pods } = view.snapshot;
  // Counted here: the controller's own count comes a moment later and would be another line.
  const available = pods.filter((pod) => pod.available && !pod.terminating).length;
  // The name stands at the beginning of the line already.
  const sentence = stateSentence(view)
    .replace(/^Rolling [a-z]+\/\S+/, "rolling")
    .replace(/^[a-z]+\/\S+ /, "");
  return `${sentence}; ${available} of ${counts.desired} available in all`;
}

/** Causes of one kind at other Pods are new; the same sentence with another count of restarts is not. */
const causeText = ({ certainty, code, pods }: RolloutView["explanations"][number]): string =>
  `${{ certain: "✗", likely: "!", waiting: "…" }[certainty]} ${code}${pods.length > 0 ? ` (${pods.join(", ")})` : ""}:`;

function podTexts({ snapshot, explanations }: RolloutView, before?: RolloutView): string[] {
  const failing = failingPods(explanations);
  const known = new Map(before?.snapshot.pods.map((pod) => [pod.uid, podState(pod, failingPods(before.explanations))]));
  const numbers = new Map(snapshot.revisions.map(({ name, number }) => [name, number]));
  const texts: string[] = [];
  for (const pod of snapshot.pods) {
    const state = podState(pod, failing);
    const was = known.get(pod.uid);
    known.delete(pod.uid);
    if (was === state || (!before && state === "available")) continue;
    const revision = numbers.get(pod.revision ?? "");
    texts.push(
      `Pod ${pod.name}${revision === undefined ? "" : ` (revision ${revision})`} ${was === undefined && before ? "is new, " : ""}${words[state]}`,
    );
  }
  for (const [uid, state] of known)
    if (state !== "ended") texts.push(`Pod ${before?.snapshot.pods.find((pod) => pod.uid === uid)?.name} is gone`);
  return texts;
}

const words = {
  available: "is available",
  ready: "is ready",
  unready: "runs, not ready",
  starting: "is starting",
  pending: "waits for a node",
  failing: "is failing",
  terminating: "is terminating",
  ended: "has ended",
} as const;
