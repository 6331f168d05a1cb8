/**
 * The patch of a client-side apply: from what was applied last, what is applied now and what is live, the strategic merge
 * patch that brings the live object where the new manifest wants it and leaves alone what the manifest never spoke of (API-71).
 */
import type { TypeExpression } from "../api/schema/notation.ts";
import { isRecord, ownField, setOwnField } from "../base/own-field.ts";
import { deepEqual } from "./equality.ts";
import { deepCopy } from "./freeze.ts";
import { directives, elementType, type MergeRule, mergeRule } from "./strategic-merge.ts";

type Json = Record<string, unknown>;

/** The patch from `current` to `modified`, which also deletes what `original` had and `modified` has no more. Empty when nothing is to do. */
export function createStrategicMerge(original: unknown, modified: unknown, current: unknown, schemaName: string): Json {
  const type: TypeExpression = { kind: "struct", name: schemaName };
  return mapPatch(asRecord(original), asRecord(modified), asRecord(current), type);
}

const asRecord = (value: unknown): Json => (isRecord(value) ? value : {});
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function mapPatch(original: Json, modified: Json, current: Json, type: TypeExpression | undefined): Json {
  const patch: Json = {};
  for (const key of Object.keys(original)) if (isAbsent(ownField(modified, key))) setOwnField(patch, key, null);
  for (const key of Object.keys(modified)) {
    const wanted = modified[key];
    if (isAbsent(wanted)) continue;
    fieldPatch(patch, key, { original: ownField(original, key), wanted, live: ownField(current, key) }, mergeRule(type, key));
  }
  return patch;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

interface Sides {
  readonly original: unknown;
  readonly wanted: unknown;
  readonly live: unknown;
}

function fieldPatch(patch: Json, key: string, { original, wanted, live }: Sides, rule: MergeRule): void {
  if (isRecord(wanted) && isRecord(live)) {
    const inner = mapPatch(asRecord(original), wanted, live, rule.type);
    if (Object.keys(inner).length === 0) return;
    if (rule.retainKeys)
      inner[directives.retainKeys] = Object.keys(wanted)
        .filter((name) => !isAbsent(wanted[name]))
        .sort();
    setOwnField(patch, key, inner);
  } else if (Array.isArray(wanted) && Array.isArray(live) && rule.merge) {
    if (rule.mergeKey === undefined) setPatch(patch, key, asList(original), wanted, live);
    else keyedPatch(patch, key, { original: asList(original), wanted, live }, rule);
  } else if (!deepEqual(wanted, live)) setOwnField(patch, key, deepCopy(wanted));
}

/** A list of primitives that merges as a set. */
function setPatch(patch: Json, key: string, original: readonly unknown[], wanted: readonly unknown[], live: readonly unknown[]): void {
  const added = wanted.filter((value) => !live.includes(value));
  const removed = original.filter((value) => !wanted.includes(value));
  if (added.length > 0) patch[key] = added;
  if (removed.length > 0) patch[directives.deleteFromPrimitiveList + key] = removed;
  if (added.length > 0 || removed.length > 0 || !sameOrder(wanted, live)) patch[directives.setElementOrder + key] = [...wanted];
}

interface Lists {
  readonly original: readonly unknown[];
  readonly wanted: readonly unknown[];
  readonly live: readonly unknown[];
}

function keyedPatch(patch: Json, key: string, { original, wanted, live }: Lists, rule: MergeRule): void {
  const mergeKey = rule.mergeKey as string;
  const keyOf = (element: unknown): unknown => (isRecord(element) ? ownField(element, mergeKey) : undefined);
  const find = (list: readonly unknown[], value: unknown): unknown => list.find((element) => keyOf(element) === value);
  const elements: Json[] = [];
  for (const element of wanted) {
    const value = keyOf(element);
    const present = find(live, value);
    if (!isRecord(element) || !isRecord(present)) elements.push(deepCopy(element) as Json);
    else {
      const inner = mapPatch(asRecord(find(original, value)), element, present, elementType(rule.type));
      if (Object.keys(inner).length === 0) continue;
      if (rule.retainKeys) inner[directives.retainKeys] = Object.keys(element).sort();
      elements.push({ ...inner, [mergeKey]: value });
    }
  }
  for (const element of original) {
    const value = keyOf(element);
    if (find(wanted, value) === undefined) elements.push({ [directives.patch]: "delete", [mergeKey]: value });
  }
  if (elements.length > 0) patch[key] = elements;
  if (elements.length > 0 || !sameOrder(wanted.map(keyOf), live.map(keyOf))) {
    patch[directives.setElementOrder + key] = wanted.map((element) => ({ [mergeKey]: keyOf(element) }));
  }
}

/** Whether the wanted values stand in the live list in the wanted order, others between them or not. */
function sameOrder(wanted: readonly unknown[], live: readonly unknown[]): boolean {
  const positions = wanted.map((value) => live.indexOf(value));
  return positions.every((position, index) => index === 0 || position > (positions[index - 1] as number));
}
