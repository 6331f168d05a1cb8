/** When a release counts as proven good, so that a rollback may go to it. */
import type { WorkloadObject, WorkloadSnapshot } from "../workload.ts";
import type { Release } from "./release.ts";
import { templateDigest } from "./template-digest.ts";

/** Annotation of a workload: for how many seconds its Pods must stay available until a release is proven good. */
const provenAfterAnnotation = "windlass.dev/proven-after-seconds";
const provenAfterDefaultMs = 10_000;

/**
 * A release is proven good when it was completed and its Pods have stayed available for a while. An earlier one can still
 * prove itself by the Pods that are left of it, while what came after it gets nowhere.
 */
export function prove(snapshot: WorkloadSnapshot, releases: readonly Release[]): { releases: readonly Release[]; lookAgainMs?: number } {
  let lookAgainMs = Number.POSITIVE_INFINITY;
  const proven = releases.map((release, index) => {
    if (release.completedMs === undefined || release.provenMs !== undefined) return release;
    // Pods tell only of the last time that their template was a release.
    if (releases.findLastIndex(({ template }) => template === release.template) !== index) return release;
    const heldSinceMs = heldSince(snapshot, release.template);
    if (heldSinceMs === undefined) return release;
    const atMs = Math.max(heldSinceMs, release.startedMs) + provenAfterMs(snapshot.object);
    if (atMs <= snapshot.takenMs) return { ...release, provenMs: atMs };
    lookAgainMs = Math.min(lookAgainMs, atMs - snapshot.takenMs);
    return release;
  });
  return { releases: proven, ...(Number.isFinite(lookAgainMs) && { lookAgainMs }) };
}

/** Since when all Pods of a template have been available; undefined where one is not, or none is left. */
function heldSince({ revisions, pods }: WorkloadSnapshot, template: string): number | undefined {
  const name = revisions.find((revision) => templateDigest(revision) === template)?.name;
  const own = pods.filter((pod) => pod.revision === name && !pod.terminating && !pod.ended);
  if (name === undefined || own.length === 0 || own.some(({ available }) => !available)) return undefined;
  return Math.max(...own.map(({ readySinceMs = 0 }) => readySinceMs));
}

function provenAfterMs({ metadata }: WorkloadObject): number {
  const seconds = Number(metadata.annotations?.[provenAfterAnnotation]);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : provenAfterDefaultMs;
}
