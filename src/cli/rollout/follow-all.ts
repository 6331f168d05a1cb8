/** Follows several rollouts to their common end: when each of them is where it was waited for, or nobody waits any longer. */
import type { ObjectKey } from "../../api/meta/object.ts";
import type { World } from "../../base/world.ts";
import type { RolloutEnd } from "../../release/view/report.ts";
import type { RolloutView } from "../../release/view/rollout-view.ts";
import type { WorkloadKind } from "../../release/workload.ts";
import type { NamedWorkload } from "./find-workloads.ts";

/** When it is over; see `untilFlag`. */
export type Until = "complete" | "certain" | "forever";

/** One way of showing what happens. */
export interface Face {
  /** `view` is new. `all` are the newest of every workload, in the order of their names or of their appearance. */
  show(view: RolloutView, all: readonly RolloutView[]): void;
  /** One has come to where it was waited for, or has gone. It may go on from there while others are waited for. */
  ended(end: RolloutEnd, all: readonly RolloutView[]): void;
  close(): void;
}

export interface FollowAllOptions {
  readonly world: World;
  readonly interrupted: AbortSignal;
  readonly until: Until;
  /** 0: never. */
  readonly timeoutMs: number;
  /** These were asked for by name: one that is deleted is an end that was not wanted. Absent: whatever there is, and what is deleted does not count. */
  readonly named?: readonly NamedWorkload[];
  /** Several namespaces are looked at: names are told with theirs. */
  readonly withNamespace: boolean;
  /** Starts to follow; resolves when all that are there have been told of once. */
  start(changed: (workload: NamedWorkload, view: RolloutView | undefined) => void): Promise<{ close(): void }>;
}

interface Followed {
  readonly kind: WorkloadKind;
  readonly key: ObjectKey;
  view?: RolloutView;
  outcome?: RolloutEnd["outcome"];
  /** When it came to its outcome. */
  atMs?: number;
}

/** Resolves with how each of them ended. Rejects where they cannot be followed. */
export async function followAll(face: Face, options: FollowAllOptions): Promise<RolloutEnd[]> {
  const { until, timeoutMs, named, world } = options;
  const { clock } = world;
  const startedMs = clock.now();
  const idOf = ({ kind, key }: NamedWorkload): string => `${kind.title}/${key.namespace ?? ""}/${key.name}`;
  const followed = new Map<string, Followed>((named ?? []).map((workload) => [idOf(workload), { ...workload }]));
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // Until the first view of each has come nobody knows whether all have ended.
  let isComplete = named !== undefined;

  const endOf = ({ kind, key, view, outcome = "interrupted", atMs }: Followed): RolloutEnd => ({
    name: `${options.withNamespace && key.namespace !== undefined ? `${key.namespace}/` : ""}${kind.ref.kind.toLowerCase()}/${key.name}`,
    outcome,
    tookMs: (atMs ?? clock.now()) - startedMs,
    ...(view && { view }),
  });
  const views = (): RolloutView[] => [...followed.values()].map(({ view }) => view).filter((view) => view !== undefined);
  const end = (each: Followed, outcome: RolloutEnd["outcome"]): void => {
    each.outcome = outcome;
    each.atMs = clock.now();
    face.ended(endOf(each), views());
  };
  const look = (): void => {
    if (isComplete && until !== "forever" && [...followed.values()].every(({ outcome }) => outcome !== undefined)) finish();
    else if (named && [...followed.values()].every(({ outcome }) => outcome === "gone")) finish();
  };
  const changed = (workload: NamedWorkload, view: RolloutView | undefined): void => {
    const id = idOf(workload);
    const each: Followed = followed.get(id) ?? { ...workload };
    if (each.outcome === "gone") return;
    if (!view) {
      if (!named) followed.delete(id);
      end(each, "gone");
      look();
      return;
    }
    followed.set(id, each);
    each.view = view;
    face.show(view, views());
    const outcome = outcomeOf(view, until);
    if (outcome === undefined) {
      // It was over, and has begun anew while others were waited for.
      delete each.outcome;
      delete each.atMs;
    } else if (outcome !== each.outcome) end(each, outcome);
    look();
  };
  const endAll = (outcome: RolloutEnd["outcome"]): void => {
    for (const each of followed.values()) if (each.outcome === undefined) end(each, outcome);
    finish();
  };
  const timer = timeoutMs > 0 ? clock.setTimer(timeoutMs, () => endAll("timed-out")) : undefined;
  const interrupt = (): void => endAll("interrupted");
  options.interrupted.addEventListener("abort", interrupt, { once: true });
  const starting = options.start(changed).then((follower) => {
    isComplete = true;
    look();
    return follower;
  });
  try {
    // Where nothing can be followed the end never comes.
    await Promise.race([finished, starting.then(() => finished)]);
    return [...followed.values()].map(endOf);
  } finally {
    timer?.cancel();
    options.interrupted.removeEventListener("abort", interrupt);
    starting.then(
      (follower) => follower.close(),
      () => {},
    );
  }
}

/** Whether this is the end that was asked for. */
function outcomeOf({ verdict }: RolloutView, until: Until): RolloutEnd["outcome"] | undefined {
  if (until === "forever") return undefined;
  if (verdict === "complete") return "complete";
  if (until === "certain" && (verdict === "failed" || verdict === "waiting-for-somebody")) return verdict;
  return undefined;
}
