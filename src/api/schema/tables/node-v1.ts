/** Field tables of node.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const nodeV1: TypeTable = {
  Overhead: {
    podFixed: "map<quantity>",
  },
  RuntimeClass: {
    apiVersion: "string",
    handler: "!string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    overhead: "node.v1.Overhead",
    scheduling: "node.v1.Scheduling",
  },
  RuntimeClassList: {
    apiVersion: "string",
    items: "![]node.v1.RuntimeClass",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  Scheduling: {
    nodeSelector: "map<string> struct=atomic",
    tolerations: "[]core.v1.Toleration list=atomic",
  },
};
