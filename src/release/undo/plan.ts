/** What an undo will do: which template comes back, and which configuration with it. Pure. */
import type { PodTemplateSpec } from "../../api/types.ts";
import { canonicalJson } from "../../machinery/canonical-json.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { stateOf, type State, withoutEmptyTime } from "../history/changes.ts";
import { digestOf } from "../records/history-object.ts";
import { lastProven, type Release, type ReleaseHistory, releaseOf } from "../records/release.ts";
import { templateDigest } from "../records/template-digest.ts";
import type { Revision, WorkloadSnapshot } from "../workload.ts";

/** Where to go back to. */
export interface UndoRequest {
  /** 0: the one before the present one. */
  readonly toRevision: number;
  /** The last release that was proven good and is not the present one. */
  readonly toLastGood: boolean;
}

/** A ConfigMap whose content an undo brings back. */
export interface Restoration {
  readonly name: string;
  /** What it shall hold: compact JSON of `{ data, binaryData }`. */
  readonly text: string;
}

export interface UndoPlan {
  /** As the user named it, and as the messages name it: 0 for "the one before". */
  readonly named: number;
  /** What comes back, as the revisions number it. */
  readonly number: number;
  readonly template: PodTemplateSpec;
  /** The template is there already: nothing is to be done. */
  readonly isCurrent: boolean;
  /** The revision itself; absent where only what is recorded is left of it. */
  readonly revision?: Revision;
  /** What is remembered of it. */
  readonly release?: Release;
  readonly changeCause?: string;
  /** The template that the last apply named then, compact JSON. */
  readonly applied?: string;
  /** What containers will be made from. */
  readonly state: State;
}

/** An undo that can't be, in kubectl's words. */
export class UndoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UndoError";
  }
}

/** Throws `UndoError` where there is nothing to go back to. */
export function planUndo(snapshot: WorkloadSnapshot, history: ReleaseHistory, request: UndoRequest): UndoPlan {
  const { toRevision, toLastGood } = request;
  const goal = toLastGood
    ? lastGood(snapshot, history)
    : toRevision !== 0
      ? named(snapshot, history, toRevision)
      : before(snapshot, history);
  const { template, number, revision, release, changeCause } = goal;
  const applied = release?.applied === undefined ? undefined : history.texts[release.applied];
  return {
    named: toLastGood ? number : toRevision,
    number,
    template,
    isCurrent: deepEqual(template, present(snapshot)),
    ...(revision && { revision }),
    ...(release && { release }),
    ...(changeCause !== undefined && { changeCause }),
    ...(applied !== undefined && { applied }),
    state: { template, configuration: release ? stateOf(history, release).configuration : [] },
  };
}

/** KR-23: what is paused stays as it is. Throws `UndoError`. */
export function refusePaused({ paused, object }: WorkloadSnapshot): void {
  if (!paused) return;
  throw new UndoError(
    `you cannot rollback a paused ${object.kind.toLowerCase()}; resume it first with 'kubectl rollout resume' and try again`,
  );
}

/** The template of now, as revisions would hold it. */
const present = ({ object }: WorkloadSnapshot): PodTemplateSpec => withoutEmptyTime(object.spec?.template ?? {});

type Goal = Pick<UndoPlan, "number" | "template" | "revision" | "release" | "changeCause">;

function ofRevision(revision: Revision, { releases }: ReleaseHistory): Goal {
  const digest = templateDigest(revision);
  const release =
    releases.findLast(({ template, configuration }) => template === digest && configuration.length > 0) ??
    releases.findLast(({ template }) => template === digest);
  const { number, template, changeCause } = revision;
  return {
    number,
    template: withoutEmptyTime(template),
    revision,
    ...(release && { release }),
    ...(changeCause !== undefined && { changeCause }),
  };
}

/** Of a release whose revision may be gone; undefined where its template is not remembered. */
function ofRelease(release: Release, history: ReleaseHistory): Goal | undefined {
  const text = history.texts[release.template];
  if (text === undefined) return undefined;
  const { number, changeCause } = release;
  return { number, template: JSON.parse(text) as PodTemplateSpec, release, ...(changeCause !== undefined && { changeCause }) };
}

/** A revision that is there, or one that is remembered under this number. */
function named(snapshot: WorkloadSnapshot, history: ReleaseHistory, number: number): Goal {
  const revision = snapshot.revisions.find((each) => each.number === number);
  if (revision) return ofRevision(revision, history);
  const release = releaseOf(history, number);
  const goal = release && ofRelease(release, history);
  if (!goal) throw new UndoError(`unable to find specified revision ${number} in history`);
  return { ...goal, number };
}

/** KR-21: the second-highest number; where the revisions are pruned, the last release with another template. */
function before(snapshot: WorkloadSnapshot, history: ReleaseHistory): Goal {
  const revision = snapshot.revisions[1];
  if (revision) return ofRevision(revision, history);
  const current = digestOf(canonicalJson(present(snapshot)));
  const release = history.releases.findLast(({ template }) => template !== current);
  const goal = release && ofRelease(release, history);
  if (goal) return goal;
  throw new UndoError(snapshot.kind.nothingToUndo(snapshot.key.name));
}

function lastGood(snapshot: WorkloadSnapshot, history: ReleaseHistory): Goal {
  if (history.releases.length === 0)
    throw new UndoError(
      `nothing is recorded of ${snapshot.object.kind.toLowerCase()} ${JSON.stringify(snapshot.key.name)}; name a revision with --to-revision`,
    );
  const release = lastProven(history);
  const goal = release && ofRelease(release, history);
  if (!goal) throw new UndoError("no earlier revision was proven good; name one with --to-revision");
  return goal;
}
