/** The kind ReplicationController of v1. */
import type { ReplicationController as ReplicationControllerObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ReplicationController (v1). */
export const ReplicationController = defineKind<ReplicationControllerObject>({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  scope: "Namespaced",
  schema: "core.v1.ReplicationController",
  shortNames: ["rc"],
  categories: ["all"],
  status: {},
});
