/** Follows a rollout: the picture, its causes and its history, anew after every change and as time passes. */
import { Event } from "../../api/kinds/event/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import type { Event as EventObject } from "../../api/types.ts";
import type { Timer } from "../../base/clock.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../client/client.ts";
import { Informer } from "../../client/informer.ts";
import { explain } from "../explain/explain.ts";
import { nothingRelated, type Related } from "../explain/explanation.ts";
import { gather, type ReadLog } from "../explain/gather.ts";
import { watchWorkload, type WorkloadWatch } from "../observe.ts";
import type { WorkloadKind, WorkloadSnapshot } from "../workload.ts";
import { type RolloutView, rolloutView } from "./rollout-view.ts";

/** Ages and back-offs are told anew this often though nothing has changed. */
const tickMs = 1000;
/** Where nothing has changed, evidence is read again every so many ticks. */
const beatsPerRead = 5;
/** Evidence is read again at most this often. */
const gatherPauseMs = 700;

/** Where changes come thick and fast, a view is handed over at most this often. */
const showPauseMs = 100;
/** Where all nodes matter, they are listed at most this often. */
const nodesAgeMs = 10_000;

export interface FollowOptions {
  readonly client: Client;
  readonly world: World;
  readonly kind: WorkloadKind;
  readonly key: ObjectKey;
  readonly readLog?: ReadLog;
  /** As `ExplainOptions.flags`. */
  readonly flags?: string;
  /** Where several are followed: what they share. Absent: it watches for itself, and closes that. */
  readonly source?: RolloutSource;
  /** After each change, and every second. undefined: the workload is gone, and nothing follows. */
  changed(view: RolloutView | undefined): void;
}

/** Whence a follower has the picture and the events. */
export interface RolloutSource {
  /** As `watchWorkload`. */
  watch(changed: () => void): Promise<WorkloadWatch>;
  /** Those about the objects of these uids, as of now. */
  eventsAbout(uids: readonly string[]): readonly EventObject[];
  /** `changed` is called after events came. Returns the function that ends it. */
  onEvents(changed: (about: string) => void): () => void;
  close(): void;
}

export interface Follower {
  close(): void;
}

/** Resolves when the first view has been handed over. Rejects as `watchWorkload` does. */
export async function followRollout(options: FollowOptions): Promise<Follower> {
  const { client, world } = options;
  const { clock } = world;
  const source = options.source ?? ownSource(options);
  let related: Related = nothingRelated;
  let view: RolloutView | undefined;
  let over = false;
  let shownMs = Number.NEGATIVE_INFINITY;
  let nodesMs = Number.NEGATIVE_INFINITY;
  let gathering: Promise<void> | undefined;
  let isStale = false;
  let pause: Timer | undefined;
  let tick: Timer | undefined;
  let nudge: Timer | undefined;

  const close = (): void => {
    over = true;
    for (const timer of [pause, tick, nudge]) timer?.cancel();
    stopEvents();
    watch?.close();
    if (!options.source) source.close();
  };

  const show = (snapshot: WorkloadSnapshot): void => {
    const nowMs = clock.now();
    shownMs = nowMs;
    const known = { ...related, events: source.eventsAbout(uidsOf(snapshot, related)) };
    view = rolloutView(snapshot, explain(snapshot, known, { nowMs, flags: options.flags ?? "" }), nowMs, view);
    options.changed(view);
  };

  /** Logs, claims and nodes, in the background; what they add is shown when it is there. */
  const read = (): void => {
    if (over || pause || gathering) {
      isStale = true;
      return;
    }
    const snapshot = watch?.current();
    // Of what is complete only this may change: which nodes it leaves out.
    const areNodesOld = snapshot?.kind.onePerNode && clock.now() - nodesMs >= nodesAgeMs;
    if (!snapshot || (snapshot.complete && !areNodesOld)) return;
    isStale = false;
    const nodes = snapshot.kind.onePerNode && !areNodesOld ? related.nodes : undefined;
    if (!nodes) nodesMs = clock.now();
    const how = { client, ...(options.readLog && { readLog: options.readLog }), ...(nodes && { nodes }), events: [] };
    gathering = gather(snapshot, how).then((found) => {
      gathering = undefined;
      if (over) return;
      related = found;
      const current = watch?.current();
      if (current) show(current);
      pause = clock.setTimer(gatherPauseMs, () => {
        pause = undefined;
        if (isStale) read();
      });
    });
  };

  const renew = (snapshot: WorkloadSnapshot | undefined): void => {
    if (over) return;
    if (!snapshot) {
      close();
      options.changed(undefined);
      return;
    }
    show(snapshot);
    read();
  };

  /** In a storm of changes the picture is made a few times a second: of a thousand Pods it is not for nothing. */
  const nudged = (): void => {
    if (over) return;
    const dueMs = Math.max(0, shownMs + showPauseMs - clock.now());
    nudge ??= clock.setTimer(dueMs, () => {
      nudge = undefined;
      if (!over && watch) renew(watch.current());
    });
  };

  const watch = await source.watch(nudged).catch((error) => {
    if (!options.source) source.close();
    throw error;
  });
  const stopEvents = source.onEvents((about) => {
    if (about === options.key.name || about.startsWith(`${options.key.name}-`) || isOfClaim(about, related)) nudged();
  });
  let beats = 0;
  const beat = (): void => {
    tick = clock.setTimer(tickMs, beat);
    const snapshot = watch.current();
    if (!snapshot || ++beats % beatsPerRead === 0) renew(snapshot);
    // Of what is complete time changes nothing.
    else if (!snapshot.complete || !view?.snapshot.complete) show(snapshot);
  };
  tick = clock.setTimer(tickMs, beat);
  renew(watch.current());
  return { close };
}

/** Everything that events may be about. */
const uidsOf = ({ object, revisions, pods }: WorkloadSnapshot, { claims }: Related): string[] => [
  object.metadata.uid as string,
  ...revisions.map(({ uid }) => uid),
  ...pods.map(({ uid }) => uid),
  ...[...claims.values()].map(({ metadata }) => metadata.uid as string),
];

const isOfClaim = (name: string, { claims }: Related): boolean => claims.has(name);

/** Index of events by what they are about. */
const byUid = "uid";

/** Watches for one workload alone. */
function ownSource({ client, world, kind, key }: FollowOptions): RolloutSource {
  const events = eventInformer({ client, world, ...(key.namespace !== undefined && { namespace: key.namespace }) });
  events.start();
  return { ...eventSource(events), watch: (changed) => watchWorkload({ client, world, kind, key, changed }), close: () => events.close() };
}

/** Events of a namespace, or of all, ready for `eventSource`. */
export function eventInformer(options: {
  readonly client: Client;
  readonly world: World;
  readonly namespace?: string;
}): Informer<EventObject> {
  const events = new Informer<EventObject>({ ...options, kind: Event });
  events.addIndex(byUid, ({ involvedObject }) => (involvedObject?.uid ? [involvedObject.uid] : []));
  return events;
}

/** The half of a `RolloutSource` that is about events. */
export const eventSource = (events: Informer<EventObject>): Pick<RolloutSource, "eventsAbout" | "onEvents"> => ({
  eventsAbout: (uids) => uids.flatMap((uid) => events.lister.byIndex(byUid, uid)),
  onEvents: (changed) => events.addHandler(({ object }) => changed(object.involvedObject?.name ?? "")),
});
