/** Field tables of scheduling.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const schedulingV1: TypeTable = {
  PriorityClass: {
    apiVersion: "string",
    description: "string #4",
    globalDefault: "boolean #3",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    preemptionPolicy: "string #5",
    value: "int32 #2",
  },
  PriorityClassList: {
    apiVersion: "string",
    items: "![]scheduling.v1.PriorityClass #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
};
