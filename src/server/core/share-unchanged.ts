/**
 * Lets a new state of an object share the parts that did not change with the old, frozen one. Comparing, freezing and
 * keeping both states then costs only what differs.
 */
import type { AnyObject } from "../../api/meta/object.ts";

/** Changes `object` in place. The object itself and its metadata stay its own and unfrozen. */
export function shareUnchanged(object: AnyObject, old: AnyObject): void {
  for (const name of Object.keys(object)) {
    if (name === "metadata") shareFields(object.metadata as never, old.metadata as never);
    else object[name] = shared(object[name], old[name]);
  }
}

type Fields = Record<string, unknown>;

function shareFields(fields: Fields, old: Fields): void {
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (typeof value === "object" && value !== null && Object.hasOwn(old, name)) fields[name] = shared(value, old[name]);
  }
}

/** `old` where both are equal, else `value` with its equal parts replaced. Fields that are undefined count as absent. */
function shared<T>(value: T, old: T): T {
  if (value === old || typeof value !== "object" || typeof old !== "object" || value === null || old === null) return value;
  if (Array.isArray(value) !== Array.isArray(old)) return value;
  // A frozen part came from elsewhere as it is; its inner parts cannot be replaced.
  const writable = !Object.isFrozen(value);
  let present = 0;
  let equal = true;
  for (const name of Object.keys(value)) {
    const inner = (value as Fields)[name];
    if (inner === undefined) continue;
    present++;
    const before = Object.hasOwn(old, name) ? (old as Fields)[name] : undefined;
    if (inner === before) continue;
    const best = typeof inner === "object" ? shared(inner, before) : inner;
    if (best !== before) equal = false;
    else if (writable) (value as Fields)[name] = best;
    // Where nothing may be replaced, equal parts still make the whole equal.
  }
  if (!equal) return value;
  for (const name of Object.keys(old)) if ((old as Fields)[name] !== undefined) present--;
  return present === 0 ? old : value;
}
