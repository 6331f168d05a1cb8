import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ApiError } from "../api/errors.ts";
import { deepFreeze } from "./freeze.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch, createMergePatch } from "./merge-patch.ts";

const rows: readonly [document: unknown, patch: unknown, result: unknown][] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b", b: 1 }, { a: null }, { b: 1 }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a"], { a: 1 }, { a: 1 }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];
for (const [document, patch, result] of rows) {
  test(`merging ${JSON.stringify(patch)} into ${JSON.stringify(document)}`, () => {
    assert.deepEqual(applyMergePatch(deepFreeze(document), patch), result);
  });
}

test("a merge patch for __proto__ changes no prototype", () => {
  const result = applyMergePatch({}, JSON.parse('{"__proto__":{"admin":true}}')) as any;
  assert.equal(result.admin, undefined);
  assert.ok(Object.hasOwn(result, "__proto__"));
});

// A merge patch cannot say null, so documents under test hold none.
const json = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.integer({ min: 0, max: 3 }), fc.constantFrom("a", "b"), tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__"), tie("value"), { maxKeys: 3 }),
})).object;

test("a created merge patch turns the one document into the other", () => {
  fc.assert(
    fc.property(json, json, (from, to) => {
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
      const patch = createMergePatch(plain(from), plain(to));
      assert.deepEqual(patch === undefined ? plain(from) : applyMergePatch(plain(from), patch), plain(to));
    }),
  );
});

test("a JSON patch changes a copy", () => {
  const document = deepFreeze({ spec: { list: [1, 2], "a/b": 1 } });
  const patched = applyJsonPatch(document, [
    { op: "test", path: "/spec/list/0", value: 1 },
    { op: "add", path: "/spec/list/-", value: 3 },
    { op: "remove", path: "/spec/a~1b" },
    { op: "copy", from: "/spec/list", path: "/spec/other" },
    { op: "replace", path: "/spec/other/0", value: 9 },
  ]);
  assert.deepEqual(patched, { spec: { list: [1, 2, 3], other: [9, 2, 3] } });
  assert.deepEqual(document, { spec: { list: [1, 2], "a/b": 1 } });
});

const refused: readonly [name: string, operations: unknown, code: number][] = [
  ["a failing test", [{ op: "test", path: "/a", value: 2 }], 422],
  ["removing what is not there", [{ op: "remove", path: "/nope" }], 422],
  ["a path through nothing", [{ op: "add", path: "/x/y/z", value: 1 }], 422],
  ["a path into the prototype", [{ op: "add", path: "/__proto__/admin", value: true }], 422],
  ["an object instead of a list", { op: "remove", path: "/a" }, 400],
  ["an unknown operation", [{ op: "destroy", path: "/a" }], 400],
  ["a missing path", [{ op: "remove" }], 400],
  [
    "a copy of a copy of a copy that fills all memory",
    [{ op: "add", path: "/l", value: ["0123456789"] }, ...Array(60).fill({ op: "copy", from: "/l", path: "/l/-" })],
    422,
  ],
  ["10001 operations", Array(10_001).fill({ op: "test", path: "/a", value: 1 }), 413],
];
for (const [name, operations, code] of refused) {
  test(`API-56: ${name} is refused with ${code}`, () => {
    assert.throws(
      () => applyJsonPatch({ a: 1 }, operations),
      (error) => error instanceof ApiError && error.code === code,
    );
  });
}
