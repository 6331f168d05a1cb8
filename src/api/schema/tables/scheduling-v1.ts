/** Field tables of scheduling.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const schedulingV1: TypeTable = {
  PriorityClass: {
    apiVersion: "string",
    description: "string",
    globalDefault: "boolean",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    preemptionPolicy: "string",
    value: "int32",
  },
  PriorityClassList: {
    apiVersion: "string",
    items: "![]scheduling.v1.PriorityClass",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
};
