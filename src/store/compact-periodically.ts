/** Keeps the store's history as long as readers of the past need it, and no longer. */
import { type Clock, every, type Timer } from "../base/clock.ts";
import type { Store } from "./store.ts";

/** What a Kubernetes API server does with its etcd unless told otherwise. */
const periodMsDefault = 5 * 60_000;

/**
 * Forgets, every `periodMs`, what was already past one period ago: a reader has between one and two periods to finish a
 * list or to take up a watch again. `failed` hears of a compaction that the disk refused; the next one makes up for it.
 * Cancel the timer before the store is closed.
 */
export function compactPeriodically(store: Store, clock: Clock, failed: (error: unknown) => void, periodMs = periodMsDefault): Timer {
  let newestThen = store.version;
  return every(clock, periodMs, () => {
    const version = newestThen;
    newestThen = store.version;
    store.compact(version).catch(failed);
  });
}
