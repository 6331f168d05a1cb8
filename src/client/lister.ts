/**
 * Reading a watched cache: objects by key, by namespace, by owner, by label. What comes out is shared and frozen;
 * copy before you change.
 */
import { type KubeObject, keyOf, keyText, type ObjectKey } from "../api/meta/object.ts";
import type { LabelMatcher } from "../machinery/selectors.ts";

/** Values under which an object is found; a pure function of the object. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

/** Index: the uid of the controller that owns the object. */
export const byController = "controller";
/** Index: the namespace of objects that no controller owns. */
export const byOrphanedIn = "orphaned-in";
/** Index: the namespace. */
export const byNamespace = "namespace";

export interface ListerOptions {
  readonly namespace?: string;
  readonly selector?: LabelMatcher;
}

export interface Lister<T extends KubeObject> {
  /** How many objects are cached. */
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  /** All objects that match, in the order in which they were first seen. */
  list(options?: ListerOptions): readonly T[];
  /** The objects that an index files under a value. Built-in indexes: `byController`, `byOrphanedIn`, `byNamespace`. */
  byIndex(index: string, value: string): readonly T[];
  /** How many objects `byIndex` would give. Costs nothing. */
  byIndexCount(index: string, value: string): number;
}

const none: readonly never[] = [];

const controllerUid = (object: KubeObject): string | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true)?.uid;

const builtIn: Readonly<Record<string, IndexFunction<KubeObject>>> = {
  [byController]: (object) => {
    const uid = controllerUid(object);
    return uid === undefined ? none : [uid];
  },
  [byOrphanedIn]: (object) => (controllerUid(object) === undefined ? [object.metadata.namespace ?? ""] : none),
  [byNamespace]: (object) => [object.metadata.namespace ?? ""],
};

/** The cache behind a lister. Only its informer writes to it. */
export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #functions = new Map<string, IndexFunction<T>>(Object.entries(builtIn));
  /** Index name to value to keys. Invariant: a key stands under exactly the values that the index function gives for its object. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor() {
    for (const name of this.#functions.keys()) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyText(key));
  }

  list(options: ListerOptions = {}): readonly T[] {
    const { namespace, selector } = options;
    const objects = namespace === undefined ? [...this.#objects.values()] : this.byIndex(byNamespace, namespace);
    return selector && !selector.everything ? objects.filter((object) => selector.matches(object.metadata.labels)) : objects;
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (!values) throw new Error(`there is no index "${index}"`);
    const keys = values.get(value);
    if (!keys) return none;
    const found: T[] = [];
    for (const key of keys) found.push(this.#objects.get(key) as T);
    return found;
  }

  byIndexCount(index: string, value: string): number {
    return this.#indexes.get(index)?.get(value)?.size ?? 0;
  }

  /** Adds an index; what is cached already is filed at once. Adding the same name again is a no-op. */
  addIndex(name: string, index: IndexFunction<T>): void {
    if (this.#functions.has(name)) return;
    this.#functions.set(name, index);
    this.#indexes.set(name, new Map());
    for (const [key, object] of this.#objects) this.#file(name, key, undefined, object);
  }

  /** Puts an object and returns the one it replaces. */
  put(object: T): T | undefined {
    const key = keyText(keyOf(object));
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const name of this.#functions.keys()) this.#file(name, key, old, object);
    return old;
  }

  /** Removes by key and returns what was there. */
  remove(key: ObjectKey): T | undefined {
    const text = keyText(key);
    const old = this.#objects.get(text);
    if (!old) return undefined;
    for (const name of this.#functions.keys()) this.#file(name, text, old, undefined);
    this.#objects.delete(text);
    return old;
  }

  #file(name: string, key: string, old: T | undefined, object: T | undefined): void {
    const index = this.#functions.get(name) as IndexFunction<T>;
    const values = this.#indexes.get(name) as Map<string, Set<string>>;
    const before = old ? index(old) : none;
    const after = object ? index(object) : none;
    for (const value of before) {
      if (after.includes(value)) continue;
      const keys = values.get(value) as Set<string>;
      keys.delete(key);
      if (keys.size === 0) values.delete(value);
    }
    for (const value of after) {
      if (before.includes(value)) continue;
      const keys = values.get(value);
      if (keys) keys.add(key);
      else values.set(value, new Set([key]));
    }
  }
}
