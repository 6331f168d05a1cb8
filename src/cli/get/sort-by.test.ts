import assert from "node:assert/strict";
import { test } from "node:test";
import { sortedBy } from "./sort-by.ts";

const sorted = (path: string, ...values: unknown[]): unknown[] =>
  sortedBy(
    path,
    values.map((value) => ({ metadata: { value } })),
    (item) => item,
  ).map(({ metadata }) => metadata.value);

test("texts are put in order by their characters, as kubectl 1.35 does: a-10 stands before a-9", () => {
  assert.deepEqual(sorted(".metadata.value", "a-9", "a-10", "a-47kgw", "a-6rz2v"), ["a-10", "a-47kgw", "a-6rz2v", "a-9"]);
});

test("numbers and quantities are put in order by their amount, what has no value first", () => {
  assert.deepEqual(sorted(".metadata.value", 10, 9, undefined), [undefined, 9, 10]);
  assert.deepEqual(sorted("{.metadata.value}", "1Gi", "500Mi", "2"), ["2", "500Mi", "1Gi"]);
});

test("a field that no object has is refused", () => {
  assert.throws(() => sorted(".metadata.nope", 1), /couldn't find any field with path "\{\.metadata\.nope\}" in the list of objects/);
});
