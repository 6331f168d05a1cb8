/** The kind CSINode of storage.k8s.io/v1. */
import type { CSINode as CSINodeObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** CSINode (storage.k8s.io/v1). */
export const CSINode = defineKind<CSINodeObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  scope: "Cluster",
  schema: "storage.v1.CSINode",
  returnsDeletedObject: true,
});
