/**
 * An object as the API hands it out: parsed once, frozen, its JSON encoded once. Its resourceVersion is known only when
 * its commit has a number, so the bytes go to the store with room for it, which is filled in when somebody asks for
 * them. What lies on the disk has blanks there: the entry's version says what belongs in them.
 */
import type { AnyObject } from "../../api/meta/object.ts";
import { deepFreeze } from "../../machinery/freeze.ts";
import type { Entry } from "../../store/store.ts";
import type { Stored } from "../api.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8");

/** A frozen object and its bytes, which are completed when first asked for: in-process readers never need them. */
export class StoredObject implements Stored {
  readonly object: AnyObject;
  /** The bytes as they lie in the store; undefined where there are none, and once `#json` has them. */
  #body: Uint8Array | undefined;
  #json: Uint8Array | undefined;

  constructor(object: AnyObject, body?: Uint8Array) {
    this.object = deepFreeze(object);
    this.#body = body;
  }

  get json(): Uint8Array {
    if (this.#json === undefined) {
      const isComplete = this.#body !== undefined && fillVersion(this.object, this.#body);
      this.#json = isComplete ? this.#body : encoder.encode(jsonText(this.object));
      this.#body = undefined;
    }
    return this.#json as Uint8Array;
  }

  /** The object's version as a number. */
  get version(): number {
    return Number(this.object.metadata.resourceVersion);
  }
}

const escaped = /[<>&\u2028\u2029]/g;

/**
 * JSON as Kubernetes spells it: `<`, `>` and `&` are escaped. kubectl compares the data of a ControllerRevision byte by byte with
 * what it would write itself (KR-24), and a shell line in a template is full of them.
 */
const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(escaped, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** An object on its way into the store: it gets its resourceVersion when the commit has one. */
export class Draft {
  readonly object: AnyObject;
  stored: StoredObject | undefined;

  /** Takes the object over: nobody else may change it from now on. */
  constructor(object: AnyObject) {
    this.object = object;
  }
}

/** As many characters as the largest version has digits. */
const blank = " ".repeat(16);
const [quote, colon, space] = [0x22, 0x3a, 0x20];

/** Everything before the version's opening quote. Kind and apiVersion are plain words, so characters are bytes. */
const head = (object: AnyObject): string =>
  `{"apiVersion":${JSON.stringify(object.apiVersion)},"kind":${JSON.stringify(object.kind)},"metadata":{"resourceVersion":`;

/** The bytes that go to the store: apiVersion, kind and metadata first, with room for the resourceVersion. */
export function encodeBody(object: AnyObject): Uint8Array {
  const { apiVersion, kind, metadata, ...rest } = object;
  return encoder.encode(jsonText({ apiVersion, kind, metadata: { ...room, ...metadata, ...room }, ...rest }));
}

/** Once for its place, once over what the object says. */
const room = { resourceVersion: blank };

/**
 * Writes the version into its room: `"42"` and blanks up to where the closing quote stood. False, and nothing changed,
 * for bytes that have no room there.
 */
function fillVersion(object: AnyObject, bytes: Uint8Array): boolean {
  const at = head(object).length;
  const version = object.metadata.resourceVersion as string;
  if (version.length > blank.length || bytes[at] !== quote || bytes[at - 1] !== colon) return false;
  for (let i = 0; i < version.length; i++) bytes[at + 1 + i] = version.charCodeAt(i);
  bytes[at + 1 + version.length] = quote;
  bytes.fill(space, at + 2 + version.length, at + 2 + blank.length);
  return true;
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
