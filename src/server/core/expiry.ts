/**
 * Removes objects of kinds that are kept only for a time (API-112): so long after their last write.
 *
 * There may be a hundred thousand of them, so they are not looked at again and again: each write is noted with the time at which its
 * object is due, in order, and nothing is read before that.
 */
import type { KindDefinition } from "../../api/kind.ts";
import { type AnyObject, keyOf } from "../../api/meta/object.ts";
import { every } from "../../base/clock.ts";
import { parseTime } from "../../base/time.ts";
import type { Core } from "./core.ts";

/** How often expired objects are looked for: they may outlive their time by this much. */
const sweepPeriodMs = 60_000;

/** A write; the object that it made is due if nobody has written it since. */
interface Due {
  readonly key: string;
  readonly version: number;
  readonly atMs: number;
}

/** Starts sweeping; returns the function that stops it. */
export function startExpiry(core: Core): () => void {
  // Kinds that share one storage share their objects.
  const byPrefix = new Map(core.kinds.filter((kind) => kind.ttlMs !== undefined).map((kind) => [core.storage.prefix(kind), kind]));
  const stops = [...byPrefix].map(([prefix, kind]) => startExpiryOf(core, kind, prefix));
  return () => {
    for (const stop of stops) stop();
  };
}

function startExpiryOf(core: Core, kind: KindDefinition, prefix: string): () => void {
  const { clock } = core.world;
  const ttlMs = kind.ttlMs as number;
  const due: Due[] = [];
  const known = core.store.version;
  const stopWatch = core.store.watch(prefix, known, {
    changes(changes) {
      for (const { entry } of changes) if (entry) due.push({ key: entry.key, version: entry.version, atMs: clock.now() + ttlMs });
    },
    end() {},
  });
  // What was there before this process is read at the first sweep: a start has no time for it.
  let before: Due[] | undefined;
  const readBefore = (): Due[] =>
    core.store
      .range(prefix)
      .entries.filter(({ version }) => version <= known)
      .map((entry) => {
        const atMs = lastWrite(core.storage.ofEntry(kind, entry).object) + ttlMs;
        return { key: entry.key, version: entry.version, atMs };
      });
  const timer = every(clock, sweepPeriodMs, () => {
    const now = clock.now();
    before ??= readBefore();
    for (const one of before) if (one.atMs <= now) void remove(core, kind, one);
    before = before.filter(({ atMs }) => atMs > now);
    const waiting = due.findIndex(({ atMs }) => atMs > now);
    const expired = due.splice(0, waiting < 0 ? due.length : waiting);
    for (const one of expired) void remove(core, kind, one);
  });
  return () => {
    timer.cancel();
    stopWatch();
  };
}

/** One that was written in the meantime stays; one that can't be removed now is due again a while later. */
async function remove(core: Core, kind: KindDefinition, due: Due): Promise<void> {
  const entry = core.store.get(due.key);
  if (entry?.version !== due.version) return;
  const stored = core.storage.ofEntry(kind, entry);
  const key = keyOf(stored.object);
  try {
    await core.storage.exclusive(kind, key, () => core.storage.remove(kind, key, stored));
  } catch (error) {
    core.world.log.warn("an expired object could not be removed", { kind: kind.kind, name: key.name, error: String(error) });
    core.world.clock.setTimer(sweepPeriodMs, () => void (core.closed() || remove(core, kind, due)));
  }
}

/** Every write that changes something leaves its time in managedFields. */
function lastWrite({ metadata }: AnyObject): number {
  let latest = parseTime(metadata.creationTimestamp) ?? 0;
  for (const { time } of metadata.managedFields ?? []) latest = Math.max(latest, parseTime(time) ?? 0);
  return latest;
}
