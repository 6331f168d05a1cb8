/**
 * Objects in the store: where each kind lies, and reading, writing and removing one object. Knows no admission and no
 * validation. Writers of one object go through `exclusive`, so within this process a write never meets a stale state.
 */
import { alreadyExists, type ApiError, internal, tooLarge } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { type Entry, type Store, StoreFailure } from "../../store/store.ts";
import { KeyLock } from "./key-lock.ts";
import { Draft, encodeBody, StoredObject, storedObjectOf } from "./stored-object.ts";
import { subjectOf } from "./subject.ts";

/** What one object may weigh as JSON: etcd's limit of a request, which Kubernetes users know. */
const objectMaxBytes = 1.5 * 1024 * 1024;

export interface ObjectStorage {
  readonly store: Store;
  /** The prefix of a kind's keys, or of those in one namespace. */
  prefix(kind: KindDefinition, namespace?: string): string;
  /** The key of one object. */
  key(kind: KindDefinition, key: ObjectKey): string;
  /** The object of an entry, in the kind's own form. */
  ofEntry(kind: KindDefinition, entry: Entry): StoredObject;
  read(kind: KindDefinition, key: ObjectKey): StoredObject | undefined;
  /** Runs `task` alone among the writers of this object. */
  exclusive<T>(kind: KindDefinition, key: ObjectKey, task: () => Promise<T>): Promise<T>;
  /** Writes an object that must be absent. Takes `object` over. Throws 409 AlreadyExists. */
  create(kind: KindDefinition, key: ObjectKey, object: AnyObject): Promise<StoredObject>;
  /** Replaces the object that is now `old`. Takes `object` over. `undefined` when another state is there by now. */
  replace(kind: KindDefinition, key: ObjectKey, object: AnyObject, old: StoredObject): Promise<StoredObject | undefined>;
  /** Removes the object that is now `old`. The version of its removal, or `undefined` when another state is there by now. */
  remove(kind: KindDefinition, key: ObjectKey, old: StoredObject): Promise<number | undefined>;
}

export function createStorage(store: Store): ObjectStorage {
  const lock = new KeyLock();
  const prefixes = new WeakMap<KindDefinition, string>();
  const converted = new WeakMap<KindDefinition, WeakMap<StoredObject, StoredObject>>();

  const kindPrefix = (kind: KindDefinition): string => {
    let prefix = prefixes.get(kind);
    if (prefix === undefined) {
      const place = kind.storage?.as ?? `${kind.group}/${kind.plural}`;
      prefix = `/registry/${place.startsWith("/") ? `core${place}` : place}/`;
      prefixes.set(kind, prefix);
    }
    return prefix;
  };

  const prefix = (kind: KindDefinition, namespace?: string): string =>
    namespace === undefined || kind.scope === "Cluster" ? kindPrefix(kind) : `${kindPrefix(kind)}${namespace}/`;

  const keyText = (kind: KindDefinition, key: ObjectKey): string => prefix(kind, key.namespace ?? "") + key.name;

  /** Two kinds may share one storage; each sees its own form, converted once. */
  const ofEntry = (kind: KindDefinition, entry: Entry): StoredObject => {
    const stored = storedObjectOf(entry);
    if (kind.storage === undefined) return stored;
    let cache = converted.get(kind);
    if (!cache) converted.set(kind, (cache = new WeakMap()));
    let own = cache.get(stored);
    if (!own) cache.set(stored, (own = new StoredObject(kind.storage.fromStorage(stored.object))));
    return own;
  };

  const draftOf = (kind: KindDefinition, object: AnyObject): { value: Uint8Array; companion: Draft } => {
    const form = kind.storage ? kind.storage.toStorage(object) : object;
    const value = encodeBody(form);
    if (value.length > objectMaxBytes) throw tooLarge("etcdserver: request is too large");
    return { value, companion: new Draft(form) };
  };

  return {
    store,
    prefix,
    key: keyText,
    ofEntry,
    read(kind, key) {
      const entry = store.get(keyText(kind, key));
      return entry && ofEntry(kind, entry);
    },
    exclusive: (kind, key, task) => lock.run(keyText(kind, key), task),
    async create(kind, key, object) {
      const path = keyText(kind, key);
      const { value, companion } = draftOf(kind, object);
      const result = await store.commit([{ type: "put", key: path, value, ...kept(kind, companion), expect: 0 }]).catch(rethrowFailure);
      if (!result.ok) {
        const subject = subjectOf(kind, key.name);
        const current = result.current && ofEntry(kind, result.current);
        throw existsAlready(subject, current?.object.metadata.deletionTimestamp !== undefined);
      }
      return writtenBy(kind, companion, path, value, result.version);
    },
    async replace(kind, key, object, old) {
      const path = keyText(kind, key);
      const { value, companion } = draftOf(kind, object);
      const operation = { type: "put", key: path, value, ...kept(kind, companion), expect: old.version } as const;
      const result = await store.commit([operation]).catch(rethrowFailure);
      return result.ok ? writtenBy(kind, companion, path, value, result.version) : undefined;
    },
    async remove(kind, key, old) {
      const result = await store.commit([{ type: "delete", key: keyText(kind, key), expect: old.version }]).catch(rethrowFailure);
      return result.ok ? result.version : undefined;
    },
  };

  function writtenBy(kind: KindDefinition, companion: Draft, key: string, value: Uint8Array, version: number): StoredObject {
    return ofEntry(kind, { key, value, version, createdVersion: version, companion });
  }
}

/**
 * What stays in memory beside the bytes. Objects that are kept only for a time, Events, are many and rarely read: they are made of
 * their bytes when somebody asks. Every rolled Pod leaves five of them.
 */
const kept = (kind: KindDefinition, companion: Draft): { readonly companion?: Draft } => (kind.ttlMs === undefined ? { companion } : {});

/** 409 for a create over an object that is there, or still there (API-52, API-84). */
export function existsAlready(subject: ReturnType<typeof subjectOf>, beingDeleted: boolean): ApiError {
  const plain = alreadyExists(subject);
  return beingDeleted ? alreadyExists(subject, `object is being deleted: ${plain.message}`) : plain;
}

function rethrowFailure(error: unknown): never {
  if (error instanceof StoreFailure) throw internal(error.message, error);
  throw error;
}
