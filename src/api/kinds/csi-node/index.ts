/** The kind CSINode: which storage drivers a node has. Stored for drivers that use it. */
import { defineKind } from "../../kind.ts";
import type { CSINode as CSINodeObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn } from "../columns.ts";
import { neverBumps } from "../generations.ts";

/** CSINode (storage.k8s.io/v1). */
export const CSINode = defineKind<CSINodeObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  scope: "Cluster",
  schema: "storage.v1.CSINode",
  returnsDeletedObject: true,
  bumpsGeneration: neverBumps,
  columns: [nameColumn, numberColumn("Drivers", (node) => node.spec?.drivers?.length), ageColumn],
});
