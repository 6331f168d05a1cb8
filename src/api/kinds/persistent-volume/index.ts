/** The kind PersistentVolume of v1. */
import type { PersistentVolume as PersistentVolumeObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** PersistentVolume (v1). */
export const PersistentVolume = defineKind<PersistentVolumeObject>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  scope: "Cluster",
  schema: "core.v1.PersistentVolume",
  shortNames: ["pv"],
  returnsDeletedObject: true,
  status: {},
});
