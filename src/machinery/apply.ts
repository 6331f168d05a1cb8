/**
 * Server-side apply (API-70): lays a manifest over the live object, keeps account of who owns which field, refuses to take fields from
 * others unless forced, and removes what the manager applied before and no longer does.
 */
import { applyConflict, badRequest } from "../api/errors.ts";
import type { AnyObject } from "../api/meta/object.ts";
import type { ManagedFieldsEntry } from "../api/types.ts";
import { isRecord } from "../base/own-field.ts";
import { formatTime } from "../base/time.ts";
import { deepEqual } from "./equality.ts";
import { differenceBetween, fieldsOf, mergeValues, rootPlan, withoutFields } from "./field-plan.ts";
import { differenceOf, type FieldSet, intersectionOf, isEmptySet, pathsOf, sameSet, unionOf } from "./field-set.ts";
import { deepCopy } from "./freeze.ts";
import { entryFor, type Managed, readManaged, sameOwner, withFields, writeManaged } from "./managed-fields.ts";

export { trackUpdate } from "./managed-fields.ts";

export interface ServerSideApplyOptions {
  /** The stored object; undefined where there is none. */
  readonly live: AnyObject | undefined;
  /** The manifest. */
  readonly applied: AnyObject;
  /** Name of the type in the field tables. */
  readonly schema: string;
  readonly manager: string;
  /** Take fields from other managers instead of failing. */
  readonly force: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly subresource?: string;
  /** Top-level fields that this write does not reach (`status` for the main resource of a kind with that subresource). */
  readonly resetFields?: readonly string[];
}

/**
 * The object as it should be stored, before defaults, with its managed fields. It equals `live` where nothing changed. Throws
 * `applyConflict` naming every field that another manager owns with another value.
 */
export function serverSideApply(options: ServerSideApplyOptions): AnyObject {
  const applied = prepared(options);
  const plan = rootPlan(options.schema);
  const live: AnyObject = options.live ?? { apiVersion: applied.apiVersion, kind: applied.kind, metadata: {} };
  const owner: ManagedFieldsEntry = {
    manager: options.manager,
    operation: "Apply",
    apiVersion: applied.apiVersion,
    ...(options.subresource && { subresource: options.subresource }),
  };
  const all = readManaged(live.metadata.managedFields);
  const mine = all.find(({ entry }) => sameOwner(entry, owner));
  const others = all.filter((managed) => managed !== mine);
  const wanted = fieldsOf(applied, plan, { dots: false });

  const merged = mergeValues(live, applied, plan);
  const owners = [wanted, ...others.map(({ fields }) => fields)];
  const result = deepCopy((mine ? withoutFields(merged, mine.fields, owners, plan) : merged) as AnyObject);

  // Entries are the client's to edit, so what they claim may be what no object can be without.
  result.apiVersion = applied.apiVersion;
  result.kind = applied.kind;
  if (!isRecord(result.metadata)) result.metadata = {};

  const { changed, removed } = differenceBetween(live, result, plan);
  if (!options.force) refuseConflicts(others, changed);
  const isSame = isEmptySet(changed) && isEmptySet(removed) && mine !== undefined && sameSet(mine.fields, wanted);
  if (isSame && deepEqual(mine.entry.apiVersion, owner.apiVersion)) {
    result.metadata.managedFields = live.metadata.managedFields;
    return result;
  }
  const lost = unionOf(changed, removed);
  const managed = others.flatMap((other) => withFields(other, differenceOf(other.fields, lost)));
  if (!isEmptySet(wanted)) managed.push({ entry: entryFor(owner, wanted, formatTime(options.now)), fields: wanted });
  if (managed.length > 0) result.metadata.managedFields = writeManaged(managed);
  else delete result.metadata.managedFields;
  return result;
}

/** The manifest without nulls and without what this write does not reach. */
function prepared({ applied, resetFields = [], subresource }: ServerSideApplyOptions): AnyObject {
  if ((applied.metadata?.managedFields ?? []).length > 0) throw badRequest("metadata.managedFields must be nil");
  const copy = withoutNulls(applied) as AnyObject;
  copy.metadata ??= {};
  for (const field of resetFields) delete copy[field];
  if (subresource === "status") {
    for (const field of Object.keys(copy)) if (!["apiVersion", "kind", "metadata", "status"].includes(field)) delete copy[field];
  }
  return copy;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}

function refuseConflicts(others: readonly Managed[], changed: FieldSet): void {
  const conflicts = others
    .flatMap(({ entry, fields }) => pathsOf(intersectionOf(fields, changed)).map((path) => ({ who: managerText(entry), path })))
    .sort((a, b) => (a.who < b.who ? -1 : a.who > b.who ? 1 : a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  if (conflicts.length === 0) return;
  const causes = conflicts.map(({ who, path }) => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field: path }));
  throw applyConflict(conflictText(conflicts), causes);
}

function conflictText(conflicts: readonly { readonly who: string; readonly path: string }[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first) return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`;
  const lines: string[] = [];
  let last: string | undefined;
  for (const { who, path } of conflicts) {
    if (who !== last) lines.push(`conflicts with ${who}:`);
    last = who;
    lines.push(`- ${path}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function managerText({ manager, subresource, operation, apiVersion }: ManagedFieldsEntry): string {
  const name = `${JSON.stringify(manager ?? "")}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ""}`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
