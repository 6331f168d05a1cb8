/** The faces that follow from a kind's declaration alone: the object itself, its status, its scale. */
import { field } from "../../api/errors.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import { deepCopy } from "../../machinery/freeze.ts";
import type { Face } from "./face.ts";

/** The object itself: everything but status, where the kind keeps one (API-61). */
export const mainResource = (kind: KindDefinition): Face => ({
  name: "",
  readable: true,
  update: {
    whole: true,
    prepare(object, old, context) {
      if (kind.status) copyField(object, old, "status");
      kind.prepareForUpdate?.(object, old, context);
    },
    validate: (object, old) => [...(kind.validate?.(object) ?? []), ...(kind.validateUpdate?.(object, old) ?? [])],
  },
});

/** /status: the spec and all else stay as they are; of metadata, what the kind lets pass (API-60). */
export function statusResource(kind: KindDefinition): Face {
  const declared = kind.status;
  return {
    name: "status",
    readable: true,
    update: {
      whole: false,
      keepsGeneration: true,
      prepare(object, old) {
        keepAllBut(object, old, "status");
        if (declared?.prepareForUpdate) declared.prepareForUpdate(object, old);
        else keepMetadata(object, old);
      },
      validate: (object, old) => declared?.validateUpdate?.(object, old) ?? [],
    },
  };
}

/** /scale: spec.replicas under one form for every kind that has it (API-61). */
export function scaleResource(mapping: NonNullable<KindDefinition["scale"]>): Face {
  return {
    name: "scale",
    readable: true,
    form: {
      schema: "autoscaling.v1.Scale",
      group: "autoscaling",
      kind: "Scale",
      read(object) {
        const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
        const selector = mapping.selector(object);
        return {
          apiVersion: "autoscaling/v1",
          kind: "Scale",
          metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as AnyObject["metadata"],
          spec: { replicas: mapping.getReplicas(object) },
          status: { replicas: mapping.statusReplicas(object), ...(selector !== "" && { selector }) },
        };
      },
      write(body, object) {
        mapping.setReplicas(object, body.spec?.replicas ?? 0);
      },
      validate(body) {
        const replicas = body.spec?.replicas ?? 0;
        return replicas < 0 ? [field.invalid("spec.replicas", replicas, "must be greater than or equal to 0")] : [];
      },
    },
    update: { whole: false, prepare() {}, validate: () => [] },
  };
}

/** Puts back every field of the object but one, sharing the old frozen values; metadata is the caller's. */
export function keepAllBut(object: AnyObject, old: AnyObject, free: string): void {
  for (const name of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (name !== free && name !== "metadata" && name !== "apiVersion" && name !== "kind") shareField(object, old, name);
  }
}

/** Puts back all metadata but managedFields and resourceVersion, which the caller looks after. */
export function keepMetadata(object: AnyObject, old: AnyObject): void {
  const { managedFields, resourceVersion } = object.metadata;
  object.metadata = deepCopy(old.metadata);
  if (managedFields) object.metadata.managedFields = managedFields;
  if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
}

function shareField(object: AnyObject, old: AnyObject, name: string): void {
  if (old[name] === undefined) delete object[name];
  else object[name] = old[name];
}

function copyField(object: AnyObject, old: AnyObject, name: string): void {
  if (old[name] === undefined) delete object[name];
  else object[name] = deepCopy(old[name]);
}
