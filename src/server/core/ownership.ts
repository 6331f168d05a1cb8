/** Who owns which field: keeps managedFields on every write (API-69). */
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import type { ManagedFieldsEntry } from "../../api/types.ts";
import { serverSideApply, trackUpdate } from "../../machinery/apply.ts";
import { deepEqual } from "../../machinery/equality.ts";
import type { RequestContext } from "../api.ts";

/** One write, as far as ownership goes. */
export interface OwnedWrite {
  readonly kind: KindDefinition;
  /** The object before; absent on a create. */
  readonly live: AnyObject | undefined;
  readonly context: RequestContext;
  readonly now: number;
  /** "" for the main resource. */
  readonly subresource: string;
}

/** Records in `updated`, which is unfrozen, what this write changed. */
export function trackOwnership(write: OwnedWrite, updated: AnyObject): void {
  const { kind, live, context, now, subresource } = write;
  trackUpdate({ live, updated, schema: kind.schema, manager: context.fieldManager, now, subresource });
}

/** The object that applying a manifest makes of `write.live`, with its owners. Throws 409 with every conflict (API-70). */
export function applyManifest(write: OwnedWrite, applied: AnyObject, force: boolean): AnyObject {
  const { kind, live, context, now, subresource } = write;
  const resetFields = kind.status && subresource === "" ? ["status"] : [];
  return serverSideApply({ live, applied, schema: kind.schema, manager: context.fieldManager, force, now, subresource, resetFields });
}

/** Whether a write changed nothing: the same fields and the same owners, whenever they came to own them (API-55). */
export function changesNothing(object: AnyObject, old: AnyObject): boolean {
  const meta = object.metadata;
  const { managedFields, resourceVersion } = meta;
  // Compared under the old owners and version, then put back: cheaper than copying.
  setMeta(meta, "managedFields", old.metadata.managedFields);
  setMeta(meta, "resourceVersion", old.metadata.resourceVersion);
  const same = deepEqual(object, old) && sameOwners(managedFields, old.metadata.managedFields);
  setMeta(meta, "managedFields", managedFields);
  setMeta(meta, "resourceVersion", resourceVersion);
  return same;
}

function setMeta<K extends "managedFields" | "resourceVersion">(
  meta: AnyObject["metadata"],
  name: K,
  value: AnyObject["metadata"][K],
): void {
  if (value === undefined) delete meta[name];
  else meta[name] = value;
}

function sameOwners(a: readonly ManagedFieldsEntry[] = [], b: readonly ManagedFieldsEntry[] = []): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((entry, i) => {
    const other = b[i] as ManagedFieldsEntry;
    return entry === other || deepEqual({ ...entry, time: undefined }, { ...other, time: undefined });
  });
}
