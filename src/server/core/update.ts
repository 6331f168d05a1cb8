/** Changing an object through one of its faces (API-53 … API-55, API-60, API-61, API-66). */
import { badRequest, conflict, field, invalid, methodNotAllowed, notFound, staleWrite } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { RequestContext, Stored } from "../api.ts";
import type { Admission } from "../admission/admission.ts";
import type { Core } from "./core.ts";
import { create, placeInNamespace } from "./create.ts";
import { carryMetadata, dropEmptyMetadata, metadataProblems, metadataUpdateProblems } from "./metadata.ts";
import { changesNothing, trackOwnership } from "./ownership.ts";
import { shareUnchanged } from "./share-unchanged.ts";
import { StoredObject } from "./stored-object.ts";
import { subjectOf } from "./subject.ts";
import type { Face, UpdateRules } from "./face.ts";
import { admitted, bumpsGeneration, checkType, refuse, warn } from "./write.ts";

/** The answer to a write that may have created. */
export type Written = Stored & { readonly created?: boolean };

/** PUT. Throws 400 for a body that does not fit the path, 404, 409 for a stale one, 422 for an invalid one. */
export async function update(
  core: Core,
  kind: KindDefinition,
  key: ObjectKey,
  body: AnyObject,
  context: RequestContext,
  subresource = "",
): Promise<Written> {
  const face = core.face(kind, subresource);
  const absent = subresource === "" && kind.createOnUpdate && !core.storage.read(kind, key);
  if (absent) {
    context.checkCreate?.();
    return asCreated(await create(core, kind, key.namespace, withoutVersion(body, key), context));
  }
  return changeObject(core, kind, key, { face, context, change: () => writableCopy(body, face) });
}

/** A copy that the write may change. Of a face that takes only parts, what it does not take is put back anyway. */
function writableCopy(body: AnyObject, face: Face): AnyObject {
  if (face.form || face.update?.whole !== false || typeof body !== "object" || body === null) return deepCopy(body);
  const copy: AnyObject = { ...body, metadata: deepCopy(body.metadata) };
  if (body.status !== undefined) copy.status = deepCopy(body.status);
  return copy;
}

/** The same answer, marked as new; the stored object itself is shared and stays unmarked. */
export const asCreated = (stored: Stored): Written => ({
  object: stored.object,
  get json() {
    return stored.json;
  },
  created: true,
});

function withoutVersion(body: AnyObject, key: ObjectKey): AnyObject {
  const { resourceVersion: _, ...metadata } = body.metadata ?? {};
  return { ...body, metadata: { ...metadata, name: metadata.name ?? key.name } };
}

export interface ChangeOptions {
  readonly face: Face;
  readonly context: RequestContext;
  /** The object as it shall be, in the face's form and unfrozen. Called again when another writer was faster. */
  readonly change: (old: AnyObject) => AnyObject | Promise<AnyObject>;
  /** `change` has seen to managedFields (server-side apply). */
  readonly ownersKnown?: boolean;
}

/** Reads, changes and writes one object, alone among its writers. Throws 404 when it is absent. */
export function changeObject(core: Core, kind: KindDefinition, key: ObjectKey, options: ChangeOptions): Promise<StoredObject> {
  const { face } = options;
  if (!face.update) throw methodNotAllowed(subjectOf(kind, key.name), "update");
  return core.storage.exclusive(kind, key, async () => {
    for (;;) {
      const old = core.storage.read(kind, key);
      if (!old) throw notFound(subjectOf(kind, key.name));
      const written = await changeOnce(core, kind, key, old, options, face.update as UpdateRules);
      // Undefined only where somebody outside this process wrote in between.
      if (written) return face.form ? new StoredObject(face.form.read(written.object)) : written;
    }
  });
}

async function changeOnce(
  core: Core,
  kind: KindDefinition,
  key: ObjectKey,
  stored: StoredObject,
  options: ChangeOptions,
  rules: UpdateRules,
): Promise<StoredObject | undefined> {
  const old = stored.object;
  const { face, context } = options;
  const body = await options.change(old);
  const object = face.form ? throughForm(face.form, body, old, key) : body;
  if (!face.form) checkType(kind, object);
  checkIdentity(kind, object, key);
  checkVersion(kind, object, old);
  carryMetadata(object, old);
  const now = core.world.clock.now();
  if (rules.whole) kind.defaults?.(object);
  return admitted({ kind, operation: "UPDATE", subresource: face.name, key, object, old, context }, async (admission) => {
    await core.admission.mutate(admission);
    rules.prepare(object, old, { now });
    shareUnchanged(object, old);
    dropEmptyMetadata(object.metadata);
    refuse(kind, key.name, problemsOf(kind, rules, object, old));
    if (rules.whole) warn(kind, context, object, old);
    if (!options.ownersKnown) trackOwnership({ kind, live: old, context, now, subresource: face.name }, object);
    if (await core.admission.rewrite(admission)) shareUnchanged(object, old);
    if (!rules.keepsGeneration && bumpsGeneration(kind, object, old)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    if (changesNothing(object, old)) return stored;
    await core.admission.validate(admission);
    return finish(core, kind, key, stored, admission);
  });
}

function throughForm(form: NonNullable<Face["form"]>, body: AnyObject, old: AnyObject, key: ObjectKey): AnyObject {
  const problems = form.validate(body);
  if (problems.length > 0) throw invalid({ group: form.group, resource: form.kind, kind: form.kind, name: key.name }, problems);
  const object = deepCopy(old);
  const { name, namespace, uid, resourceVersion } = body.metadata ?? {};
  if (name) object.metadata.name = name;
  if (namespace) object.metadata.namespace = namespace;
  if (uid) object.metadata.uid = uid;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  else delete object.metadata.resourceVersion;
  form.write(body, object);
  return object;
}

function checkIdentity(kind: KindDefinition, object: AnyObject, key: ObjectKey): void {
  const meta = object.metadata;
  if (meta.name && meta.name !== key.name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${key.name})`);
  }
  placeInNamespace(kind, object, key.namespace);
}

function checkVersion(kind: KindDefinition, object: AnyObject, old: AnyObject): void {
  const { resourceVersion, uid } = object.metadata;
  const subject = subjectOf(kind, old.metadata.name);
  if (uid && uid !== old.metadata.uid) {
    throw conflict(subject, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  }
  if (resourceVersion && resourceVersion !== "0") {
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(subject, staleWrite);
  } else if (kind.unconditionalUpdate === false) {
    throw invalid(subject, [field.invalid("metadata.resourceVersion", 0, "must be specified for an update")]);
  }
}

const problemsOf = (kind: KindDefinition, rules: UpdateRules, object: AnyObject, old: AnyObject) => [
  ...metadataUpdateProblems(object.metadata, old.metadata),
  ...metadataProblems(kind, object.metadata),
  ...rules.validate(object, old),
];

/** Writes the object, or removes it when nothing holds it any longer (API-66). */
async function finish(
  core: Core,
  kind: KindDefinition,
  key: ObjectKey,
  old: StoredObject,
  { object, context }: Admission,
): Promise<StoredObject | undefined> {
  object.metadata.resourceVersion = old.object.metadata.resourceVersion as string;
  if (context.dryRun) return new StoredObject(object);
  if (!isReleased(kind, object)) return core.storage.replace(kind, key, object, old);
  const version = await core.storage.remove(kind, key, old);
  if (version === undefined) return undefined;
  object.metadata.resourceVersion = String(version);
  return new StoredObject(object);
}

/** Whether an object that is being deleted has nothing left to wait for: no grace, no finalizer of any sort. */
export const isReleased = (kind: KindDefinition, object: AnyObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  !object.metadata.deletionGracePeriodSeconds &&
  !object.metadata.finalizers?.length &&
  !kind.holdsDeletion?.(object);
