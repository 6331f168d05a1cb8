/** Which Pods of a Job should run now, and how long a failure holds back the next try. */
import type { Job, Pod } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { isPodReady } from "../../machinery/pods.ts";
import { type Count, hasLimitPerIndex } from "./count.ts";
import { type FailureCount, indexOf } from "./tracking.ts";

/** After the first failed Pod the next one waits so long, then twice as long each time. */
const backOffFirstMs = 10_000;
const backOffLongestMs = 600_000;

/** A Pod to be made. */
export interface Creation {
  /** Undefined where the Job has no indexes. */
  readonly index?: number;
  /** How often the index has failed before; undefined without a limit per index. */
  readonly failures?: FailureCount;
}

interface Sized {
  readonly creations: readonly Creation[];
  readonly deletions: readonly Pod[];
  /** Pods that are wanted but held back may be made after so many milliseconds. */
  readonly waitMs: number | undefined;
}

/** How many Pods should run now, and which. `occupied` are Pods on their way out whose place is not free yet. */
export function resize(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  occupied: readonly Pod[],
  count: Count,
  nowMs: number,
): Sized {
  const wanted = job.spec?.completionMode === "Indexed" ? byIndex(job, active, occupied, count) : byNumber(job, active, occupied, count);
  if (hasLimitPerIndex(job.spec)) return { deletions: wanted.deletions, ...perIndex(wanted.creations, count, nowMs) };
  const waitMs = backOffMs(pods, nowMs);
  if (waitMs === 0 || wanted.creations.length === 0) return { ...wanted, waitMs: undefined };
  return { deletions: wanted.deletions, creations: [], waitMs };
}

type Wanted = Pick<Sized, "creations" | "deletions">;

function byIndex(job: Job, active: readonly Pod[], occupied: readonly Pod[], { completed, failedIndexes }: Count): Wanted {
  const { parallelism = 1, completions = 0 } = job.spec ?? {};
  const taken = new Set<number | undefined>([...completed, ...failedIndexes, ...occupied.map(indexOf)]);
  const deletions: Pod[] = [];
  let running = 0;
  for (const pod of active) {
    const index = indexOf(pod);
    if (index === undefined || index >= completions || taken.has(index) || running >= parallelism) deletions.push(pod);
    else {
      taken.add(index);
      running++;
    }
  }
  const creations: Creation[] = [];
  for (let index = 0; index < completions && running + occupied.length < parallelism; index++) {
    if (taken.has(index)) continue;
    creations.push({ index });
    running++;
  }
  return { creations, deletions };
}

function byNumber(job: Job, active: readonly Pod[], occupied: readonly Pod[], count: Count): Wanted {
  const { parallelism = 1, completions } = job.spec ?? {};
  const succeeded = count.succeeded + count.uncounted.succeeded.length;
  let wanted = parallelism;
  if (completions !== undefined) wanted = Math.min(parallelism, Math.max(0, completions - succeeded));
  else if (succeeded > 0) wanted = Math.min(parallelism, active.length);
  // Those that have not begun to work are the least loss.
  const surplus = [...active].sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b))).slice(0, Math.max(0, active.length - wanted));
  return { creations: new Array(Math.max(0, wanted - active.length - occupied.length)).fill({}), deletions: surplus };
}

/** Where each index has a limit of its own, each waits for itself. One that waits keeps its place among those that run at once. */
function perIndex(wanted: readonly Creation[], { held }: Count, nowMs: number): Pick<Sized, "creations" | "waitMs"> {
  const creations: Creation[] = [];
  let waitMs: number | undefined;
  for (const { index = 0 } of wanted) {
    const last = held.get(index);
    const failures = last?.failures ?? { counted: 0, ignored: 0 };
    const left = last ? endedMs(last.pod) + delayMs(failures.counted + failures.ignored) - nowMs : 0;
    if (left <= 0) creations.push({ index, failures });
    else waitMs = Math.min(left, waitMs ?? left);
  }
  return { creations, waitMs };
}

const delayMs = (failures: number): number => Math.min(backOffFirstMs * 2 ** (failures - 1), backOffLongestMs);

/** For how much longer no Pod may be made, because the last ones failed. A success begins anew. */
function backOffMs(pods: readonly Pod[], nowMs: number): number {
  const lastSuccess = Math.max(0, ...pods.filter(({ status }) => status?.phase === "Succeeded").map(endedMs));
  const failures = pods
    .filter((pod) => pod.status?.phase === "Failed")
    .map(endedMs)
    .filter((ms) => ms > lastSuccess);
  return failures.length === 0 ? 0 : Math.max(0, Math.max(...failures) + delayMs(failures.length) - nowMs);
}

/** When a Pod ended: when the last of its containers did, or else when it was last heard of. */
function endedMs({ status, metadata }: Pod): number {
  const ends = (status?.containerStatuses ?? []).map(({ state }) => parseTime(state?.terminated?.finishedAt) ?? 0);
  const heard = parseTime(findCondition(status?.conditions, "Ready")?.lastTransitionTime);
  return Math.max(0, ...ends) || (heard ?? parseTime(metadata.creationTimestamp) ?? 0);
}
