/** When two JSON values are the same: exactly, or in the sense of the API, where "absent" and "empty" do not differ. */
import type { TypeExpression } from "../api/schema/notation.ts";
import { findStruct } from "../api/schema/schema.ts";
import { ownField } from "../base/own-field.ts";
import { compareQuantities, isQuantity } from "./quantity.ts";

type Json = Readonly<Record<string, unknown>>;

/** Same structure and same leaves. A field that is undefined counts as absent; the order of keys does not matter. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
    return true;
  }
  return sameFields(a as Json, b as Json);
}

function sameFields(a: Json, b: Json): boolean {
  let present = 0;
  for (const key of Object.keys(a)) {
    const value = a[key];
    if (value === undefined) continue;
    present++;
    if (!Object.hasOwn(b, key) || !deepEqual(value, b[key])) return false;
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined) present--;
  return present === 0;
}

const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const key of Object.keys(value)) if ((value as Json)[key] !== undefined) return false;
  return true;
};

/**
 * As `deepEqual`, but undefined, null, an empty list and an empty map are all one. With the name of the values'
 * type, quantities are compared by value (`1000m` is `1`).
 */
export function semanticEqual(a: unknown, b: unknown, schemaName?: string): boolean {
  return same(a, b, schemaName === undefined ? undefined : { kind: "struct", name: schemaName });
}

function same(a: unknown, b: unknown, type: TypeExpression | undefined): boolean {
  if (a === b) return true;
  const emptyA = isEmpty(a);
  if (emptyA || isEmpty(b)) return emptyA && isEmpty(b);
  if (typeof a !== "object" || typeof b !== "object") {
    return type?.kind === "scalar" && type.scalar === "quantity" && isQuantity(a) && isQuantity(b) && compareQuantities(a, b) === 0;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    const of = type?.kind === "list" ? type.of : undefined;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i], of)) return false;
    return true;
  }
  const struct = type?.kind === "struct" ? findStruct(type.name) : undefined;
  const of = type?.kind === "map" ? type.of : undefined;
  const left = a as Json;
  const right = b as Json;
  for (const key of Object.keys(left)) {
    if (!same(left[key], ownField(right, key), of ?? struct?.fields.get(key)?.type)) return false;
  }
  for (const key of Object.keys(right)) if (!Object.hasOwn(left, key) && !isEmpty(right[key])) return false;
  return true;
}
