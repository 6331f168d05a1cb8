/** The kind StorageClass of storage.k8s.io/v1. */
import type { StorageClass as StorageClassObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** StorageClass (storage.k8s.io/v1). */
export const StorageClass = defineKind<StorageClassObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  scope: "Cluster",
  schema: "storage.v1.StorageClass",
  shortNames: ["sc"],
  returnsDeletedObject: true,
});
