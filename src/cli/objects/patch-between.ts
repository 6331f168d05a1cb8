/** The patch from one state of an object to another: strategic where the kind's merge keys are known, else a JSON merge patch. */
import type { AnyObject } from "../../api/meta/object.ts";
import type { KindRef } from "../../api/kind.ts";
import { createMergePatch } from "../../machinery/merge-patch.ts";
import { createStrategicMerge } from "../../machinery/three-way-merge.ts";
import { schemaNameOf } from "./schema-name.ts";

export interface ChangePatch {
  readonly type: "strategic" | "merge";
  readonly patch: unknown;
}

/** undefined where the two are the same. */
export function patchBetween(kind: KindRef, before: AnyObject, after: AnyObject): ChangePatch | undefined {
  const schema = schemaNameOf(kind);
  if (schema !== undefined) {
    const patch = createStrategicMerge(before, after, before, schema);
    return Object.keys(patch).length === 0 ? undefined : { type: "strategic", patch };
  }
  const patch = createMergePatch(before, after);
  return patch === undefined ? undefined : { type: "merge", patch };
}
