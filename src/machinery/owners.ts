/** Ownership between objects: who controls whom, and the references that say so. */
import type { KubeObject } from "../api/meta/object.ts";
import type { OwnerReference } from "../api/types.ts";

/** The reference to the one owner that controls the object, or undefined. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  for (const owner of object.metadata.ownerReferences ?? []) if (owner.controller === true) return owner;
  return undefined;
}

/** Whether `owner` (this very object, by uid) controls `object`. */
export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean => controllerOf(object)?.uid === owner.metadata.uid;

/** A reference that makes `owner` an owner but not the controller. */
export const ownerReference = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name as string,
  uid: owner.metadata.uid as string,
});

/** A reference that makes `owner` the controller; the owner's foreground deletion waits for the dependent. */
export const controllerReference = (owner: KubeObject): OwnerReference => ({
  ...ownerReference(owner),
  controller: true,
  blockOwnerDeletion: true,
});
