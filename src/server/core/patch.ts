/** The four patch types (API-56 … API-59, API-70). Patches are applied to the newest state, alone among its writers. */
import { badRequest, conflict, field, invalid, isAlreadyExists, isNotFound } from "../../api/errors.ts";
import { apiVersionOf, type KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { type Shaped, shape } from "../../api/schema/shape.ts";
import { applyJsonPatch } from "../../machinery/json-patch.ts";
import { applyMergePatch } from "../../machinery/merge-patch.ts";
import { applyStrategicMerge } from "../../machinery/strategic-merge.ts";
import type { ApiPatchType, RequestContext } from "../api.ts";
import type { Core } from "./core.ts";
import { create } from "./create.ts";
import { applyManifest } from "./ownership.ts";
import { subjectOf } from "./subject.ts";
import type { Face } from "./face.ts";
import { asCreated, changeObject, type Written } from "./update.ts";
import { checkType } from "./write.ts";

/** How often an apply looks again when the object comes or goes under it. */
const applyAttempts = 5;

export type PatchContext = RequestContext & { readonly force?: boolean };

/** Throws 400 for a patch that is none, 404, 409, 413 and 422 for one that does not fit. */
export async function patch(
  core: Core,
  kind: KindDefinition,
  key: ObjectKey,
  type: ApiPatchType,
  body: unknown,
  context: PatchContext,
  subresource = "",
): Promise<Written> {
  const face = core.face(kind, subresource);
  const schema = face.form?.schema ?? kind.schema;
  if (type === "apply" && !face.form) return apply(core, kind, key, face, body, context);
  const merge = patchers[type];
  return changeObject(core, kind, key, {
    face,
    context,
    change: (old) => shaped(schema, merge(face.form ? face.form.read(old) : old, body, schema), body, context),
  });
}

const patchers: Readonly<Record<ApiPatchType, (document: AnyObject, body: unknown, schema: string) => unknown>> = {
  json: applyJsonPatch,
  merge: objectPatch(applyMergePatch),
  strategic: objectPatch(applyStrategicMerge),
  // Through a form (scale) nobody owns single fields: the applied ones are merged.
  apply: objectPatch(applyMergePatch),
};

function objectPatch(merge: (document: AnyObject, body: unknown, schema: string) => unknown): typeof merge {
  return (document, body, schema) => {
    if (!isObject(body)) throw badRequest("error decoding patch: the patch must be a JSON object");
    return merge(document, body, schema);
  };
}

const isObject = (value: unknown): value is AnyObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** The patched object without what its type does not have; unknown fields are refused, warned of or ignored (API-80). */
function shaped(schema: string, patched: unknown, body: unknown, context: RequestContext): AnyObject {
  if (!isObject(patched)) throw patchProblem(body, "json: cannot unmarshal the patched document into an object");
  const result: Shaped = shape(schema, patched);
  if (result.typeErrors.length > 0) throw patchProblem(patched, result.typeErrors[0] as string);
  const unknown = result.unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (unknown.length > 0 && context.fieldValidation === "Strict") {
    throw patchProblem(body, `strict decoding error: ${unknown.join(", ")}`);
  }
  if (context.fieldValidation !== "Ignore") for (const text of unknown) context.warn?.(text);
  return result.value;
}

const patchProblem = (value: unknown, why: string) =>
  invalid({ group: "", resource: "", kind: "" }, [field.invalid("patch", JSON.stringify(value), why)]);

/** Server-side apply: creates what is absent, else merges with the fields that others own (API-70). */
async function apply(core: Core, kind: KindDefinition, key: ObjectKey, face: Face, body: unknown, context: PatchContext): Promise<Written> {
  if (!context.fieldManager) {
    throw invalid({ group: "meta.k8s.io", resource: "patchoptions", kind: "PatchOptions", name: "" }, [
      field.required("fieldManager", "is required for apply patch"),
    ]);
  }
  if (!isObject(body)) throw badRequest("error decoding patch: the patch must be an object");
  const applied = typedManifest(kind, key, body);
  const now = core.world.clock.now();
  const merge = (live: AnyObject | undefined) =>
    applyManifest({ kind, live, context, now, subresource: face.name }, applied, context.force === true);
  for (let attempt = 1; ; attempt++) {
    try {
      if (face.name !== "" || core.storage.read(kind, key)) {
        return await changeObject(core, kind, key, { face, context, change: merge, ownersKnown: true });
      }
      if (applied.metadata.uid) throw conflict(subjectOf(kind, key.name), absentUid(applied.metadata.uid));
      context.checkCreate?.();
      return asCreated(await create(core, kind, key.namespace, merge(undefined), context, { ownersKnown: true }));
    } catch (error) {
      // Somebody else created or removed it between the look and the write: look again.
      const raced = isAlreadyExists(error) || (face.name === "" && isNotFound(error) && core.storage.read(kind, key) === undefined);
      if (!raced || attempt >= applyAttempts) throw error;
    }
  }
}

const absentUid = (uid: string): string => `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;

/** The manifest in its type's shape. An applied field that no schema has is always refused: nobody could own it. */
function typedManifest(kind: KindDefinition, key: ObjectKey, body: AnyObject): AnyObject {
  const applied = { ...body, metadata: { ...(isObject(body.metadata) ? body.metadata : {}) } } as AnyObject;
  checkType(kind, applied);
  applied.metadata.name ??= key.name;
  if (key.namespace !== undefined) applied.metadata.namespace ??= key.namespace;
  const { value, unknown, typeErrors } = shape(kind.schema, applied);
  const problem = typeErrors[0] ?? (unknown[0] === undefined ? undefined : `.${unknown[0]}: field not declared in schema`);
  if (problem !== undefined) {
    const place = key.namespace === undefined ? `/${key.name}` : `${key.namespace}/${key.name}`;
    throw badRequest(`failed to create typed patch object (${place}; ${apiVersionOf(kind)}, Kind=${kind.kind}): ${problem}`);
  }
  return value;
}
