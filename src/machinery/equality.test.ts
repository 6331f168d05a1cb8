import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./canonical-json.ts";
import { deepEqual, semanticEqual } from "./equality.ts";
import { deepCopy, deepFreeze } from "./freeze.ts";

const hostile = JSON.parse('{"__proto__":{"admin":true},"constructor":"x","a":[1,{"b":null}]}');

test("deep equality sees structure and leaves, not key order or undefined fields", () => {
  assert.equal(deepEqual({ a: 1, b: [{ c: "x" }] }, { b: [{ c: "x" }], a: 1, d: undefined }), true);
  assert.equal(deepEqual({ a: 1 }, { a: 1, b: null }), false);
  assert.equal(deepEqual({ a: undefined, b: 1 }, { a: 1, b: undefined }), false);
  assert.equal(deepEqual([], {}), false);
  assert.equal(deepEqual({}, { constructor: 1 }), false);
  assert.equal(deepEqual(hostile, JSON.parse('{"__proto__":{"admin":false},"constructor":"x","a":[1,{"b":null}]}')), false);
});

test("semantically, absent, null and empty are one", () => {
  assert.equal(semanticEqual({ a: [], b: {}, c: null, d: 1 }, { d: 1 }), true);
  assert.equal(semanticEqual({ a: "" }, {}), false);
  assert.equal(semanticEqual({ a: 0 }, { a: "0" }), false);
  assert.equal(semanticEqual([{}], []), false);
});

test("with a type, quantities are equal by value and nothing else is", () => {
  const spec = (cpu: string, image: string) => ({ spec: { containers: [{ name: "c", image, resources: { limits: { cpu } } }] } });
  assert.equal(semanticEqual(spec("1", "a"), spec("1000m", "a"), "core.v1.PodTemplateSpec"), true);
  assert.equal(semanticEqual(spec("1", "a"), spec("1000m", "a")), false);
  assert.equal(semanticEqual(spec("1", "1"), spec("1", "1000m"), "core.v1.PodTemplateSpec"), false);
});

test("a copy is equal, independent and keeps hostile keys as plain keys", () => {
  const frozen = deepFreeze(deepCopy(hostile));
  const copy = deepCopy(frozen);
  assert.deepEqual(copy, hostile);
  assert.ok(Object.hasOwn(copy, "__proto__"));
  assert.equal((copy as any).admin, undefined);
  copy.a[1].b = 2;
  assert.equal(frozen.a[1].b, null);
  assert.throws(() => frozen.a.push(1), TypeError);
});

test("canonical JSON sorts keys at every depth and drops undefined", () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: undefined, a: "é" }], a: null }), '{"a":null,"b":[{"a":"é","d":1}]}');
  assert.equal(canonicalJson(hostile), '{"__proto__":{"admin":true},"a":[1,{"b":null}],"constructor":"x"}');
});
