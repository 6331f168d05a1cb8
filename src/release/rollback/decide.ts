/**
 * Whether a rollout is given up, and for what. A function of what is seen and of what is remembered, so that it can be asked at any
 * time, by anybody, again and again.
 *
 * What it promises, whatever happens in between:
 *
 * 1. It goes to a template that was proven good, and to no other.
 * 2. A template is given up once. One that is applied again is its user's decision.
 * 3. What was brought back is not given up itself until it has proven itself again: there is no way round in a circle.
 * 4. A release that was proven good is never given up: Pods that can't be started later are no failed rollout.
 * 5. Only the template is written. Pods that are healthy stay; of a set that comes in order, the broken Pod that keeps it from going
 *    back, or on, is deleted, and no other.
 *
 * The decision is remembered before it is carried out, so whoever comes after a crash finishes it.
 */
import type { PodTemplateSpec } from "../../api/types.ts";
import type { Explanation } from "../explain/explanation.ts";
import { lastProven, type Release, type ReleaseHistory } from "../records/release.ts";
import { templateDigest } from "../records/template-digest.ts";
import type { PodView, Revision, WorkloadSnapshot } from "../workload.ts";
import type { RollbackPolicy } from "./policy.ts";

export interface Seen {
  readonly snapshot: WorkloadSnapshot;
  readonly history: ReleaseHistory;
  readonly policy: RollbackPolicy;
  /** Why it is where it is. */
  readonly explanations: readonly Explanation[];
  /** Since when the release is known not to have got on, in milliseconds since the epoch: what the history can't know. */
  readonly knownSinceMs: number;
}

/** What a rollback goes back to. */
export interface Target {
  readonly release: Release;
  readonly template: PodTemplateSpec;
  /** `kubernetes.io/change-cause` of its revision. */
  readonly changeCause?: string;
}

export type Plan =
  | { readonly type: "nothing"; readonly lookAgainMs?: number }
  /** Remember that the newest release is given up for `to`, then write the template. */
  | { readonly type: "roll back"; readonly from: Release; readonly to: Target; readonly why: string; readonly remembered: boolean }
  /** Delete these Pods: they are of a release that came to nothing, and keep the set from going on. */
  | { readonly type: "free"; readonly pods: readonly PodView[] }
  /** Nothing can be done; say so once. */
  | { readonly type: "tell"; readonly reason: "RollbackImpossible" | "NotRolledBackAgain"; readonly message: string };

/** A Pod of a template that nobody knows is looked at for so long at least before it is taken for one that is in the way. */
const strangeMs = 30_000;

const nothing: Plan = { type: "nothing" };

export function decideRollback(seen: Seen): Plan {
  const { snapshot, history } = seen;
  const { target, observed, paused, strategy, counts, complete } = snapshot;
  if (!observed || !target || paused || strategy.type === "OnDelete" || counts.desired === 0) return nothing;
  const blocking = blockingPods(snapshot, target, history);
  const left = blocking.filter(({ revision }) => wasGivenUp(snapshot, history, revision));
  if (left.length > 0) return { type: "free", pods: left };
  const current = history.releases.at(-1);
  // Until the recorder has caught up, the history speaks of another rollout.
  if (complete || !current || current.number !== target.number || current.template !== templateDigest(target)) return nothing;
  if (current.rollback) return finish(seen, current, current.rollback.to);
  if (current.provenMs !== undefined) return nothing;
  const held = blocking.filter(({ name }) => isHeldUpBy(seen, name));
  if (held.length > 0) return { type: "free", pods: held };
  const failure = failureOf(seen, current);
  if (typeof failure === "number") return { type: "nothing", lookAgainMs: failure };
  if (failure === undefined) return nothing;
  // It is not its fault that it gets nowhere while a Pod of another release is in its way, even of one that nobody has recorded.
  const inTheWay = [...blocking, ...strangers(snapshot, target, history)];
  return inTheWay.length > 0 ? { type: "free", pods: inTheWay } : giveUp(seen, current, failure);
}

/**
 * Where Pods come in order: those that are not ready, of a template that was never told of. One that was left at once may be, and its
 * revision may be gone. What is young may be of a template that has yet to be seen.
 */
function strangers({ pods, revisions, strategy, takenMs }: WorkloadSnapshot, target: Revision, { releases }: ReleaseHistory): PodView[] {
  if (!strategy.ordered) return [];
  const isKnown = (name: string | undefined): boolean => {
    const revision = revisions.find((one) => one.name === name);
    return revision !== undefined && releases.some(({ template }) => template === templateDigest(revision));
  };
  return pods.filter(
    (pod) =>
      !pod.ready && !pod.terminating && pod.revision !== target.name && !isKnown(pod.revision) && takenMs - pod.createdMs >= strangeMs,
  );
}

/**
 * Invariant 5: where each Pod waits for the one before it, the Pods that are not ready and of another template than the present one,
 * which was given up or of which not one release was ever complete (STS-23).
 */
function blockingPods(snapshot: WorkloadSnapshot, target: Revision, { releases }: ReleaseHistory): PodView[] {
  const { pods, revisions, strategy } = snapshot;
  if (!strategy.ordered) return [];
  const cameToNothing = (digest: string): boolean => {
    const own = releases.filter(({ template }) => template === digest);
    return own.some(({ rollback }) => rollback) || (own.length > 0 && own.every(({ completedMs }) => completedMs === undefined));
  };
  const bad = revisions.filter((revision) => revision.name !== target.name && cameToNothing(templateDigest(revision)));
  const names = new Set(bad.map(({ name }) => name));
  return pods.filter((pod) => !pod.ready && !pod.terminating && pod.revision !== undefined && names.has(pod.revision));
}

function wasGivenUp({ revisions }: WorkloadSnapshot, { releases }: ReleaseHistory, name: string | undefined): boolean {
  const revision = revisions.find((one) => one.name === name);
  return revision !== undefined && releases.some(({ template, rollback }) => rollback && template === templateDigest(revision));
}

/** Whether it is known already that the set waits for this Pod, and that the Pod does not come to anything by itself. */
const isHeldUpBy = ({ policy, explanations }: Seen, name: string): boolean =>
  policy.atOnce &&
  explanations.some(({ code, certainty, pods }) => code === "StatefulSetBlocked" && certainty === "certain" && pods.includes(name));

/** It was decided, and is not done. */
function finish({ snapshot, history }: Seen, current: Release, to: string): Plan {
  const target = targetOf(snapshot, history, to);
  if (!target) return nothing;
  return { type: "roll back", from: current, to: target, why: current.reason ?? "it failed", remembered: true };
}

/** Why the release has failed; a number: it may fail in so many milliseconds; undefined: it has not. */
function failureOf({ snapshot, policy, explanations, knownSinceMs }: Seen, current: Release): string | number | undefined {
  const concerning = explanations.filter((explanation) => concerns(explanation, snapshot));
  const certain = concerning.find(({ certainty }) => certainty === "certain");
  if (policy.atOnce && certain) return certain.sentence;
  // What was complete once has kept its deadline; all that can still show is that it does not work.
  if (current.completedMs !== undefined) return undefined;
  const said = certain?.sentence ?? concerning[0]?.sentence;
  if (policy.deadlineMs === undefined) return snapshot.deadline?.exceeded ? (said ?? "it made no progress until its deadline") : undefined;
  const leftMs = progressMs(snapshot, Math.max(current.startedMs, knownSinceMs)) + policy.deadlineMs - snapshot.takenMs;
  if (leftMs > 0) return leftMs;
  return said ?? `it made no progress for ${Math.round(policy.deadlineMs / 1000)} s`;
}

/** Whether it speaks of the new template: old Pods fail for reasons of their own, and a deadline is no cause. */
function concerns({ code, pods }: Explanation, { pods: all, target }: WorkloadSnapshot): boolean {
  if (code === "DeadlineExceeded" || code === "StatefulSetBlocked") return false;
  return pods.length === 0 || all.some((pod) => pod.revision === target?.name && pods.includes(pod.name));
}

/** When the rollout last got on: a further Pod of it became ready (DEP-93). */
function progressMs({ pods, target }: WorkloadSnapshot, beganMs: number): number {
  let latest = beganMs;
  for (const pod of pods) if (pod.revision === target?.name && pod.readySinceMs !== undefined) latest = Math.max(latest, pod.readySinceMs);
  return latest;
}

function giveUp({ snapshot, history }: Seen, current: Release, why: string): Plan {
  const { releases } = history;
  const named = `revision ${current.number}`;
  // Invariant 2.
  if (releases.some(({ template, rollback }) => template === current.template && rollback)) {
    return { type: "tell", reason: "NotRolledBackAgain", message: `${named} was rolled back before and was applied again: ${why}` };
  }
  // Invariant 3.
  const before = releases.at(-2);
  if (before?.rollback?.to === current.template) {
    return { type: "tell", reason: "NotRolledBackAgain", message: `${named} was brought back by a rollback, and fails as well: ${why}` };
  }
  const proven = lastProven(history);
  const to = proven && targetOf(snapshot, history, proven.template);
  if (!to) {
    const missing = proven ? `revision ${proven.number} was proven good, but is not kept` : "no earlier revision was proven good";
    return { type: "tell", reason: "RollbackImpossible", message: `${named} fails, and ${missing}: ${why}` };
  }
  return { type: "roll back", from: current, to, why, remembered: false };
}

/** Where the template is: in a revision that is kept, or in the history. */
function targetOf({ revisions }: WorkloadSnapshot, { releases, texts }: ReleaseHistory, digest: string): Target | undefined {
  const release = releases.findLast(({ template }) => template === digest);
  const revision = revisions.find((one) => templateDigest(one) === digest);
  if (!release) return undefined;
  const changeCause = revision?.changeCause ?? release.changeCause;
  const template = revision?.template ?? parsed(texts[digest]);
  return template && { release, template, ...(changeCause !== undefined && { changeCause }) };
}

/** Histories are objects that anybody may edit: what is no template is none. */
function parsed(text: string | undefined): PodTemplateSpec | undefined {
  try {
    const value = text === undefined ? undefined : JSON.parse(text);
    return typeof value === "object" && value !== null && value.spec ? value : undefined;
  } catch {
    return undefined;
  }
}
