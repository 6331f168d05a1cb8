/** Field tables of node.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const nodeV1: TypeTable = {
  Overhead: {
    podFixed: "map<quantity> #1",
  },
  RuntimeClass: {
    apiVersion: "string",
    handler: "!string #2",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    overhead: "node.v1.Overhead #3",
    scheduling: "node.v1.Scheduling #4",
  },
  RuntimeClassList: {
    apiVersion: "string",
    items: "![]node.v1.RuntimeClass #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  Scheduling: {
    nodeSelector: "map<string> struct=atomic #1",
    tolerations: "[]core.v1.Toleration list=atomic #2",
  },
};
