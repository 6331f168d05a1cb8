/** A rollout as it is shown: the picture of now, its causes, how it came here and how long it may still take. Pure. */
import { type Verdict, verdictOf } from "../explain/explain.ts";
import type { Explanation } from "../explain/explanation.ts";
import { type Estimate, estimateOf } from "./estimate.ts";
import { failingPods, podState } from "./pod-state.ts";
import type { PodView, WorkloadSnapshot } from "../workload.ts";

/** Numbers of Pods at one instant. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly availableNew: number;
  readonly availableOld: number;
  readonly unavailableNew: number;
  readonly unavailableOld: number;
  readonly terminating: number;
}

export interface RolloutView {
  readonly snapshot: WorkloadSnapshot;
  readonly explanations: readonly Explanation[];
  readonly verdict: Verdict;
  /** The oldest first; one for each change of its numbers. */
  readonly history: readonly Sample[];
  readonly estimate: Estimate;
  readonly nowMs: number;
}

const historyMax = 2000;

/** The view of a snapshot, going on from the view before, if there was one. */
export function rolloutView(
  snapshot: WorkloadSnapshot,
  explanations: readonly Explanation[],
  nowMs: number,
  before?: Pick<RolloutView, "history" | "snapshot">,
): RolloutView {
  // Another target is another rollout: its history begins now.
  const goesOn = before?.snapshot.target?.name === snapshot.target?.name || !snapshot.target;
  const earlier = before && goesOn ? before.history : [];
  const verdict = verdictOf(snapshot, explanations);
  const estimate = verdict === "progressing" ? estimateOf(snapshot, nowMs) : {};
  return { snapshot, explanations, verdict, history: extended(earlier, sampleOf(snapshot, nowMs)), estimate, nowMs };
}

/** Pods that are of the present template. */
export const isNew = (snapshot: WorkloadSnapshot, pod: PodView): boolean =>
  snapshot.target !== undefined && pod.revision === snapshot.target.name;

function sampleOf(snapshot: WorkloadSnapshot, nowMs: number): Sample {
  const sample = { atMs: nowMs, availableNew: 0, availableOld: 0, unavailableNew: 0, unavailableOld: 0, terminating: 0 };
  for (const pod of snapshot.pods) {
    if (pod.terminating) sample.terminating++;
    else if (pod.ended) continue;
    else if (isNew(snapshot, pod)) sample[pod.available ? "availableNew" : "unavailableNew"]++;
    else sample[pod.available ? "availableOld" : "unavailableOld"]++;
  }
  return sample;
}

function extended(history: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = history.at(-1);
  const { atMs: _, ...numbers } = sample;
  if (last && Object.entries(numbers).every(([name, value]) => last[name as keyof Sample] === value)) return history;
  return [...history.slice(1 - historyMax), sample];
}

/** For `-o json`: one document per change. */
export const viewDocument = ({ snapshot, explanations, verdict, estimate, nowMs }: RolloutView) => {
  const failing = failingPods(explanations);
  const { kind, key, target, revisions, pods, counts, strategy, deadline, complete, paused, observed } = snapshot;
  return {
    time: nowMs,
    kind: kind.title,
    name: key.name,
    ...(key.namespace !== undefined && { namespace: key.namespace }),
    verdict,
    complete,
    paused,
    observed,
    ...(target && { revision: target.number }),
    counts,
    strategy,
    ...(deadline && { deadline }),
    estimate,
    revisions: revisions.map(({ number, name, role, createdMs }) => ({ number, name, role, createdMs })),
    pods: pods.map((pod) => ({
      name: pod.name,
      revision: revisions.find(({ name }) => name === pod.revision)?.number,
      state: podState(pod, failing),
      status: pod.status,
      restarts: pod.restarts,
      ...(pod.node !== undefined && { node: pod.node }),
    })),
    explanations,
  };
};
