/** Sharing objects safely: freeze what is shared, copy what is to be changed. */
import { setOwnField } from "../base/own-field.ts";

/** Freezes a JSON value all the way down and returns it. A value that is already frozen is taken to be frozen throughout. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}

/** An unfrozen copy of a JSON value; fields that are undefined are left out. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const list = new Array(value.length);
    for (let i = 0; i < value.length; i++) list[i] = deepCopy(value[i]);
    return list as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner === undefined) continue;
    setOwnField(copy, key, typeof inner === "object" && inner !== null ? deepCopy(inner) : inner);
  }
  return copy as T;
}
