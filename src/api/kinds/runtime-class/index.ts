/** The kind RuntimeClass of node.k8s.io/v1. */
import type { RuntimeClass as RuntimeClassObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** RuntimeClass (node.k8s.io/v1). */
export const RuntimeClass = defineKind<RuntimeClassObject>({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  scope: "Cluster",
  schema: "node.v1.RuntimeClass",
});
