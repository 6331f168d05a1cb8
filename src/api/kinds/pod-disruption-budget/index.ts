/** The kind PodDisruptionBudget of policy/v1. */
import type { PodDisruptionBudget as PodDisruptionBudgetObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** PodDisruptionBudget (policy/v1). */
export const PodDisruptionBudget = defineKind<PodDisruptionBudgetObject>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  scope: "Namespaced",
  schema: "policy.v1.PodDisruptionBudget",
  shortNames: ["pdb"],
  status: {},
});
