/** Field tables of policy.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const policyV1: TypeTable = {
  Eviction: {
    apiVersion: "string",
    deleteOptions: "meta.v1.DeleteOptions",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
  },
  PodDisruptionBudget: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "policy.v1.PodDisruptionBudgetSpec",
    status: "policy.v1.PodDisruptionBudgetStatus",
  },
  PodDisruptionBudgetList: {
    apiVersion: "string",
    items: "![]policy.v1.PodDisruptionBudget",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  PodDisruptionBudgetSpec: {
    maxUnavailable: "intorstring",
    minAvailable: "intorstring",
    selector: "meta.v1.LabelSelector patch=replace",
    unhealthyPodEvictionPolicy: "string",
  },
  PodDisruptionBudgetStatus: {
    conditions: "[]meta.v1.Condition list=map:type patch=merge:type",
    currentHealthy: "int32",
    desiredHealthy: "int32",
    disruptedPods: "map<time>",
    disruptionsAllowed: "int32",
    expectedPods: "int32",
    observedGeneration: "int64",
  },
};
