/**
 * What is remembered of a workload: one release per number that its template ever bore, the oldest first. A release that brings
 * an earlier template back is a release of its own, so the list tells the story in the order in which it happened, whatever
 * numbers ReplicaSets and ControllerRevisions bear by now and whichever of them are still there.
 */
import type { ConfigurationReference } from "../configuration/references.ts";

/**
 * How a release ended, or that it has not:
 *
 * - `progressing`: on its way.
 * - `completed`: all its Pods were available at once.
 * - `failed`: its deadline passed, or it was certain that it can't succeed.
 * - `superseded`: a new template came before it was done.
 * - `rolled back`: it had completed or failed, then an earlier template was brought back.
 * - `aborted`: an earlier template was brought back before it had completed or failed.
 * - `unknown`: it was over before anybody recorded.
 */
export type Outcome = "progressing" | "completed" | "failed" | "superseded" | "rolled back" | "aborted" | "unknown";

/** A ConfigMap or Secret that the template named, and what was in it. */
export interface ConfigurationUse extends ConfigurationReference {
  /** Of its content; for a Secret under the namespace's key (`digest-key.ts`). Absent: it was not there, or not readable. */
  readonly digest?: string;
  /** A newer content that has not yet lasted long enough to be this release's, and since when, in milliseconds since the epoch. */
  readonly next?: { readonly digest: string; readonly sinceMs: number };
}

/** All times are milliseconds since the epoch. */
export interface Release {
  /** The revision, as `kubectl rollout history` numbers them. */
  readonly number: number;
  /** Numbers that the same template bore before, ascending. */
  readonly formerNumbers?: readonly number[];
  /** Digest of the template, without the labels that controllers add. */
  readonly template: string;
  /** Digest of the template that the last apply named, while this release was the newest. */
  readonly applied?: string;
  /** Container to image, as the template says. */
  readonly images: Readonly<Record<string, string>>;
  /** Container to what its Pods ran, with digests. The last seen, where a tag moved meanwhile. */
  readonly imageIds?: Readonly<Record<string, string>>;
  readonly configuration: readonly ConfigurationUse[];
  readonly changeCause?: string;
  /** The field manager that wrote the template; absent where the object does not tell. */
  readonly manager?: string;
  /** The user that sent the template: as the server knows it, or as the workload's annotation says where no server can be asked. */
  readonly user?: string;
  /** Who really sent it, where `user` was impersonated. */
  readonly impersonatedBy?: string;
  /** For whom the user acted: whom the workload's annotation names, or who edited the configuration that is rolled out. */
  readonly onBehalfOf?: string;
  readonly startedMs: number;
  readonly completedMs?: number;
  readonly failedMs?: number;
  /** Since when it counts as proven good: completed, and its Pods stayed available for a while. */
  readonly provenMs?: number;
  /** When the next release took over. */
  readonly leftMs?: number;
  readonly outcome: Outcome;
  /** One sentence: why it failed, or why it was rolled back. */
  readonly reason?: string;
  /** It was given up for an earlier release without anybody asking: `to` is that one's template. Once per template (rollback/decide.ts). */
  readonly rollback?: { readonly to: string };
  /** Begun before anybody recorded: what is known comes from what was found. */
  readonly backfilled?: true;
}

/** Everything that is remembered of a workload. Immutable. */
export interface ReleaseHistory {
  readonly releases: readonly Release[];
  /** Templates and contents by digest, as compact JSON. What had no room is missing. */
  readonly texts: Readonly<Record<string, string>>;
}

/** Nothing is remembered yet. */
export const emptyHistory: ReleaseHistory = { releases: [], texts: {} };

/** How long it took: to its completion, its failure or its end; undefined while it lasts, and where the beginning was not seen. */
export function durationMs({ startedMs, completedMs, failedMs, leftMs, outcome, backfilled }: Release): number | undefined {
  if (backfilled && outcome === "unknown") return undefined;
  const endMs = completedMs ?? failedMs ?? leftMs;
  return endMs === undefined ? undefined : Math.max(0, endMs - startedMs);
}

/** The release that bore this number last, or whose template bore it. The newest, where several did. */
export const releaseOf = ({ releases }: ReleaseHistory, number: number): Release | undefined =>
  releases.findLast((release) => release.number === number) ?? releases.findLast((release) => release.formerNumbers?.includes(number));

/** The newest release that was proven good and has another template than the newest of all. */
export function lastProven({ releases }: ReleaseHistory): Release | undefined {
  const current = releases.at(-1);
  return releases.findLast(
    (release) =>
      release !== current &&
      release.template !== current?.template &&
      isProven(releases, release.template) &&
      !wasBad(releases, release.template),
  );
}

/** Whether a template was proven good in any of its releases. */
const isProven = (releases: readonly Release[], template: string): boolean =>
  releases.some((release) => release.template === template && release.provenMs !== undefined);

/** Whether the last that is known of a template is that it failed, or that people went back from it. */
function wasBad(releases: readonly Release[], template: string): boolean {
  const last = releases.findLast((release) => release.template === template);
  return last?.outcome === "failed" || last?.outcome === "rolled back";
}
