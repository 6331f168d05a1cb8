/** What a Pod is at this moment, in one word: the same words in every drawing, line and stream. */
import type { Explanation } from "../explain/explanation.ts";
import type { PodView } from "../workload.ts";

export type PodState = "available" | "ready" | "unready" | "starting" | "pending" | "failing" | "terminating" | "ended";

/** A Pod's state; `failing` are the names of Pods that something is wrong with. */
export function podState(pod: PodView, failing: ReadonlySet<string>): PodState {
  if (pod.terminating) return "terminating";
  if (pod.phase === "Succeeded") return "ended";
  if (failing.has(pod.name) || pod.phase === "Failed") return "failing";
  if (pod.available) return "available";
  if (pod.ready) return "ready";
  if (pod.node === undefined) return "pending";
  return pod.phase === "Running" && pod.containers.every(({ role, state }) => role === "init" || state.type === "running")
    ? "unready"
    : "starting";
}

/** The Pods that an explanation finds fault with. */
export const failingPods = (explanations: readonly Explanation[]): Set<string> =>
  new Set(explanations.flatMap(({ certainty, pods }) => (certainty === "waiting" ? [] : pods)));
