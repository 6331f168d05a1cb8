/** A store that lives and dies with the process: for tests, rehearsals and simulation. */
import { LogStore } from "./log-store.ts";
import type { Store } from "./store.ts";

export interface MemoryStoreOptions {
  /** History is compacted by itself beyond this many changes. Default 50,000. */
  readonly historyMax?: number;
}

/** An empty store. Commits are applied as they are called, in order; no timer or turn of the event loop is needed. */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new LogStore(options);
}
