import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAssignments, splitWords } from "./assignments.ts";

test("words are objects until the first that changes something", () => {
  const table: [words: string, resources: string[], changes: string[]][] = [
    ["pod web a=b", ["pod", "web"], ["a=b"]],
    ["pod/web a- b=c", ["pod/web"], ["a-", "b=c"]],
    ["pod web a=", ["pod", "web"], ["a="]],
    ["pod web a=b=c", ["pod", "web"], ["a=b=c"]],
    ["pod web =b", ["pod", "web", "=b"], []],
    ["pod web", ["pod", "web"], []],
  ];
  for (const [words, resources, changes] of table) assert.deepEqual(splitWords(words.split(" ")), { resources, changes }, words);
  assert.throws(() => splitWords(["pod", "a=b", "web"]), /all resources must be specified before changes: web/);
});

test("KEY=VALUE sets and KEY- takes away", () => {
  assert.deepEqual(parseAssignments(["a=b", "c=", "d=e=f", "g-"], "label"), { set: { a: "b", c: "", d: "e=f" }, remove: ["g"] });
  assert.throws(() => parseAssignments(["a=b", "a-"], "label"), /can not both modify and remove a label in the same command/);
  assert.throws(() => parseAssignments(["a=b", "a-"], "annotation"), /can not both modify and remove an annotation/);
});
