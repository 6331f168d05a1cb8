/**
 * One hub per kind: it watches the store once and hands each change to all watchers of the kind, so that an event is
 * parsed, matched by field and encoded once, however many watch. Invariants:
 * 1. A watcher sees each change of a version above its `after` exactly once, in order.
 * 2. The hub watches the store exactly while it has watchers.
 */
import type { Timer } from "../../base/clock.ts";
import { every } from "../../base/clock.ts";
import type { World } from "../../base/world.ts";
import { apiVersionOf, type KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Change, Store } from "../../store/store.ts";
import type { ApiWatchEvent, ApiWatchHandler } from "../api.ts";
import type { Selection } from "./selection.ts";
import type { ObjectStorage } from "./storage.ts";
import { StoredObject, storedAtVersion } from "./stored-object.ts";
import { WatcherIndex } from "./watcher-index.ts";

/** How often watchers that asked for it hear which version they have reached (API-29). */
const bookmarkPeriodMs = 60_000;

export interface Watcher {
  readonly selection: Selection;
  readonly handler: ApiWatchHandler;
  readonly bookmarks: boolean;
  /** Changes up to this version are not for it (Invariant 1). */
  after: number;
}

/** A change with its events, each made when the first watcher needs it. */
class HubChange {
  readonly namespace: string | undefined;
  readonly version: number;
  readonly now: StoredObject | undefined;
  readonly before: StoredObject | undefined;
  #added: ApiWatchEvent | undefined;
  #modified: ApiWatchEvent | undefined;
  #deleted: ApiWatchEvent | undefined;

  constructor(kind: KindDefinition, storage: ObjectStorage, change: Change) {
    this.version = change.version;
    this.now = change.entry && storage.ofEntry(kind, change.entry);
    this.before = change.previous && storage.ofEntry(kind, change.previous);
    this.namespace = (this.now ?? this.before)?.object.metadata.namespace;
  }

  /** What this change is to somebody who wants `selection`; undefined when it is nothing to them (API-33). */
  eventFor(selection: Selection): ApiWatchEvent | undefined {
    if (selection.namespace !== undefined && selection.namespace !== this.namespace) return undefined;
    const { now, before } = this;
    const is = now !== undefined && (selection.everything || selection.matches(now.object));
    const was = before !== undefined && (selection.everything || selection.matches(before.object));
    if (is && was) return (this.#modified ??= { type: "MODIFIED", stored: now });
    if (is) return (this.#added ??= { type: "ADDED", stored: now });
    if (was) return (this.#deleted ??= { type: "DELETED", stored: storedAtVersion(before, this.version) });
    return undefined;
  }
}

export class WatchHub {
  readonly #kind: KindDefinition;
  readonly #storage: ObjectStorage;
  readonly #store: Store;
  readonly #world: World;
  readonly #watchers = new WatcherIndex<Watcher>();
  #stopStore: (() => void) | undefined;
  #bookmarkTimer: Timer | undefined;
  #bookmarked = 0;

  constructor(kind: KindDefinition, storage: ObjectStorage, world: World) {
    this.#kind = kind;
    this.#storage = storage;
    this.#store = storage.store;
    this.#world = world;
  }

  /**
   * Adds a watcher. Changes after `watcher.after` that are past already are delivered before this returns. Throws
   * `CompactedError`. Returns the function that removes it.
   */
  join(watcher: Watcher): () => void {
    if (watcher.after < this.#store.version) this.#replay(watcher);
    this.#watchers.add(watcher);
    this.#stopStore ??= this.#store.watch(this.#storage.prefix(this.#kind), this.#store.version, {
      changes: (changes) => this.#deliver(changes),
      end: (error) => this.#end(error),
    });
    if (watcher.bookmarks && this.#bookmarked++ === 0) {
      this.#bookmarkTimer = every(this.#world.clock, bookmarkPeriodMs, () => this.#bookmark());
    }
    return () => this.#leave(watcher);
  }

  /** The bookmark of the version reached now. */
  bookmark(annotations?: Record<string, string>): ApiWatchEvent {
    return bookmarkOf(this.#kind, this.#store.version, annotations);
  }

  /** Ends every watch. */
  close(): void {
    const stop = this.#stopStore;
    this.#end();
    stop?.();
  }

  #leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    if (watcher.bookmarks && --this.#bookmarked === 0) this.#bookmarkTimer?.cancel();
    if (this.#watchers.size > 0) return;
    this.#stopStore?.();
    this.#stopStore = undefined;
  }

  /** The store replays the past synchronously, so nothing can come between this and joining the others. */
  #replay(watcher: Watcher): void {
    const stop = this.#store.watch(this.#storage.prefix(this.#kind, watcher.selection.namespace), watcher.after, {
      changes: (changes) => {
        for (const change of changes) this.#hand(watcher, new HubChange(this.#kind, this.#storage, change));
      },
      end() {},
    });
    stop();
    watcher.after = Math.max(watcher.after, this.#store.version);
  }

  #deliver(changes: readonly Change[]): void {
    for (const change of changes) {
      const shared = new HubChange(this.#kind, this.#storage, change);
      this.#watchers.concerned(shared.now?.object, shared.before?.object, (watcher) => this.#hand(watcher, shared));
    }
  }

  #hand(watcher: Watcher, change: HubChange): void {
    if (change.version <= watcher.after) return;
    const event = change.eventFor(watcher.selection);
    if (event) this.#tell(watcher, event);
  }

  /** A watcher that breaks its promise not to throw loses its watch; the others, and the commit, go on. */
  #tell(watcher: Watcher, event: ApiWatchEvent): void {
    try {
      watcher.handler.event(event);
    } catch (error) {
      this.#world.log.error("a watcher failed and was ended", { kind: this.#kind.kind, error: String(error) });
      this.#leave(watcher);
      this.#sayEnd(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #sayEnd(watcher: Watcher, error: Error | undefined): void {
    try {
      watcher.handler.end(error);
    } catch (failure) {
      this.#world.log.error("a watcher failed at its end", { kind: this.#kind.kind, error: String(failure) });
    }
  }

  #bookmark(): void {
    const event = this.bookmark();
    for (const watcher of this.#watchers.all()) if (watcher.bookmarks && watcher.after <= this.#store.version) this.#tell(watcher, event);
  }

  #end(error?: Error): void {
    this.#stopStore = undefined;
    for (const watcher of [...this.#watchers.all()]) {
      this.#leave(watcher);
      this.#sayEnd(watcher, error);
    }
  }
}

function bookmarkOf(kind: KindDefinition, version: number, annotations?: Record<string, string>): ApiWatchEvent {
  const object: AnyObject = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { resourceVersion: String(version), ...(annotations && { annotations }) },
  };
  return { type: "BOOKMARK", stored: new StoredObject(object) };
}
