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

/**
 * A frozen object and its bytes. Each is made of the other when it is first asked for: in-process readers need no bytes, and who
 * lists everything after a restart needs nothing but bytes.
 */
export class StoredObject implements Stored {
  #object: AnyObject | undefined;
  /** The bytes as they lie in the store; undefined where there are none, and once `#json` has them. */
  #body: Uint8Array | undefined;
  #json: Uint8Array | undefined;
  readonly #resourceVersion: string | undefined;

  /** An object that is known, with its bytes in the store where there are some; or bytes alone, and the version that belongs in them. */
  constructor(known: AnyObject, body?: Uint8Array);
  constructor(known: undefined, body: Uint8Array, version: number);
  constructor(known: AnyObject | undefined, body?: Uint8Array, version?: number) {
    this.#object = known && deepFreeze(known);
    this.#body = body;
    this.#resourceVersion = known ? known.metadata.resourceVersion : String(version);
  }

  get object(): AnyObject {
    if (this.#object === undefined) {
      const object = JSON.parse(decoder.decode(this.#body ?? this.#json)) as AnyObject;
      object.metadata.resourceVersion = this.#resourceVersion as string;
      this.#object = deepFreeze(object);
    }
    return this.#object;
  }

  get json(): Uint8Array {
    if (this.#json === undefined) {
      const isComplete = this.#body !== undefined && fillVersion(this.#body, this.#resourceVersion as string);
      this.#json = isComplete ? this.#body : encoder.encode(jsonText(this.object));
      this.#body = undefined;
    }
    return this.#json as Uint8Array;
  }

  /** The object's version as a number. */
  get version(): number {
    return Number(this.#resourceVersion);
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
const [quote, openBrace, space] = [0x22, 0x7b, 0x20];
/** What the metadata of an object's bytes begin with. */
const roomKey = encoder.encode('"resourceVersion":"');

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
function fillVersion(bytes: Uint8Array, version: string): boolean {
  // Kind and apiVersion, which come first, are plain words: the second brace is that of the metadata.
  const key = bytes.indexOf(openBrace, 1) + 1;
  if (key === 0 || version.length > blank.length || roomKey.some((byte, i) => bytes[key + i] !== byte)) return false;
  const at = key + roomKey.length;
  for (let i = 0; i < version.length; i++) bytes[at + i] = version.charCodeAt(i);
  bytes[at + version.length] = quote;
  bytes.fill(space, at + version.length + 1, at + blank.length + 1);
  return true;
}

/** Objects of entries that came without a companion (after a restart), by the bytes that they are made of. */
const unread = new WeakMap<Uint8Array, StoredObject>();

/** The object of an entry. Parsed at most once, and only when it is looked into. */
export function storedObjectOf(entry: Entry): StoredObject {
  const companion = entry.companion;
  if (companion instanceof Draft) {
    if (companion.stored === undefined) {
      companion.object.metadata.resourceVersion = String(entry.version);
      companion.stored = new StoredObject(companion.object, entry.value);
    }
    return companion.stored;
  }
  let stored = unread.get(entry.value);
  if (!stored) unread.set(entry.value, (stored = new StoredObject(undefined, entry.value, entry.version)));
  return stored;
}

/** The same object under another resourceVersion: the last state of one that was deleted at that version. */
export const storedAtVersion = (stored: StoredObject, version: number): StoredObject =>
  new StoredObject({ ...stored.object, metadata: { ...stored.object.metadata, resourceVersion: String(version) } });
