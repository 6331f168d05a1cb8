/**
 * The store as its readers see it, whatever it is kept on: current entries in order, history, watches and group commit.
 * A `Backend` makes commits durable; without one the store lives in memory only.
 *
 * The life of a commit:
 *     commit() ── queue ──┐ (while one group is written, the next gathers)
 *                         └─ stage: check expectations, give versions ── backend.write ── apply: index, watches, promise
 *
 * Invariants:
 * 1. Nothing is in the index, in the history or in a watcher's hands before the backend has it.
 * 2. Commits are staged, written, applied and answered in the order of their calls.
 * 3. A watcher is told each version at most once, ascending, and none is left out after its first.
 */
import { assert } from "../base/assert.ts";
import { History } from "./history.ts";
import { SortedMap } from "./sorted-map.ts";
import {
  type Change,
  type CommitResult,
  CompactedError,
  type Entry,
  FutureVersionError,
  type Operation,
  type RangeOptions,
  type RangeResult,
  type Store,
  StoreFailure,
  type WatchHandler,
} from "./store.ts";

/** Where commits are kept. Everything may answer at once (undefined) or later. One write and one compaction may be under way together. */
export interface Backend {
  /** Makes the changes of one group durable, all or none. Rejects or throws `StoreFailure`. */
  write(changes: readonly Change[]): Promise<void> | undefined;
  /** Makes durable that versions below `version` are gone; `forgotten` are the changes up to it that were still kept. */
  compact(version: number, forgotten: readonly Change[]): Promise<void> | undefined;
  close(): Promise<void> | undefined;
}

/** What a backend found on its medium. */
export interface Recovered {
  readonly compactedVersion: number;
  readonly version: number;
  /** Current entries and history are rebuilt from these: rows in order of version, later ones superseding earlier ones. */
  readonly rows: Iterable<Row>;
}

/** One persisted operation: a put, or a delete where `value` is null. */
export interface Row {
  readonly key: string;
  readonly version: number;
  readonly createdVersion: number;
  readonly value: Uint8Array | null;
}

export interface LogStoreOptions {
  readonly backend?: Backend;
  readonly recovered?: Recovered;
  /** Starts the writing of a group; commits called before the task runs share it. Default: at once. */
  readonly schedule?: (task: () => void) => void;
  /** History is compacted by itself beyond this many changes. */
  readonly historyMax?: number;
  /** History is compacted by itself when it alone holds more than this many bytes of values. */
  readonly historyMaxBytes?: number;
}

/** The most operations that one commit may hold. */
export const commitOperationsMax = 4096;
/** The most operations that one group may hold, so that no write grows without bound. */
const groupOperationsMax = 4096;
const historyMaxDefault = 50_000;
const historyMaxBytesDefault = 64 * 1024 * 1024;

interface Pending {
  readonly operations: readonly Operation[];
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Staged {
  readonly pending: Pending;
  readonly changes: readonly Change[];
  readonly result: CommitResult;
}

interface Watcher {
  readonly handler: WatchHandler;
  /** The newest version that it was told, or need not be told. */
  seen: number;
  active: boolean;
}

export class LogStore implements Store {
  readonly #current = new SortedMap<Entry>();
  readonly #history = new History();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #backend: Backend | undefined;
  readonly #schedule: (task: () => void) => void;
  readonly #historyMax: number;
  readonly #historyMaxBytes: number;

  #version = 0;
  #compactedVersion = 0;
  #queue: Pending[] = [];
  /** Settles when the compactions called so far are done. */
  #compaction: Promise<void> = Promise.resolve();
  /** A group is on its way from the queue to its answers. */
  #busy = false;
  #scheduled = false;
  #closing: Promise<void> | undefined;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(options: LogStoreOptions = {}) {
    this.#backend = options.backend;
    this.#schedule = options.schedule ?? ((task) => task());
    this.#historyMax = options.historyMax ?? historyMaxDefault;
    this.#historyMaxBytes = options.historyMaxBytes ?? historyMaxBytesDefault;
    if (options.recovered) this.#recover(options.recovered);
  }

  get version(): number {
    return this.#version;
  }

  get compactedVersion(): number {
    return this.#compactedVersion;
  }

  get(key: string): Entry | undefined {
    this.#checkOpen();
    return this.#current.get(key);
  }

  range(prefix: string, options: RangeOptions = {}): RangeResult {
    this.#checkOpen();
    const { limit = Number.POSITIVE_INFINITY, at = this.#version } = options;
    const start = options.start !== undefined && options.start > prefix ? options.start : prefix;
    this.#checkReadable(at);
    if (at > this.#version) throw new FutureVersionError(at, this.#version);
    const past = at < this.#version ? this.#undone(prefix, start, at) : [];
    const entries: Entry[] = [];
    // What was there then and what is there now are both in order: merge them.
    let next = 0;
    const takePastBefore = (key: string | undefined): void => {
      for (; next < past.length && entries.length < limit; next++) {
        const [pastKey, entry] = past[next] as readonly [string, Entry | undefined];
        if (key !== undefined && pastKey >= key) return;
        if (entry) entries.push(entry);
      }
    };
    this.#current.walk(start, (key, entry) => {
      if (!key.startsWith(prefix)) return false;
      takePastBefore(key);
      if (entries.length >= limit) return false;
      if (past[next]?.[0] === key) {
        const then = past[next++]?.[1];
        if (then) entries.push(then);
      } else {
        entries.push(entry);
      }
      return entries.length < limit;
    });
    takePastBefore(undefined);
    const remaining = entries.length < limit ? 0 : this.#count(prefix, start, past) - entries.length;
    return { entries, version: at, remaining };
  }

  commit(operations: readonly Operation[]): Promise<CommitResult> {
    if (this.#closing) return Promise.reject(new StoreFailure("the store is closed"));
    const problem = operationsProblem(operations);
    if (problem !== undefined) return Promise.reject(new Error(problem));
    return new Promise((resolve, reject) => {
      this.#queue.push({ operations, resolve, reject });
      this.#start();
    });
  }

  watch(prefix: string, after: number, handler: WatchHandler): () => void {
    this.#checkOpen();
    this.#checkReadable(after);
    const watcher: Watcher = { handler, seen: after, active: true };
    const stop = (): void => this.#unwatch(prefix, watcher);
    // What commits during the replay is told by the loop too: it ends only when there is nothing new.
    for (let past = this.#history.since(watcher.seen); past.length > 0; past = this.#history.since(watcher.seen)) {
      for (const changes of byVersion(past)) {
        if (!watcher.active) return stop;
        watcher.seen = (changes[0] as Change).version;
        const own = changes.filter((change) => change.key.startsWith(prefix));
        if (own.length > 0) this.#tell(prefix, watcher, own);
      }
    }
    if (!watcher.active) return stop;
    // This throws only where the handler itself wrote and compacted during the replay.
    this.#checkReadable(watcher.seen);
    const watchers = this.#watchers.get(prefix);
    if (watchers) watchers.add(watcher);
    else this.#watchers.set(prefix, new Set([watcher]));
    return stop;
  }

  compact(version: number): Promise<void> {
    if (this.#closing) return Promise.reject(new StoreFailure("the store is closed"));
    if (version > this.#version) return Promise.reject(new FutureVersionError(version, this.#version));
    if (version <= this.#compactedVersion) return this.#compaction;
    // Readers lose the past first: none may rely on what the medium has already lost.
    this.#compactedVersion = version;
    const forgotten = this.#history.forget(version);
    const done = this.#compaction.then(() => this.#backend?.compact(version, forgotten));
    this.#compaction = done.catch(() => {});
    return done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#busy || this.#queue.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#compaction;
    this.#closed = true;
    try {
      await this.#backend?.close();
    } finally {
      const watchers = [...this.#watchers.values()].flatMap((set) => [...set]);
      this.#watchers.clear();
      for (const watcher of watchers) {
        if (!watcher.active) continue;
        watcher.active = false;
        endWatch(watcher);
      }
    }
  }

  #recover(recovered: Recovered): void {
    for (const { key, value, version, createdVersion } of recovered.rows) {
      assert(version >= this.#version, `row ${key} of version ${version} comes after version ${this.#version}`);
      const previous = this.#current.get(key);
      const entry = value === null ? undefined : { key, value, version, createdVersion };
      if (entry) this.#current.set(key, entry);
      else this.#current.delete(key);
      this.#version = version;
      // A row that an interrupted compaction left behind is handed to the next one.
      const dead = previous !== undefined || entry === undefined;
      if (version > recovered.compactedVersion || dead) {
        this.#history.push({ type: entry ? "put" : "delete", key, version, entry, previous });
      }
    }
    this.#version = Math.max(this.#version, recovered.version);
    this.#compactedVersion = recovered.compactedVersion;
  }

  #start(): void {
    if (this.#busy || this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      if (!this.#busy) this.#run();
    });
  }

  /** Writes groups until one has to be waited for or none is left. */
  #run(): void {
    this.#busy = true;
    for (;;) {
      if (this.#queue.length === 0) break;
      const staged = this.#stage(this.#takeGroup());
      const changes = staged.flatMap((commit) => commit.changes);
      let written: Promise<void> | undefined;
      try {
        written = changes.length > 0 ? this.#backend?.write(changes) : undefined;
      } catch (error) {
        this.#fail(staged, error);
        continue;
      }
      if (written) {
        written
          .then(
            () => this.#apply(staged),
            (error) => this.#fail(staged, error),
          )
          .finally(() => this.#rest());
        return;
      }
      this.#apply(staged);
    }
    this.#rest();
  }

  #rest(): void {
    this.#busy = false;
    if (this.#queue.length > 0) this.#start();
    else this.#onIdle?.();
  }

  #takeGroup(): Pending[] {
    let operations = 0;
    let count = 0;
    for (const pending of this.#queue) {
      operations += pending.operations.length;
      if (count > 0 && operations > groupOperationsMax) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** Decides each commit on what the ones before it will have left, and gives it its version. */
  #stage(group: readonly Pending[]): Staged[] {
    const ahead = new Map<string, Entry | undefined>();
    const now = (key: string): Entry | undefined => (ahead.has(key) ? ahead.get(key) : this.#current.get(key));
    let newest = this.#version;
    return group.map((pending) => {
      for (const { key, expect } of pending.operations) {
        const current = now(key);
        if (expect !== undefined && expect !== (current?.version ?? 0)) {
          return { pending, changes: [], result: { ok: false, key, current, version: newest } };
        }
      }
      const version = newest + 1;
      const changes: Change[] = [];
      for (const operation of pending.operations) {
        const change = changeOf(operation, now(operation.key), version);
        if (!change) continue;
        changes.push(change);
        ahead.set(change.key, change.entry);
      }
      // A commit that changes nothing takes no version, so a version always has changes to show for it.
      if (changes.length > 0) newest = version;
      return { pending, changes, result: { ok: true, version: newest } };
    });
  }

  #apply(staged: readonly Staged[]): void {
    for (const { pending, changes, result } of staged) {
      for (const change of changes) {
        if (change.entry) this.#current.set(change.key, change.entry);
        else this.#current.delete(change.key);
        this.#history.push(change);
      }
      if (changes.length > 0) {
        this.#version = result.version;
        this.#notify(changes, result.version);
      }
      pending.resolve(result);
    }
    this.#boundHistory();
  }

  /** A conflict found on top of writes that failed is no answer either: everyone in the group hears of the failure. */
  #fail(staged: readonly Staged[], error: unknown): void {
    for (const { pending } of staged) pending.reject(error);
  }

  #notify(changes: readonly Change[], version: number): void {
    for (const [prefix, watchers] of this.#watchers) {
      const own =
        changes.length === 1 && changes[0]?.key.startsWith(prefix) ? changes : changes.filter(({ key }) => key.startsWith(prefix));
      if (own.length === 0) continue;
      for (const watcher of watchers) {
        if (!watcher.active || watcher.seen >= version) continue;
        watcher.seen = version;
        this.#tell(prefix, watcher, own);
      }
    }
  }

  /** A handler that throws has lost changes: its watch ends, so that it can't go on with a gap. */
  #tell(prefix: string, watcher: Watcher, changes: readonly Change[]): void {
    try {
      watcher.handler.changes(changes);
    } catch (error) {
      this.#unwatch(prefix, watcher);
      endWatch(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #unwatch(prefix: string, watcher: Watcher): void {
    watcher.active = false;
    const watchers = this.#watchers.get(prefix);
    if (watchers?.delete(watcher) && watchers.size === 0) this.#watchers.delete(prefix);
  }

  #boundHistory(): void {
    const tooMany = this.#history.size > this.#historyMax;
    const tooLarge = this.#history.bytes > this.#historyMaxBytes;
    if ((!tooMany && !tooLarge) || this.#closing) return;
    // Three quarters stay, so that this is rare.
    const version = this.#history.versionKeeping(Math.floor((Math.min(this.#history.size, this.#historyMax) * 3) / 4));
    // A failing disk shows itself in the commits; the next compaction makes up for this one.
    if (version !== undefined) this.compact(version).catch(() => {});
  }

  /** What the keys that changed after `at` held at `at`: from `start` on, in order. */
  #undone(prefix: string, start: string, at: number): (readonly [string, Entry | undefined])[] {
    const before = new Map<string, Entry | undefined>();
    for (const { key, previous } of this.#history.since(at)) {
      if (key >= start && key.startsWith(prefix) && !before.has(key)) before.set(key, previous);
    }
    return [...before].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** How many entries the range holds, at the version that `past` goes back to. */
  #count(prefix: string, start: string, past: readonly (readonly [string, Entry | undefined])[]): number {
    const end = prefixEnd(prefix);
    let count = (end === undefined ? this.#current.size : this.#current.rank(end)) - this.#current.rank(start);
    for (const [key, entry] of past) count += Number(entry !== undefined) - Number(this.#current.get(key) !== undefined);
    return Math.max(0, count);
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreFailure("the store is closed");
  }

  #checkReadable(version: number): void {
    if (version < this.#compactedVersion) throw new CompactedError(version, this.#compactedVersion);
  }
}

function operationsProblem(operations: readonly Operation[]): string | undefined {
  if (operations.length > commitOperationsMax) return `a commit holds at most ${commitOperationsMax} operations, not ${operations.length}`;
  // Half a surrogate pair has no UTF-8 form, so it would come back as another key.
  const malformed = operations.find(({ key }) => !key.isWellFormed());
  if (malformed) return `key ${JSON.stringify(malformed.key)} is not well-formed Unicode`;
  if (operations.length > 1 && new Set(operations.map(({ key }) => key)).size < operations.length) return "a commit names each key once";
  return undefined;
}

/** What the operation does to the entry; undefined when there is nothing to delete. */
function changeOf(operation: Operation, previous: Entry | undefined, version: number): Change | undefined {
  const { key } = operation;
  if (operation.type === "delete") return previous && { type: "delete", key, version, entry: undefined, previous };
  const { value, companion } = operation;
  const createdVersion = previous?.createdVersion ?? version;
  const entry: Entry =
    companion === undefined ? { key, value, version, createdVersion } : { key, value, version, createdVersion, companion };
  return { type: "put", key, version, entry, previous };
}

/** A watcher that fails even in being told of its end concerns neither the commit that is under way nor the other watchers. */
function endWatch(watcher: Watcher, error?: Error): void {
  try {
    watcher.handler.end(error);
  } catch {
    // Nobody is left to be told.
  }
}

/** Splits a run of changes into its commits. */
function* byVersion(changes: readonly Change[]): Iterable<readonly Change[]> {
  let first = 0;
  for (let i = 1; i <= changes.length; i++) {
    if (changes[i]?.version === changes[first]?.version) continue;
    yield changes.slice(first, i);
    first = i;
  }
}

/** The first string after all that start with `prefix`; undefined when there is none. */
function prefixEnd(prefix: string): string | undefined {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const unit = prefix.charCodeAt(i);
    if (unit < 0xffff) return prefix.slice(0, i) + String.fromCharCode(unit + 1);
  }
  return undefined;
}
