/** The patch that a client-side apply sends: strategic where the kind's merge keys are known, else a JSON merge patch. */
import type { AnyObject } from "../../api/meta/object.ts";
import { isRecord, ownField, setOwnField } from "../../base/own-field.ts";
import type { PatchType } from "../../client/client.ts";
import { createMergePatch } from "../../machinery/merge-patch.ts";
import { createStrategicMerge } from "../../machinery/three-way-merge.ts";
import type { Resource } from "../discovery/resource.ts";
import { schemaNameOf } from "../objects/schema-name.ts";
import { lastAppliedOf } from "./last-applied.ts";

export interface ApplyPatch {
  readonly type: Extract<PatchType, "strategic" | "merge">;
  /** Empty where nothing is to do. */
  readonly patch: Readonly<Record<string, unknown>>;
}

/** From what was applied last (a live object's annotation) and what is live to what is `modified`, which carries its own annotation. */
export function applyPatch(resource: Resource, modified: AnyObject, live: AnyObject): ApplyPatch {
  const original = lastAppliedOf(live);
  const schema = schemaNameOf(resource);
  if (schema !== undefined) return { type: "strategic", patch: createStrategicMerge(original, modified, live, schema) };
  return { type: "merge", patch: threeWayMergePatch(original ?? {}, modified, live) };
}

/** For kinds without known merge keys: lists are replaced as a whole. */
function threeWayMergePatch(original: object, modified: object, live: object): Record<string, unknown> {
  const changes = withoutDeletions(createMergePatch(live, modified));
  const deletions = onlyDeletions(createMergePatch(original, modified));
  return merged(deletions, changes);
}

function withoutDeletions(patch: unknown): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  if (!isRecord(patch)) return kept;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) continue;
    const inner = isRecord(value) ? withoutDeletions(value) : value;
    if (!isRecord(inner) || Object.keys(inner).length > 0 || Object.keys(value as object).length === 0) setOwnField(kept, key, inner);
  }
  return kept;
}

function onlyDeletions(patch: unknown): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  if (!isRecord(patch)) return kept;
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) setOwnField(kept, key, null);
    else if (isRecord(value)) {
      const inner = onlyDeletions(value);
      if (Object.keys(inner).length > 0) setOwnField(kept, key, inner);
    }
  }
  return kept;
}

function merged(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const present = ownField(result, key);
    setOwnField(result, key, isRecord(value) && isRecord(present) ? merged(present, value) : value);
  }
  return result;
}
