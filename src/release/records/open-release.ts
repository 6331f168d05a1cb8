/** How a release begins, and how the one before it ends by that. */
import type { PodTemplateSpec } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import type { Revision, WorkloadSnapshot } from "../workload.ts";
import type { Authors } from "./authors.ts";
import { shortened, withText } from "./history-object.ts";
import type { Outcome, Release, ReleaseHistory } from "./release.ts";
import { templateDigest } from "./template-digest.ts";
import { templateManager } from "./template-manager.ts";
import { writerOf } from "./writer.ts";

/** The numbers that a ReplicaSet bore before (DEP-16). */
const formerNumbersKey = "deployment.kubernetes.io/revision-history";
const formerNumbersMax = 50;
/** The server's times are whole seconds: within this, what the recorder's own clock says is nearer. */
const justNowMs = 2000;

/**
 * A higher number is a new release. So is another template under a number that was given out again: by ReplicaSets that were deleted,
 * or by a controller that had not seen its newest revision yet.
 */
export function opensRelease(target: Revision, { releases }: ReleaseHistory, revisions: readonly Revision[]): boolean {
  const last = releases.at(-1);
  if (!last || target.number > last.number) return true;
  const template = templateDigest(target);
  if (template === last.template) return false;
  if (target.createdMs > last.startedMs) return true;
  const twin = revisions.find((revision) => revision.number === target.number && templateDigest(revision) === last.template);
  const isTold = releases.some((release) => release.number === target.number && release.template === template);
  return twin !== undefined && !isTold && inOrder(twin, target) < 0;
}

/** The older first. Where a number was given out twice within a second, the version tells which was written last. */
const inOrder = (a: Revision, b: Revision): number => a.number - b.number || a.createdMs - b.createdMs || versionOf(a) - versionOf(b);
const versionOf = ({ object }: Revision): number => Number(object.metadata.resourceVersion ?? 0) || 0;

/** The history with a release for the target, and with what was missed before it. */
export function openRelease(
  snapshot: WorkloadSnapshot,
  target: Revision,
  { history, authors }: { readonly history: ReleaseHistory; readonly authors: Authors | undefined },
): ReleaseHistory {
  const { object, revisions, takenMs, complete } = snapshot;
  const last = history.releases.at(-1);
  const missed = revisions.filter((revision) => revision.number > (last?.number ?? -1) && inOrder(revision, target) < 0).sort(inOrder);
  const template = templateDigest(target);
  if (last && missed.length === 0 && last.template === template) return renumbered(history, last, target.number);
  let next = history;
  for (const revision of missed) {
    const author = authors?.authorOf(object, templateDigest(revision));
    next = withRelease(next, { ...found(revision, next.releases), ...author });
  }
  const before = last && next.texts[last.template];
  const manager = templateManager(object, { template: target.template, ...(before !== undefined && { before: JSON.parse(before) }) });
  const startedMs = startOf(target, manager?.timeMs, next.releases.at(-1)?.startedMs, takenMs);
  const release: Release = {
    ...facts(target, next.releases),
    configuration: [],
    startedMs,
    outcome: "progressing",
    ...(manager && { manager: manager.manager }),
    ...writerOf(object, { template, manager: manager?.manager, releases: next.releases, authors }),
    ...(!last && complete && { backfilled: true as const }),
  };
  for (const revision of [...missed, target]) next = withText(next, templateDigest(revision), canonicalJson(revision.template));
  return withRelease(next, release);
}

/** The same template under a higher number, and nothing in between: no release, only another name for it. */
function renumbered(history: ReleaseHistory, last: Release, number: number): ReleaseHistory {
  const renamed = { ...last, number, formerNumbers: numbers([...(last.formerNumbers ?? []), last.number], number) };
  return { ...history, releases: [...history.releases.slice(0, -1), renamed] };
}

/** A revision that nobody recorded while it was the newest. */
function found(revision: Revision, releases: readonly Release[]): Release {
  return { ...facts(revision, releases), configuration: [], startedMs: revision.createdMs, outcome: "unknown", backfilled: true };
}

function facts(
  revision: Revision,
  releases: readonly Release[],
): Pick<Release, "number" | "template" | "images" | "formerNumbers" | "changeCause"> {
  const template = templateDigest(revision);
  const annotated = revision.object.metadata.annotations?.[formerNumbersKey]?.split(",").map(Number) ?? [];
  const before = releases.filter((release) => release.template === template);
  const former = numbers(
    [...annotated, ...before.flatMap(({ number, formerNumbers = [] }) => [...formerNumbers, number])],
    revision.number,
  );
  return {
    number: revision.number,
    template,
    images: imagesOf(revision.template),
    ...(former.length > 0 && { formerNumbers: former }),
    ...(revision.changeCause !== undefined && { changeCause: shortened(revision.changeCause) }),
  };
}

const numbers = (all: readonly number[], but: number): readonly number[] =>
  [...new Set(all)]
    .filter((number) => Number.isInteger(number) && number !== but)
    .sort((a, b) => a - b)
    .slice(-formerNumbersMax);

/** Container to image, init containers among them. */
export function imagesOf({ spec }: PodTemplateSpec): Record<string, string> {
  const images: Record<string, string> = {};
  for (const { name, image } of [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]) images[name] = image ?? "";
  return images;
}

/**
 * When a release began: when its revision was made, or, where an old one is used again, when its template was written. Never before
 * the release before it, so that clocks that disagree don't turn the story round.
 */
function startOf(target: Revision, writtenMs: number | undefined, afterMs = 0, nowMs: number): number {
  const told = [target.createdMs, writtenMs].find((ms) => ms !== undefined && ms > afterMs);
  const beganMs = told === undefined || Math.abs(nowMs - told) < justNowMs ? nowMs : told;
  return Math.max(beganMs, afterMs);
}

/** Appends a release; the one before it ends. */
function withRelease(history: ReleaseHistory, release: Release): ReleaseHistory {
  const { releases } = history;
  const last = releases.at(-1);
  if (!last) return { ...history, releases: [release] };
  const { configuration, ...rest } = last;
  const ended: Release = {
    ...rest,
    // What had not lasted yet was meant for the one that begins now.
    configuration: configuration.map(({ next: _, ...use }) => use),
    leftMs: Math.max(last.startedMs, release.startedMs),
    outcome: outcomeOf(last, goesBack(releases, release.template)),
  };
  return { ...history, releases: [...releases.slice(0, -1), ended, release] };
}

/** Whether a template is an earlier one that had worked. One that never was complete, or had been left for an earlier one, is a new attempt. */
function goesBack(releases: readonly Release[], template: string): boolean {
  const earlier = releases.slice(0, -1).findLast((release) => release.template === template);
  return earlier?.outcome === "completed" || earlier?.outcome === "unknown";
}

function outcomeOf({ outcome, completedMs, failedMs }: Release, goesBack: boolean): Outcome {
  if (outcome === "unknown") return outcome;
  const ended = completedMs !== undefined || failedMs !== undefined;
  if (goesBack) return ended ? "rolled back" : "aborted";
  if (completedMs !== undefined) return "completed";
  return failedMs === undefined ? "superseded" : "failed";
}
