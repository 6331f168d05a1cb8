/** Deleting objects: preconditions, grace, finalizers and propagation (API-62 … API-64, API-68, KUB-60). */
import { badRequest, conflict, type FieldError, field, invalid, isNotFound, methodNotAllowed, notFound } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject, ObjectKey } from "../../api/meta/object.ts";
import { keyOf } from "../../api/meta/object.ts";
import type { DeleteOptions } from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { ApiList, ApiListOptions, RequestContext } from "../api.ts";
import type { Core } from "./core.ts";
import { list } from "./list.ts";
import { StoredObject, storedAtVersion } from "./stored-object.ts";
import { subjectOf } from "./subject.ts";
import { isReleased } from "./update.ts";
import { admitted } from "./write.ts";

export interface Deleted {
  readonly stored: StoredObject;
  readonly gone: boolean;
}

const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";

/** Throws 404, 409 for a failed precondition, 422 for options that contradict each other. */
export async function deleteObject(
  core: Core,
  kind: KindDefinition,
  key: ObjectKey,
  options: DeleteOptions,
  context: RequestContext,
): Promise<Deleted> {
  if (kind.verbs && !kind.verbs.includes("delete")) throw methodNotAllowed(subjectOf(kind), "delete");
  checkDeleteOptions(options);
  return core.storage.exclusive(kind, key, async () => {
    for (;;) {
      const old = core.storage.read(kind, key);
      if (!old) throw notFound(subjectOf(kind, key.name));
      const deleted = await deleteOnce(core, kind, key, old, options, context);
      if (deleted) return deleted;
    }
  });
}

/** Throws 422 for options that contradict themselves or name what does not exist. */
function checkDeleteOptions(options: DeleteOptions): void {
  const problems: FieldError[] = [];
  const policy = options.propagationPolicy;
  if (policy !== undefined && options.orphanDependents !== undefined) {
    problems.push(field.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"));
  }
  if (policy !== undefined && policy !== "Foreground" && policy !== "Background" && policy !== "Orphan") {
    problems.push(field.notSupported("propagationPolicy", policy, ["Background", "Foreground", "Orphan", "nil"]));
  }
  if (options.dryRun?.some((value) => value !== "All")) problems.push(field.notSupported("dryRun", options.dryRun, ["All"]));
  if (problems.length > 0) throw invalid({ group: "meta.k8s.io", resource: "deleteoptions", kind: "DeleteOptions", name: "" }, problems);
}

async function deleteOnce(
  core: Core,
  kind: KindDefinition,
  key: ObjectKey,
  old: StoredObject,
  options: DeleteOptions,
  context: RequestContext,
): Promise<Deleted | undefined> {
  checkPreconditions(kind, old.object, options);
  const dryRun = context.dryRun === true || (options.dryRun?.length ?? 0) > 0;
  return admitted({ kind, operation: "DELETE", key, object: old.object, old: old.object, context }, async (admission) => {
    await core.admission.validate(admission);
    const object = deepCopy(old.object);
    markDeleted(kind, object, options, core.world.clock.now());
    if (!isReleased(kind, object)) {
      if (deepEqual(object, old.object)) return { stored: old, gone: false };
      if (dryRun) return { stored: new StoredObject(object), gone: false };
      const stored = await core.storage.replace(kind, key, object, old);
      return stored && { stored, gone: false };
    }
    if (dryRun) return { stored: old, gone: true };
    const version = await core.storage.remove(kind, key, old);
    return version === undefined ? undefined : { stored: storedAtVersion(old, version), gone: true };
  });
}

function checkPreconditions(kind: KindDefinition, object: AnyObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { uid: actualUid, resourceVersion: actualVersion, name } = object.metadata;
  if (uid !== undefined && uid !== actualUid) {
    throw conflict(
      subjectOf(kind, name),
      `the UID in the precondition (${uid}) does not match the UID in record (${actualUid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== actualVersion) {
    throw conflict(
      subjectOf(kind, name),
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${actualVersion}). The object might have been modified`,
    );
  }
}

/**
 * Puts on the object what a delete leaves there: its finalizers by policy, when it goes and with how much grace. A
 * second delete can only shorten the grace.
 */
function markDeleted(kind: KindDefinition, object: AnyObject, options: DeleteOptions, now: number): void {
  const meta = object.metadata;
  setFinalizers(kind, object, options);
  const requested = options.gracePeriodSeconds === undefined ? undefined : options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
  const first = meta.deletionTimestamp === undefined;
  if (first) {
    const grace = kind.graceSeconds?.(object, requested) ?? 0;
    meta.deletionTimestamp = formatTime(now + grace * 1000);
    meta.deletionGracePeriodSeconds = grace;
    if (meta.generation) meta.generation++;
    kind.prepareForDelete?.(object);
    return;
  }
  const left = meta.deletionGracePeriodSeconds ?? 0;
  // Without a grace of its own, a repeated delete changes nothing; nor does a longer one.
  const wanted = requested === undefined ? left : (kind.graceSeconds?.(object, requested) ?? 0);
  if (wanted >= left) return;
  const startedMs = (parseTime(meta.deletionTimestamp) ?? now) - left * 1000;
  meta.deletionTimestamp = formatTime(wanted === 0 ? Math.min(now, startedMs + left * 1000) : startedMs + wanted * 1000);
  meta.deletionGracePeriodSeconds = wanted;
}

/** The garbage collector's finalizers say what becomes of the dependents (API-64). */
function setFinalizers(kind: KindDefinition, object: AnyObject, options: DeleteOptions): void {
  const current = object.metadata.finalizers ?? [];
  const wanted = current.filter((finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer);
  const policy = policyOf(kind, current, options);
  if (policy === "Orphan") wanted.push(orphanFinalizer);
  if (policy === "Foreground") wanted.push(foregroundFinalizer);
  if (wanted.length === 0) delete object.metadata.finalizers;
  else if (!deepEqual(wanted, current)) object.metadata.finalizers = wanted;
}

function policyOf(kind: KindDefinition, finalizers: readonly string[], options: DeleteOptions): string {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? "Orphan" : "Background";
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  if (finalizers.includes(foregroundFinalizer)) return "Foreground";
  return kind.defaultPropagation ?? "Background";
}

/** Deletes what a list with these options finds; objects that vanish meanwhile are no error (API-68). */
export async function deleteCollection(
  core: Core,
  kind: KindDefinition,
  options: ApiListOptions,
  deleteOptions: DeleteOptions,
  context: RequestContext,
): Promise<ApiList> {
  if (kind.verbs && !kind.verbs.includes("deletecollection")) throw methodNotAllowed(subjectOf(kind), "deletecollection");
  checkDeleteOptions(deleteOptions);
  if (deleteOptions.preconditions?.uid !== undefined) throw badRequest("a UID precondition cannot hold of a whole collection");
  const found = await list(core, kind, options);
  const deleted = await Promise.all(
    found.items.map(async ({ object }) => {
      try {
        return (await deleteObject(core, kind, keyOf(object), deleteOptions, context)).stored;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    }),
  );
  return { ...found, items: deleted.filter((stored) => stored !== undefined) };
}
