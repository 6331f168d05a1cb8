import assert from "node:assert/strict";
import { test } from "node:test";
import { findDuplicateKeys, parseJson } from "./json.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("duplicate keys are found with their paths, in strings or not, escaped or not", () => {
  const text = String.raw`{"spec":{"replicas":1,"list":[{"a":"{\"a\":1}"},{"b":1,"b":2}],"\u0072eplicas":2},"kind":"x","spec" : {}}`;
  assert.deepEqual(findDuplicateKeys(bytes(text)), ["spec.list[1].b", "spec.replicas", "spec"]);
  assert.deepEqual(parseJson(bytes(text)).duplicates, []);
  assert.deepEqual(parseJson(bytes(text), { findDuplicates: true }).duplicates, ["spec.list[1].b", "spec.replicas", "spec"]);
  assert.deepEqual(parseJson(bytes('{"a":{"x":1},"b":{"x":1}}'), { findDuplicates: true }), {
    value: { a: { x: 1 }, b: { x: 1 } },
    duplicates: [],
  });
});

test("bodies that are no JSON, no UTF-8 or too deep are refused as bad requests", () => {
  const bad = { name: "ApiError", code: 400 };
  assert.throws(() => parseJson(bytes("{")), bad);
  assert.throws(() => parseJson(bytes("")), bad);
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), bad);
  assert.throws(() => parseJson(bytes("[".repeat(1_000_000))), bad);
  assert.throws(() => parseJson(bytes(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`)), bad);
  assert.deepEqual(parseJson(bytes('"[[[["')).value, "[[[[");
});

test("__proto__ stays a plain key", () => {
  const { value } = parseJson(bytes('{"__proto__":{"admin":true}}')) as { value: any };
  assert.equal(value.admin, undefined);
  assert.deepEqual(Object.keys(value), ["__proto__"]);
});
