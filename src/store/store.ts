/**
 * The contract of the store: a revisioned, ordered key-value log. It knows keys and bytes, not kinds.
 * `storeVersion` is its one counter: every successful commit takes the next number, and every entry it writes
 * carries that number. Implementations: memory, SQLite (durable), later etcd. One shared suite tests them all.
 */

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** The storeVersion of the commit that wrote this value. */
  readonly version: number;
  /** The storeVersion of the commit that created the key (since it was last absent). */
  readonly createdVersion: number;
  /**
   * What the writer handed along, for readers in this process only (a parsed object, to spare parsing it again).
   * Absent after a restart, and let go of some time after the entry was replaced. Never persisted.
   */
  readonly companion?: unknown;
}

export type Operation =
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array;
      /** The version the key must have now; 0 means it must be absent; absent means any. */
      readonly expect?: number;
      readonly companion?: unknown;
    }
  | { readonly type: "delete"; readonly key: string; readonly expect?: number };

export type CommitResult =
  /** All operations are applied and durable at `version`: a new one, or the newest there was when nothing had to change. */
  | { readonly ok: true; readonly version: number }
  /** Nothing is applied: `current` is what the first key that did not meet its expectation holds (undefined: absent). */
  | { readonly ok: false; readonly key: string; readonly current: Entry | undefined; readonly version: number };

/** One change, as watchers see it. All changes of one commit carry one version. */
export interface Change {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly version: number;
  /** The entry after a put; undefined after a delete. */
  readonly entry: Entry | undefined;
  /** The entry before, when there was one. */
  readonly previous: Entry | undefined;
}

export interface WatchHandler {
  /** All changes of one commit under the prefix, in order, called synchronously before that commit's promise resolves. One that throws loses its watch. */
  changes(changes: readonly Change[]): void;
  /** The watch ends by itself: the store was closed or failed. */
  end(error?: Error): void;
}

export interface RangeOptions {
  /** First key to return; default the prefix itself. */
  readonly start?: string;
  readonly limit?: number;
  /** Read as of this version. Throws `CompactedError` or `FutureVersionError`. Default: now. */
  readonly at?: number;
}

export interface RangeResult {
  /** In key order (by UTF-16 code unit). */
  readonly entries: readonly Entry[];
  /** The store's version at which this was read. */
  readonly version: number;
  /** How many entries are left after these. */
  readonly remaining: number;
}

export interface Store {
  /** The version of the newest commit that is durable; 0 for an empty store. */
  readonly version: number;
  /** Versions below this can no longer be read or watched from. */
  readonly compactedVersion: number;
  /** The newest durable entry. Reads see exactly what was acknowledged or delivered to watchers. */
  get(key: string): Entry | undefined;
  /** Entries whose key starts with `prefix`. */
  range(prefix: string, options?: RangeOptions): RangeResult;
  /**
   * Applies all operations or none, as one version. Resolves when durable. Concurrent commits share a sync and are
   * ordered as they were called. Rejects with `StoreFailure` when the disk fails: then nothing of it is visible.
   * One commit names each key once and holds at most 4,096 operations; keys are well-formed Unicode. Values must not be
   * changed after they were handed over.
   */
  commit(operations: readonly Operation[]): Promise<CommitResult>;
  /**
   * Calls the handler with every change under `prefix` of versions > `after`, first those of the past (synchronously,
   * before this returns), then the future ones as they happen, without a gap. `after` may lie in the future. Throws
   * `CompactedError` when `after` < compactedVersion. Returns the function that ends the watch.
   */
  watch(prefix: string, after: number, handler: WatchHandler): () => void;
  /**
   * Forgets history: versions below `version` can't be read or watched from any more, at once. Current values stay. Resolves
   * when the space is free; commits go on meanwhile. Rejects with `FutureVersionError` or `StoreFailure`.
   */
  compact(version: number): Promise<void>;
  /** Waits for pending commits, then releases everything. Watches end. */
  close(): Promise<void>;
}

/** The version asked for was compacted. */
export class CompactedError extends Error {
  readonly compactedVersion: number;
  constructor(asked: number, compactedVersion: number) {
    super(`version ${asked} is compacted (oldest kept: ${compactedVersion})`);
    this.name = "CompactedError";
    this.compactedVersion = compactedVersion;
  }
}

/** The version asked for is not written yet. */
export class FutureVersionError extends Error {
  constructor(asked: number, current: number) {
    super(`version ${asked} is in the future (newest: ${current})`);
    this.name = "FutureVersionError";
  }
}

/** The disk refused: full, read-only or broken. `message` says which, for the operator. */
export class StoreFailure extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreFailure";
  }
}
