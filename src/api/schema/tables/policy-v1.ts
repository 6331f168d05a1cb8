/** Field tables of policy.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const policyV1: TypeTable = {
  Eviction: {
    apiVersion: "string",
    deleteOptions: "meta.v1.DeleteOptions #2",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
  },
  PodDisruptionBudget: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "policy.v1.PodDisruptionBudgetSpec #2",
    status: "policy.v1.PodDisruptionBudgetStatus #3",
  },
  PodDisruptionBudgetList: {
    apiVersion: "string",
    items: "![]policy.v1.PodDisruptionBudget #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  PodDisruptionBudgetSpec: {
    maxUnavailable: "intorstring #3",
    minAvailable: "intorstring #1",
    selector: "meta.v1.LabelSelector patch=replace #2",
    unhealthyPodEvictionPolicy: "string #4",
  },
  PodDisruptionBudgetStatus: {
    conditions: "[]meta.v1.Condition list=map:type patch=merge:type #7",
    currentHealthy: "int32 #4",
    desiredHealthy: "int32 #5",
    disruptedPods: "map<time> #2",
    disruptionsAllowed: "int32 #3",
    expectedPods: "int32 #6",
    observedGeneration: "int64 #1",
  },
};
