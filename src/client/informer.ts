/**
 * A shared, watched cache of one kind: one watch on the wire, any number of readers and handlers. Handlers are told
 * what changed, in order, after the cache has changed; they must not block.
 */
import type { KindRef } from "../api/kind.ts";
import { type KubeObject, keyOf, keyText } from "../api/meta/object.ts";
import type { World } from "../base/world.ts";
import type { Client } from "./client.ts";
import { type IndexFunction, type Lister, ObjectCache } from "./lister.ts";
import { type Reflector, startReflector } from "./reflector.ts";

/** What became of one object. `old` is what the cache held before. */
export type Change<T extends KubeObject> =
  | { readonly type: "added"; readonly object: T }
  | { readonly type: "updated"; readonly object: T; readonly old: T }
  /** `object` is its last known state; the deletion itself may have been missed. */
  | { readonly type: "deleted"; readonly object: T };

export type ChangeHandler<T extends KubeObject> = (change: Change<T>) => void;

export interface InformerOptions<T extends KubeObject> {
  readonly client: Client;
  readonly kind: KindRef<T>;
  readonly world: World;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export class Informer<T extends KubeObject> {
  readonly kind: KindRef<T>;
  readonly #options: InformerOptions<T>;
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<ChangeHandler<T>>();
  #reflector: Reflector | undefined;
  #synced = false;
  #waiting: (() => void)[] = [];

  constructor(options: InformerOptions<T>) {
    this.kind = options.kind;
    this.#options = options;
  }

  /** The cache. Empty until `hasSynced`. */
  get lister(): Lister<T> {
    return this.#cache;
  }

  /** Whether the cache has held everything there is, once. */
  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Resolves when `hasSynced`. */
  whenSynced(): Promise<void> {
    if (this.#synced) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Files objects under what `index` gives, for `lister.byIndex`. */
  addIndex(name: string, index: IndexFunction<T>): void {
    this.#cache.addIndex(name, index);
  }

  /** The handler hears of everything cached as "added", at once, then of every change. Returns the function that ends it. */
  addHandler(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#cache.list()) this.#call(handler, { type: "added", object });
    return () => {
      this.#handlers.delete(handler);
    };
  }

  /** Starts watching; a second call does nothing. */
  start(): void {
    if (this.#reflector) return;
    // The reflector may deliver before `startReflector` returns: the field must be set first.
    this.#reflector = { close() {} };
    this.#reflector = startReflector<T>({
      ...this.#options,
      replace: (objects) => this.#replace(objects),
      change: (event) => (event.type === "DELETED" ? this.#remove(event.object) : this.#put(event.object)),
    });
  }

  /** Stops watching. The cache stays as it is. */
  close(): void {
    this.#reflector?.close();
    this.#handlers.clear();
  }

  #replace(objects: readonly T[]): void {
    const gone = new Map(this.#cache.list().map((object) => [keyText(keyOf(object)), object]));
    for (const object of objects) {
      const key = keyText(keyOf(object));
      const old = gone.get(key);
      gone.delete(key);
      // Deleted and made again while nobody looked: two objects, not one that changed.
      if (old && old.metadata.uid !== object.metadata.uid) this.#remove(old);
      this.#put(object);
    }
    for (const object of gone.values()) this.#remove(object);
    if (this.#synced) return;
    this.#synced = true;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  #put(object: T): void {
    const old = this.#cache.put(object);
    if (!old) this.#tell({ type: "added", object });
    else if (old.metadata.resourceVersion !== object.metadata.resourceVersion) this.#tell({ type: "updated", object, old });
  }

  #remove(object: T): void {
    if (this.#cache.remove(keyOf(object))) this.#tell({ type: "deleted", object });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) this.#call(handler, change);
  }

  /** A handler that throws must not keep the others from hearing. */
  #call(handler: ChangeHandler<T>, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error);
      this.#options.world.log.error(`a handler of ${this.kind.plural} failed`, { error: stack });
    }
  }
}
