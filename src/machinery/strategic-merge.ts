/**
 * Strategic merge patch: lists that the field tables call mergeable are merged element by element, by key or as sets,
 * and directives inside the patch steer the rest (API-57, API-58).
 *
 * Order of a merged list: elements that the patch names keep the patch's order, the others keep the live order, and the two
 * sequences are interleaved along the live order where both sides are in it; a new element comes before a live one it cannot be
 * compared with. Live `[a, b]` patched with `[c]` gives `[c, a, b]`; with `$setElementOrder: [b, c]` it gives `[a, b, c]`.
 */
import { badRequest } from "../api/errors.ts";
import type { FieldSchema, TypeExpression } from "../api/schema/notation.ts";
import { findStruct } from "../api/schema/schema.ts";
import { isRecord, ownField, setOwnField } from "../base/own-field.ts";
import { deepCopy } from "./freeze.ts";

/** The words that a strategic merge patch has beside the fields of the object. */
export const directives = {
  patch: "$patch",
  retainKeys: "$retainKeys",
  setElementOrder: "$setElementOrder/",
  deleteFromPrimitiveList: "$deleteFromPrimitiveList/",
} as const;

type Json = Record<string, unknown>;

/** What the tables say of one field, as far as merging goes. */
export interface MergeRule {
  readonly type: TypeExpression | undefined;
  readonly merge: boolean;
  readonly mergeKey: string | undefined;
  readonly retainKeys: boolean;
}

const unknownRule: MergeRule = { type: undefined, merge: false, mergeKey: undefined, retainKeys: false };

const ruleOf = (field: FieldSchema): MergeRule => ({
  type: field.type,
  merge: field.patchMerge,
  mergeKey: field.patchMergeKey,
  retainKeys: field.patchRetainKeys,
});

/** How the field `name` of a value of type `type` merges. A field that no table has is merged where it is an object and replaced where it is a list. */
export function mergeRule(type: TypeExpression | undefined, name: string): MergeRule {
  if (type?.kind === "struct") {
    const field = findStruct(type.name)?.fields.get(name);
    return field ? ruleOf(field) : unknownRule;
  }
  return type?.kind === "map" ? { ...unknownRule, type: type.of } : unknownRule;
}

/** The type of a list's elements. */
export const elementType = (type: TypeExpression | undefined): TypeExpression | undefined => (type?.kind === "list" ? type.of : undefined);

/**
 * The patched document. Neither argument is changed; unchanged parts are shared with `document`, which may be frozen. Throws
 * `badRequest` for a patch whose directives make no sense.
 */
export function applyStrategicMerge(document: unknown, patch: unknown, schemaName: string): unknown {
  if (!isRecord(patch)) throw badRequest("error decoding patch: a strategic merge patch must be an object");
  return mergeMap(isRecord(document) ? document : {}, patch, { kind: "struct", name: schemaName });
}

function mergeMap(live: Json, patch: Json, type: TypeExpression | undefined): Json {
  const directive = ownField(patch, directives.patch);
  if (directive === "replace") return withoutDirectives(omit(patch, directives.patch)) as Json;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") throw unknownDirective(directive);
  const result = startOf(live, patch);
  for (const key of Object.keys(patch)) {
    if (key === directives.patch || key === directives.retainKeys || key.startsWith(directives.setElementOrder)) continue;
    if (key.startsWith(directives.deleteFromPrimitiveList)) continue;
    mergeField(result, key, patch[key], ownField(patch, directives.setElementOrder + key), mergeRule(type, key));
  }
  applyListDirectives(result, patch, type);
  return result;
}

/** The live fields that the patch lets stand. */
function startOf(live: Json, patch: Json): Json {
  const retained = ownField(patch, directives.retainKeys);
  if (retained !== undefined && !Array.isArray(retained)) throw badRequest("invalid patch format of retainKeys");
  const result: Json = {};
  for (const key of Object.keys(live)) if (!retained || retained.includes(key)) setOwnField(result, key, live[key]);
  if (!retained) return result;
  for (const key of Object.keys(patch)) {
    if (!key.startsWith("$") && patch[key] !== null && !retained.includes(key)) throw badRequest("invalid patch format of retainKeys");
  }
  return result;
}

function mergeField(result: Json, key: string, value: unknown, order: unknown, rule: MergeRule): void {
  const live = ownField(result, key);
  if (value === null) {
    delete result[key];
  } else if (isRecord(value) && isRecord(live)) {
    setOwnField(result, key, mergeMap(live, value, rule.type));
  } else if (Array.isArray(value) && Array.isArray(live) && rule.merge) {
    setOwnField(result, key, ordered(mergeList(live, value, rule), checkOrder(value, order, key, rule), live, rule));
  } else if (Array.isArray(value) && rule.merge) {
    setOwnField(result, key, ordered(withoutDirectives(value) as unknown[], checkOrder(value, order, key, rule), [], rule));
  } else setOwnField(result, key, withoutDirectives(value));
}

/** Directives whose list the patch itself does not carry, and removals from lists of primitives. */
function applyListDirectives(result: Json, patch: Json, type: TypeExpression | undefined): void {
  for (const key of Object.keys(patch)) {
    if (key.startsWith(directives.setElementOrder)) {
      const name = key.slice(directives.setElementOrder.length);
      const rule = mergeRule(type, name);
      const live = ownField(result, name);
      if (Array.isArray(live) && !Object.hasOwn(patch, name)) {
        setOwnField(result, name, ordered(live, checkOrder([], patch[key], name, rule), live, rule));
      }
    } else if (key.startsWith(directives.deleteFromPrimitiveList)) {
      const name = key.slice(directives.deleteFromPrimitiveList.length);
      const removed = patch[key];
      if (!Array.isArray(removed)) throw badRequest("invalid patch format of primitive list");
      const live = ownField(result, name);
      if (Array.isArray(live)) {
        const gone = new Set(removed.map(printed));
        setOwnField(
          result,
          name,
          live.filter((value) => !gone.has(printed(value))),
        );
      }
    }
  }
}

function mergeList(live: readonly unknown[], patch: readonly unknown[], rule: MergeRule): unknown[] {
  const sample = live[0] ?? patch[0];
  if (Array.isArray(sample)) throw badRequest("lists of lists are not supported");
  if (rule.mergeKey === undefined) {
    if (isRecord(sample)) throw badRequest(`map: ${JSON.stringify(sample)} does not contain declared merge key: `);
    return arrange(distinct([...live, ...patch]), patch, live, undefined);
  }
  return mergeKeyed(live, patch, rule.mergeKey, elementType(rule.type));
}

function mergeKeyed(live: readonly unknown[], patch: readonly unknown[], key: string, type: TypeExpression | undefined): unknown[] {
  const additions: Json[] = [];
  const deleted = new Set<string>();
  let replaces = false;
  for (const element of patch) {
    if (!isRecord(element)) throw badRequest(`map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`);
    const directive = ownField(element, directives.patch);
    if (directive === "replace") replaces = true;
    else if (directive === "delete") deleted.add(printed(keyed(element, key)[key]));
    else if (directive === undefined || directive === "merge") additions.push(keyed(omit(element, directives.patch), key));
    else throw unknownDirective(directive);
  }
  if (replaces) return withoutDirectives(additions) as unknown[];
  const remaining = live.map((element) => keyed(element, key)).filter((element) => !deleted.has(printed(element[key])));
  const merged = [...remaining];
  const positions = positionsIn(merged, key);
  for (const element of additions) {
    const value = printed(element[key]);
    const at = positions.get(value);
    if (at !== undefined) merged[at] = mergeMap(merged[at] as Json, element, type);
    else positions.set(value, merged.push(withoutDirectives(element) as Json) - 1);
  }
  return arrange(merged, additions, remaining, key);
}

function keyed(element: unknown, key: string): Json {
  if (!isRecord(element) || !Object.hasOwn(element, key)) {
    throw badRequest(`map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`);
  }
  return element;
}

/** The elements of a `$setElementOrder` directive, or undefined. The patch's own list must not contradict it. */
function checkOrder(patch: readonly unknown[], order: unknown, name: string, rule: MergeRule): unknown[] | undefined {
  if (order === undefined) return undefined;
  if (!Array.isArray(order)) throw badRequest("invalid patch format of setElementOrder list");
  const positions = positionsIn(order, rule.mergeKey);
  let last = -1;
  for (const element of patch) {
    if (isRecord(element) && Object.hasOwn(element, directives.patch)) continue;
    const at = positionOf(positions, element, rule.mergeKey);
    if (at <= last) {
      throw badRequest(
        `The order in patch list:\n${JSON.stringify(patch)}\n doesn't match ${directives.setElementOrder}${name} list:\n${JSON.stringify(order)}\n`,
      );
    }
    last = at;
  }
  return order;
}

const ordered = (merged: unknown[], order: unknown[] | undefined, live: readonly unknown[], rule: MergeRule): unknown[] =>
  order === undefined ? merged : arrange(merged, order, live, rule.mergeKey);

/** Interleaves the elements that `order` names (in its order) with the others (in live order); see the head of this file. */
function arrange(merged: readonly unknown[], order: readonly unknown[], live: readonly unknown[], key: string | undefined): unknown[] {
  const inOrder = positionsIn(order, key);
  const inLive = positionsIn(live, key);
  const named: unknown[] = [];
  const others: unknown[] = [];
  for (const element of merged) (positionOf(inOrder, element, key) >= 0 ? named : others).push(element);
  named.sort((a, b) => positionOf(inOrder, a, key) - positionOf(inOrder, b, key));
  others.sort((a, b) => positionOf(inLive, a, key) - positionOf(inLive, b, key));
  const result: unknown[] = [];
  let next = 0;
  for (const element of named) {
    const at = positionOf(inLive, element, key);
    while (next < others.length && at >= 0) {
      const other = positionOf(inLive, others[next], key);
      if (other < 0 || other >= at) break;
      result.push(others[next++]);
    }
    result.push(element);
  }
  return [...result, ...others.slice(next)];
}

/** Where each element of a list first stands, by its merge key, or by itself where there is none. Lists come from clients and may be long. */
function positionsIn(list: readonly unknown[], key: string | undefined): Map<string, number> {
  const positions = new Map<string, number>();
  for (const [position, element] of list.entries()) {
    const name = nameOf(element, key);
    if (name !== undefined && !positions.has(name)) positions.set(name, position);
  }
  return positions;
}

function positionOf(positions: ReadonlyMap<string, number>, element: unknown, key: string | undefined): number {
  const name = nameOf(element, key);
  return name === undefined ? -1 : (positions.get(name) ?? -1);
}

function nameOf(element: unknown, key: string | undefined): string | undefined {
  if (key === undefined) return printed(element);
  return isRecord(element) && Object.hasOwn(element, key) ? printed(element[key]) : undefined;
}

/** Keys are compared as they print: `80` and `"80"` are one. Objects print as JSON: a patch may well bring a `toString` of its own. */
const printed = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

function distinct(values: readonly unknown[]): unknown[] {
  const seen = new Set<unknown>();
  return values.filter((value) => !seen.has(value) && seen.add(value));
}

const omit = (record: Json, key: string): Json => {
  if (!Object.hasOwn(record, key)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
};

/** A copy of a patch's value as it would stand in an object: no directives, no nulls, no elements marked for deletion. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((element) => !(isRecord(element) && (element[directives.patch] === "delete" || isBareReplace(element))))
      .map(withoutDirectives);
  }
  if (!isRecord(value)) return deepCopy(value);
  const result: Json = {};
  for (const key of Object.keys(value)) {
    if (value[key] === null || key === directives.patch || key === directives.retainKeys) continue;
    if (key.startsWith(directives.setElementOrder) || key.startsWith(directives.deleteFromPrimitiveList)) continue;
    setOwnField(result, key, withoutDirectives(value[key]));
  }
  return result;
}

const isBareReplace = (element: Json): boolean => element[directives.patch] === "replace" && Object.keys(element).length === 1;

const unknownDirective = (directive: unknown) => badRequest(`unknown patch type found: ${printed(directive)}`);
