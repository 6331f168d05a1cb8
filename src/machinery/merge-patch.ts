/** JSON merge patch (RFC 7386): objects merge, null deletes, everything else replaces. */
import { isRecord, ownField, setOwnField } from "../base/own-field.ts";
import { deepEqual } from "./equality.ts";
import { deepCopy } from "./freeze.ts";

/** The patched document. Neither argument is changed; unchanged parts are shared with `document`. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return deepCopy(patch);
  const result: Record<string, unknown> = {};
  if (isRecord(document)) for (const key of Object.keys(document)) setOwnField(result, key, document[key]);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete result[key];
    else setOwnField(result, key, applyMergePatch(ownField(result, key), patch[key]));
  }
  return result;
}

/** The smallest merge patch that turns `from` into `to`; undefined where they are equal. */
export function createMergePatch(from: unknown, to: unknown): unknown {
  if (!isRecord(from) || !isRecord(to)) return deepEqual(from, to) ? undefined : deepCopy(to);
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from)) if (from[key] !== undefined && ownField(to, key) === undefined) setOwnField(patch, key, null);
  for (const key of Object.keys(to)) {
    if (to[key] === undefined) continue;
    const inner = createMergePatch(ownField(from, key), to[key]);
    if (inner !== undefined) setOwnField(patch, key, inner);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
