import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../api/types.ts";
import { wantedTaints } from "./decide.ts";

const node = (ready?: string): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n" },
  spec: {},
  status: ready === undefined ? {} : { conditions: [{ type: "Ready", status: ready }] },
});
const taintsOf = (each: Node) => wantedTaints(each, 0)?.map(({ key, effect }) => `${key}:${effect}`);

const table: [string, string | undefined, string[] | undefined][] = [
  ["a node that has said nothing yet is not ready, and is not called unreachable", undefined, ["node.kubernetes.io/not-ready:NoSchedule"]],
  ["one that is ready has no taint", "True", undefined],
  ["Pods leave one that is not", "False", ["node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/not-ready:NoExecute"]],
  [
    "one that has fallen silent is unreachable",
    "Unknown",
    ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
  ],
];
for (const [sentence, ready, taints] of table) test(sentence, () => assert.deepEqual(taintsOf(node(ready)), taints));
