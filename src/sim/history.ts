/**
 * What has been, version by version: the API as everybody could see it at any instant of a run. It is filled by the commits
 * themselves, in their order, and asked by checkers; nothing of the product reads it.
 */
import type { KindRef } from "../api/kind.ts";
import type { KubeObject, ObjectKey } from "../api/meta/object.ts";
import { keyOf, keyText } from "../api/meta/object.ts";

/** One write, as it became visible. */
export interface Commit {
  readonly atMs: number;
  /** Who wrote: `user`, `kubelet`, `fault`, or the name of a controller. */
  readonly actor: string;
  /** True for the controllers under test; false for users, nodes and faults. */
  readonly byController: boolean;
  readonly kind: string;
  readonly before: KubeObject | undefined;
  /** Undefined: the object is gone. */
  readonly after: KubeObject | undefined;
}

/** One state of one object, from `atMs` until the next version. */
export interface Version<T extends KubeObject = KubeObject> {
  readonly atMs: number;
  readonly actor: string;
  readonly byController: boolean;
  /** Undefined: from here on the object is gone. */
  readonly object: T | undefined;
}

/** The life of one object, by uid: an object that is made again under the same name is another record. */
export interface ObjectRecord<T extends KubeObject = KubeObject> {
  readonly uid: string;
  readonly key: string;
  /** The oldest first; never empty. */
  readonly versions: readonly Version<T>[];
}

interface Kept {
  readonly uid: string;
  readonly key: string;
  readonly versions: Version<any>[];
}

/** All that is and was, of the kinds that are observed. */
export class History {
  readonly #live = new Map<string, Map<string, Kept>>();
  readonly #all = new Map<string, Kept[]>();

  /** Takes a commit in. */
  add(commit: Commit): void {
    const { atMs, actor, byController, kind, before, after } = commit;
    const object = (after ?? before) as KubeObject;
    const key = keyText(keyOf(object));
    const live = this.#live.get(kind) ?? new Map<string, Kept>();
    this.#live.set(kind, live);
    const version = { atMs, actor, byController, object: after };
    const known = live.get(key);
    if (known && known.uid === object.metadata.uid) known.versions.push(version);
    else if (after) {
      const record: Kept = { uid: object.metadata.uid as string, key, versions: [version] };
      live.set(key, record);
      const all = this.#all.get(kind);
      if (all) all.push(record);
      else this.#all.set(kind, [record]);
    }
    if (!after) live.delete(key);
  }

  get<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey): T | undefined {
    return this.#live.get(kind.kind)?.get(keyText(key))?.versions.at(-1)?.object;
  }

  /** Everything of a kind that there is now. */
  list<T extends KubeObject>(kind: KindRef<T>): T[] {
    return [...(this.#live.get(kind.kind)?.values() ?? [])].map(({ versions }) => versions.at(-1)?.object as T);
  }

  /** Everything of a kind that there ever was, in the order of creation. */
  records<T extends KubeObject>(kind: KindRef<T>): readonly ObjectRecord<T>[] {
    return (this.#all.get(kind.kind) ?? []) as unknown as readonly ObjectRecord<T>[];
  }

  /** The record of a live object. */
  record<T extends KubeObject>(kind: KindRef<T>, key: ObjectKey): ObjectRecord<T> | undefined {
    return this.#live.get(kind.kind)?.get(keyText(key)) as ObjectRecord<T> | undefined;
  }
}

/** One state and since when it held. */
export interface Span<T extends KubeObject> {
  readonly object: T | undefined;
  readonly fromMs: number;
}

/** The states of an object between two instants, the newest first. Before its creation it has none. */
export function* between<T extends KubeObject>(record: ObjectRecord<T>, fromMs: number, toMs: number): Iterable<Span<T>> {
  for (let index = record.versions.length - 1; index >= 0; index--) {
    const { atMs, object } = record.versions[index] as Version<T>;
    if (atMs > toMs) continue;
    yield { object, fromMs: Math.max(atMs, fromMs) };
    if (atMs <= fromMs) return;
  }
}
