/** Removes objects of kinds that are kept only for a time (API-112): so long after their last write. */
import type { KindDefinition } from "../../api/kind.ts";
import { type AnyObject, keyOf } from "../../api/meta/object.ts";
import { every } from "../../base/clock.ts";
import { parseTime } from "../../base/time.ts";
import type { Core } from "./core.ts";
import type { StoredObject } from "./stored-object.ts";

/** How often expired objects are looked for: they may outlive their time by this much. */
const sweepPeriodMs = 60_000;

/** Starts sweeping; returns the function that stops it. */
export function startExpiry(core: Core): () => void {
  const expiring = core.kinds.filter((kind) => kind.ttlMs !== undefined);
  if (expiring.length === 0) return () => {};
  const timer = every(core.world.clock, sweepPeriodMs, () => {
    for (const kind of expiring) sweep(core, kind);
  });
  return () => timer.cancel();
}

function sweep(core: Core, kind: KindDefinition): void {
  const horizon = core.world.clock.now() - (kind.ttlMs as number);
  for (const entry of core.store.range(core.storage.prefix(kind)).entries) {
    const stored = core.storage.ofEntry(kind, entry);
    if (lastWrite(stored.object) <= horizon) void remove(core, kind, stored);
  }
}

/** One that was written in the meantime stays; one that can't be removed now is found again by the next sweep. */
async function remove(core: Core, kind: KindDefinition, stored: StoredObject): Promise<void> {
  const key = keyOf(stored.object);
  try {
    await core.storage.exclusive(kind, key, () => core.storage.remove(kind, key, stored));
  } catch (error) {
    core.world.log.warn("an expired object could not be removed", { kind: kind.kind, name: key.name, error: String(error) });
  }
}

/** Every write that changes something leaves its time in managedFields. */
function lastWrite({ metadata }: AnyObject): number {
  let latest = parseTime(metadata.creationTimestamp) ?? 0;
  for (const { time } of metadata.managedFields ?? []) latest = Math.max(latest, parseTime(time) ?? 0);
  return latest;
}
