/** The kind Node of v1. */
import type { Node as NodeObject } from "../../types.ts";
import { defineKind } from "../../kind.ts";

/** Node (v1). */
export const Node = defineKind<NodeObject>({
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  scope: "Cluster",
  schema: "core.v1.Node",
  shortNames: ["no"],
  status: {},
  subresources: [
    { name: "proxy", kind: { group: "", version: "v1", kind: "NodeProxyOptions" }, verbs: ["create", "delete", "get", "patch", "update"] },
  ],
});
