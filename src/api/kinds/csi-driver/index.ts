/** The kind CSIDriver of storage.k8s.io/v1. */
import type { CSIDriver as CSIDriverObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** CSIDriver (storage.k8s.io/v1). */
export const CSIDriver = defineKind<CSIDriverObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  scope: "Cluster",
  schema: "storage.v1.CSIDriver",
  returnsDeletedObject: true,
});
