/**
 * An object as the API hands it out: parsed once, frozen, its JSON encoded once. In the store an object lies without
 * its resourceVersion, which is known only when its commit has a number; the version is spliced into the bytes
 * behind `"metadata":{` when somebody asks for them.
 */
import type { AnyObject } from "../../api/meta/object.ts";
import { deepFreeze } from "../../machinery/freeze.ts";
import type { Entry } from "../../store/store.ts";
import type { Stored } from "../api.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8");

/** A frozen object and its bytes, which are made when first asked for: in-process readers never need them. */
export class StoredObject implements Stored {
  readonly object: AnyObject;
  /** The bytes in the store, without resourceVersion, when there are such. */
  readonly #body: Uint8Array | undefined;
  #json: Uint8Array | undefined;

  constructor(object: AnyObject, body?: Uint8Array) {
    this.object = deepFreeze(object);
    this.#body = body;
  }

  get json(): Uint8Array {
    this.#json ??= this.#body === undefined ? encoder.encode(JSON.stringify(this.object)) : spliceVersion(this.object, this.#body);
    return this.#json;
  }

  /** The object's version as a number. */
  get version(): number {
    return Number(this.object.metadata.resourceVersion);
  }
}

/** An object on its way into the store: it gets its resourceVersion when the commit has one. */
export class Draft {
  readonly object: AnyObject;
  stored: StoredObject | undefined;

  /** Takes the object over: nobody else may change it from now on. */
  constructor(object: AnyObject) {
    this.object = object;
  }
}

/** Everything before the first field of metadata. Kind and version are plain words, so characters are bytes. */
const head = (object: AnyObject): string =>
  `{"apiVersion":${JSON.stringify(object.apiVersion)},"kind":${JSON.stringify(object.kind)},"metadata":{`;

/** The bytes that go to the store: apiVersion, kind and metadata first, no resourceVersion. */
export function encodeBody(object: AnyObject): Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...kept } = metadata;
  return encoder.encode(JSON.stringify({ apiVersion, kind, metadata: kept, ...rest }));
}

function spliceVersion(object: AnyObject, body: Uint8Array): Uint8Array {
  const at = head(object).length;
  const version = encoder.encode(`"resourceVersion":"${object.metadata.resourceVersion}",`);
  const json = new Uint8Array(body.length + version.length);
  json.set(body.subarray(0, at));
  json.set(version, at);
  json.set(body.subarray(at), at + version.length);
  return json;
}

/** Objects of entries that came without a companion (after a restart), by the bytes they were parsed from. */
const parsed = new WeakMap<Uint8Array, StoredObject>();

/** The object of an entry. Parsed at most once. */
export function storedObjectOf(entry: Entry): StoredObject {
  const companion = entry.companion;
  if (companion instanceof Draft) {
    if (companion.stored === undefined) {
      companion.object.metadata.resourceVersion = String(entry.version);
      companion.stored = new StoredObject(companion.object, entry.value);
    }
    return companion.stored;
  }
  const known = parsed.get(entry.value);
  if (known) return known;
  const object = JSON.parse(decoder.decode(entry.value)) as AnyObject;
  object.metadata.resourceVersion = String(entry.version);
  const stored = new StoredObject(object, entry.value);
  parsed.set(entry.value, stored);
  return stored;
}

/** The same object under another resourceVersion: the last state of one that was deleted at that version. */
export const storedAtVersion = (stored: StoredObject, version: number): StoredObject =>
  new StoredObject({ ...stored.object, metadata: { ...stored.object.metadata, resourceVersion: String(version) } });
