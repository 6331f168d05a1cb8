/** The kind PersistentVolumeClaim of v1. */
import type { PersistentVolumeClaim as PersistentVolumeClaimObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** PersistentVolumeClaim (v1). */
export const PersistentVolumeClaim = defineKind<PersistentVolumeClaimObject>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  scope: "Namespaced",
  schema: "core.v1.PersistentVolumeClaim",
  shortNames: ["pvc"],
  returnsDeletedObject: true,
  status: {},
});
