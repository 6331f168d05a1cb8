/** The kind PriorityClass of scheduling.k8s.io/v1. */
import type { PriorityClass as PriorityClassObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** PriorityClass (scheduling.k8s.io/v1). */
export const PriorityClass = defineKind<PriorityClassObject>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  scope: "Cluster",
  schema: "scheduling.v1.PriorityClass",
  shortNames: ["pc"],
});
