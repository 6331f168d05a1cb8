/** The kind ReplicaSet of apps/v1. */
import type { ReplicaSet as ReplicaSetObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** ReplicaSet (apps/v1). */
export const ReplicaSet = defineKind<ReplicaSetObject>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  scope: "Namespaced",
  schema: "apps.v1.ReplicaSet",
  shortNames: ["rs"],
  categories: ["all"],
  status: {},
});
