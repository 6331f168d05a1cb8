/**
 * Managed fields: which manager owns which fields of an object (API-69). Entries are kept per manager, operation, version and
 * subresource. Runs on every write: field sets of frozen entries are read once, and entries that do not change are reused as they are.
 */
import type { AnyObject } from "../api/meta/object.ts";
import type { ManagedFieldsEntry } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { deepEqual } from "./equality.ts";
import { differenceBetween, rootPlan } from "./field-plan.ts";
import {
  decodeFieldSet,
  differenceOf,
  emptySet,
  encodeFieldSet,
  type FieldSet,
  isEmptySet,
  sameSet,
  sizeOf,
  unionOf,
} from "./field-set.ts";

/** More managers than this that updated the object are folded into one entry. */
const updateManagersMax = 10;
const foldedManager = "ancient-changes";

/** One manager of an object and what it owns. */
export interface Managed {
  readonly entry: ManagedFieldsEntry;
  readonly fields: FieldSet;
}

const decoded = new WeakMap<ManagedFieldsEntry, FieldSet>();

/** Reads the entries of an object. An entry that makes no sense is as if it were not there. */
export function readManaged(entries: readonly ManagedFieldsEntry[] | undefined): Managed[] {
  const managed: Managed[] = [];
  for (const entry of entries ?? []) {
    let fields = decoded.get(entry);
    if (!fields) {
      fields = typeof entry.manager === "string" || entry.operation ? decodeFieldSet(entry.fieldsV1) : undefined;
      if (!fields) continue;
      if (Object.isFrozen(entry)) decoded.set(entry, fields);
    }
    if (!isEmptySet(fields)) managed.push({ entry, fields });
  }
  return managed;
}

/** An entry for a set of fields. It is frozen, and its set need not be read again. */
export function entryFor(owner: ManagedFieldsEntry, fields: FieldSet, time: string | undefined): ManagedFieldsEntry {
  const shared = sharedForm(owner.manager ?? "", fields);
  const entry: ManagedFieldsEntry = {
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: shared.encoded,
    ...(owner.subresource && { subresource: owner.subresource }),
  };
  decoded.set(Object.freeze(entry), shared.fields);
  return entry;
}

interface SharedForm {
  readonly fields: FieldSet;
  readonly encoded: Record<string, unknown>;
}

/**
 * The last sets that were written, by manager and size, the one used last first: controllers write the same few sets into thousands of objects,
 * which then share them.
 */
const written = new Map<string, SharedForm[]>();
const writtenMax = 1024;
/** One manager writes about so many sets of one size in turn: Events of each of its reasons, Pods of each of its states. */
const writtenPerSizeMax = 6;

function sharedForm(manager: string, fields: FieldSet): SharedForm {
  const key = `${sizeOf(fields)} ${manager}`;
  let forms = written.get(key);
  if (!forms) {
    if (written.size >= writtenMax) written.clear();
    written.set(key, (forms = []));
  }
  const at = forms.findIndex((form) => sameSet(form.fields, fields));
  if (at === 0) return forms[0] as SharedForm;
  const form = at > 0 ? (forms.splice(at, 1)[0] as SharedForm) : { fields, encoded: encodeFieldSet(fields) };
  // Sets that no other object has, with an address in them, push each other out and not those that are used again.
  if (forms.unshift(form) > writtenPerSizeMax) forms.pop();
  return form;
}

/** Whether two entries belong to one owner. Managers that apply are one across versions. */
export const sameOwner = (a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean =>
  a.manager === b.manager &&
  a.operation === b.operation &&
  (a.operation === "Apply" || a.apiVersion === b.apiVersion) &&
  (a.subresource ?? "") === (b.subresource ?? "");

const orderOf = (entry: ManagedFieldsEntry): string =>
  [entry.operation, entry.time ?? "", entry.manager, entry.apiVersion, entry.subresource ?? ""].join("\0");

/** The entries in the order of the wire: applies first, then by time. */
export function writeManaged(managed: readonly Managed[]): ManagedFieldsEntry[] {
  return managed
    .map(({ entry }) => entry)
    .sort((a, b) => {
      const left = orderOf(a);
      const right = orderOf(b);
      return left < right ? -1 : left > right ? 1 : 0;
    });
}

export interface TrackUpdateOptions {
  /** The object before the write; undefined on a create. */
  readonly live: AnyObject | undefined;
  /** The object about to be stored; its metadata.managedFields are set. Must not be frozen. */
  readonly updated: AnyObject;
  /** Name of the type in the field tables. */
  readonly schema: string;
  readonly manager: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly subresource?: string;
}

/**
 * Records a write that is no apply: the manager comes to own what it changed, everybody loses what it changed or removed. A client may
 * edit the entries themselves through the main resource; `[{}]` and `[]` reset them.
 */
export function trackUpdate(options: TrackUpdateOptions): void {
  const { live, updated, manager, subresource } = options;
  const before = baseEntries(live, updated, subresource);
  const { changed, removed } = differenceBetween(live ?? {}, updated, rootPlan(options.schema));
  if (isEmptySet(changed) && isEmptySet(removed)) {
    setEntries(updated, before);
    return;
  }
  const time = formatTime(options.now);
  const owner: ManagedFieldsEntry = { manager, operation: "Update", apiVersion: updated.apiVersion, ...(subresource && { subresource }) };
  const lost = unionOf(changed, removed);
  const kept: Managed[] = [];
  let mine: Managed | undefined;
  for (const managed of readManaged(before)) {
    if (sameOwner(managed.entry, owner)) mine = managed;
    else kept.push(...withFields(managed, differenceOf(managed.fields, lost)));
  }
  const owned = unionOf(differenceOf(mine?.fields ?? emptySet, removed), changed);
  if (mine && sameSet(owned, mine.fields)) kept.push(mine);
  else if (!isEmptySet(owned)) kept.push({ entry: entryFor(owner, owned, time), fields: owned });
  setEntries(updated, writeManaged(foldOldest(kept)));
}

/** The same owner with other fields: the entry itself where nothing changed, nothing where nothing is left. */
export function withFields(managed: Managed, fields: FieldSet): Managed[] {
  if (fields === managed.fields || sameSet(fields, managed.fields)) return [managed];
  return isEmptySet(fields) ? [] : [{ entry: entryFor(managed.entry, fields, managed.entry.time), fields }];
}

/** The entries to start from: the client's own where it sent some, else those that are stored. */
function baseEntries(live: AnyObject | undefined, updated: AnyObject, subresource: string | undefined): readonly ManagedFieldsEntry[] {
  const stored = live?.metadata.managedFields ?? [];
  const sent = updated.metadata.managedFields;
  if (sent === stored || subresource || !sent) return stored;
  if (isReset(sent)) return [];
  // Equal entries are replaced by the stored ones: their sets are already known.
  return deepEqual(sent, stored) || readManaged(sent).length === 0 ? stored : sent;
}

const isReset = (entries: readonly ManagedFieldsEntry[]): boolean =>
  entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] as object).length === 0);

function setEntries(object: AnyObject, entries: readonly ManagedFieldsEntry[]): void {
  if (entries.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = entries as ManagedFieldsEntry[];
}

/** Folds the entries of the managers that updated longest ago into one, when there are too many. */
function foldOldest(managed: readonly Managed[]): readonly Managed[] {
  const updates = managed.filter(({ entry }) => entry.operation === "Update");
  if (updates.length <= updateManagersMax) return managed;
  const oldest = updates.sort((a, b) => (orderOf(a.entry) < orderOf(b.entry) ? -1 : 1)).slice(0, updates.length - updateManagersMax + 1);
  const folded = new Map<string, Managed>();
  for (const { entry, fields } of oldest) {
    const version = entry.apiVersion ?? "";
    const all = unionOf(folded.get(version)?.fields ?? emptySet, fields);
    const owner = { manager: foldedManager, operation: "Update", apiVersion: version };
    folded.set(version, { entry: entryFor(owner, all, entry.time), fields: all });
  }
  return [...managed.filter((one) => !oldest.includes(one)), ...folded.values()];
}
