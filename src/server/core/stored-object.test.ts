// The bytes of objects.
import assert from "node:assert/strict";
import { test } from "node:test";
import { StoredObject } from "./stored-object.ts";

test("KR-24: what Kubernetes escapes is escaped, and reads as it was", () => {
  const data = { args: ["a < b && c > d", "\u2028"] };
  const { json } = new StoredObject({ apiVersion: "v1", kind: "X", metadata: { name: "x", resourceVersion: "1" }, data });
  const text = new TextDecoder().decode(json);
  assert.ok(text.includes('{"args":["a \\u003c b \\u0026\\u0026 c \\u003e d","\\u2028"]}'), text);
  assert.deepEqual(JSON.parse(text).data, data);
});
