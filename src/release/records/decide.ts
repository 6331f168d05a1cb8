/**
 * What to remember next, as a function of what is seen and of what is remembered already. Asked again and again, at any time, by
 * any number of recorders: the same picture adds nothing twice, and what was missed meanwhile is filled in as far as it can be seen.
 */
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { findCondition } from "../../machinery/conditions.ts";
import type { PodView, Revision, WorkloadObject, WorkloadSnapshot } from "../workload.ts";
import type { Authors } from "./authors.ts";
import { followConfiguration, type Live } from "./follow-configuration.ts";
import { bounded, digestOf, shortened, withText } from "./history-object.ts";
import { imagesOf, openRelease, opensRelease } from "./open-release.ts";
import { prove } from "./prove.ts";
import type { Release, ReleaseHistory } from "./release.ts";
import { templateDigest } from "./template-digest.ts";

/** Annotation of a workload: how many releases are remembered; 0: none. */
const limitAnnotation = "windlass.dev/history-limit";
const limitDefault = 20;
const limitMax = 100;

const lastAppliedKey = "kubectl.kubernetes.io/last-applied-configuration";
/** The server's times are whole seconds: within this, what the recorder's own clock says is nearer. */
const justNowMs = 2000;

/** What is seen. */
export interface Seen {
  readonly snapshot: WorkloadSnapshot;
  readonly live: Live;
  /** Absent where no server tells who wrote. */
  readonly authors?: Authors;
}

export interface Decision {
  /** The very history that was given where there is nothing to add. */
  readonly history: ReleaseHistory;
  /** Look again after so many milliseconds even if nothing changes. */
  readonly lookAgainMs?: number;
}

/** How many releases of a workload are remembered. */
export function historyLimit(object: WorkloadObject): number {
  const limit = Number(object.metadata.annotations?.[limitAnnotation] ?? limitDefault);
  return Number.isInteger(limit) && limit >= 0 ? Math.min(limit, limitMax) : limitDefault;
}

/** What should be remembered, given what is seen and what is remembered. */
export function decide(seen: Seen, history: ReleaseHistory): Decision {
  const { snapshot } = seen;
  const { target, observed } = snapshot;
  // Counts and numbers speak of the template before until the controller has looked.
  if (!observed || !target) return { history };
  const opened = opensRelease(target, history, snapshot.revisions)
    ? openRelease(snapshot, target, { history, authors: seen.authors })
    : history;
  const last = opened.releases.at(-1);
  if (!last || last.template !== templateDigest(target)) return { history: opened };
  const described = describe(seen, target, opened, last);
  const configured = followConfiguration(target.template, { ...described, live: seen.live, nowMs: snapshot.takenMs });
  const proof = prove(snapshot, [...opened.releases.slice(0, -1), configured.release]);
  const releases = sameList(proof.releases, history.releases) ? history.releases : proof.releases;
  const next = bounded({ releases, texts: configured.history.texts }, historyLimit(snapshot.object));
  const unchanged = sameList(next.releases, history.releases) && sameTexts(next.texts, history.texts);
  const lookAgainMs = Math.min(configured.lookAgainMs ?? Number.POSITIVE_INFINITY, proof.lookAgainMs ?? Number.POSITIVE_INFINITY);
  return { history: unchanged ? history : next, ...(Number.isFinite(lookAgainMs) && { lookAgainMs }) };
}

/** What changes about the newest release while it is the newest. */
function describe(
  { snapshot }: Seen,
  target: Revision,
  history: ReleaseHistory,
  release: Release,
): { history: ReleaseHistory; release: Release } {
  const { takenMs, complete, deadline, conditions, object } = snapshot;
  const pods = snapshot.pods.filter(({ revision }) => revision === target.name);
  const applied = appliedTemplate(object);
  const appliedDigest = applied === undefined ? undefined : digestOf(applied);
  let next: Release = { ...release, images: imagesOf(target.template) };
  if (target.changeCause !== undefined) next = { ...next, changeCause: shortened(target.changeCause) };
  if (appliedDigest !== undefined) next = { ...next, applied: appliedDigest };
  const imageIds = imagesRun(pods, release.imageIds);
  if (imageIds) next = { ...next, imageIds };
  if (complete && next.completedMs === undefined) {
    next = { ...next, completedMs: Math.max(next.startedMs, completionOf(pods, snapshot)), outcome: "completed" };
  } else if (!complete && deadline?.exceeded && next.completedMs === undefined && next.failedMs === undefined) {
    const message = findCondition(conditions, "Progressing")?.message;
    next = {
      ...next,
      failedMs: Math.max(next.startedMs, takenMs),
      outcome: "failed",
      reason: next.reason ?? shortened(message ?? "the progress deadline passed"),
    };
  }
  const withApplied = appliedDigest === undefined ? history : withText(history, appliedDigest, applied as string);
  return { history: withApplied, release: same(next, release) ? release : next };
}

/** When the last Pod became available, which may be a while ago where nobody recorded then. */
function completionOf(pods: readonly PodView[], { takenMs, strategy }: WorkloadSnapshot): number {
  const times = pods.filter(({ available }) => available).map(({ readySinceMs = 0 }) => readySinceMs + strategy.minReadySeconds * 1000);
  const last = Math.max(0, ...times);
  return last === 0 || takenMs - last < justNowMs ? takenMs : last;
}

function imagesRun(pods: readonly PodView[], known: Release["imageIds"]): Release["imageIds"] {
  let ids = known;
  for (const { containers } of pods)
    for (const { name, imageId } of containers) {
      if (imageId && ids?.[name] !== imageId) ids = { ...ids, [name]: imageId };
    }
  return ids;
}

/** The template that the last `kubectl apply` named, as compact JSON. */
function appliedTemplate({ metadata }: WorkloadObject): string | undefined {
  const text = metadata.annotations?.[lastAppliedKey];
  if (text === undefined) return undefined;
  try {
    const template = JSON.parse(text)?.spec?.template;
    return template === undefined ? undefined : canonicalJson(template);
  } catch {
    return undefined;
  }
}

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((entry, index) => entry === b[index]);

const sameTexts = (a: ReleaseHistory["texts"], b: ReleaseHistory["texts"]): boolean =>
  a === b || sameList(Object.keys(a).sort(), Object.keys(b).sort());
