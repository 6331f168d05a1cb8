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
import { watchWorkload } from "../observe.ts";
import type { WorkloadKind, WorkloadSnapshot } from "../workload.ts";
import { type RolloutView, rolloutView } from "./rollout-view.ts";

/** Ages and back-offs are told anew this often though nothing has changed. */
const tickMs = 1000;
/** Where nothing has changed, evidence is read again every so many ticks. */
const beatsPerRead = 5;
/** Evidence is read again at most this often. */
const gatherPauseMs = 700;

export interface FollowOptions {
  readonly client: Client;
  readonly world: World;
  readonly kind: WorkloadKind;
  readonly key: ObjectKey;
  readonly readLog?: ReadLog;
  /** As `ExplainOptions.flags`. */
  readonly flags?: string;
  /** After each change, and every second. undefined: the workload is gone, and nothing follows. */
  changed(view: RolloutView | undefined): void;
}

export interface Follower {
  close(): void;
}

/** Resolves when the first view has been handed over. Rejects as `watchWorkload` does. */
export async function followRollout(options: FollowOptions): Promise<Follower> {
  const { client, world, kind, key } = options;
  const { clock } = world;
  const events = new Informer<EventObject>({
    client,
    world,
    kind: Event,
    ...(key.namespace !== undefined && { namespace: key.namespace }),
  });
  let related: Related = nothingRelated;
  let view: RolloutView | undefined;
  let over = false;
  let gathering: Promise<void> | undefined;
  let isStale = false;
  let pause: Timer | undefined;
  let tick: Timer | undefined;
  let nudge: Timer | undefined;

  const close = (): void => {
    over = true;
    for (const timer of [pause, tick, nudge]) timer?.cancel();
    events.close();
    watch?.close();
  };

  const show = (snapshot: WorkloadSnapshot): void => {
    const nowMs = clock.now();
    const known = { ...related, events: events.lister.list() };
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
    if (!snapshot || snapshot.complete) return;
    isStale = false;
    gathering = gather(snapshot, { client, ...(options.readLog && { readLog: options.readLog }), events: [] }).then((found) => {
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

  const watch = await watchWorkload({ client, world, kind, key, changed: renew });
  events.start();
  events.addHandler(() => {
    nudge ??= clock.setTimer(0, () => {
      nudge = undefined;
      if (!over) renew(watch.current());
    });
  });
  let beats = 0;
  const beat = (): void => {
    tick = clock.setTimer(tickMs, beat);
    const snapshot = watch.current();
    if (!snapshot || ++beats % beatsPerRead === 0) renew(snapshot);
    else show(snapshot);
  };
  tick = clock.setTimer(tickMs, beat);
  renew(watch.current());
  return { close };
}
