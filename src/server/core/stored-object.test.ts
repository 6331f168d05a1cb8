// The bytes of objects.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBody, StoredObject } from "./stored-object.ts";

test("KR-24: what Kubernetes escapes is escaped, and reads as it was", () => {
  const data = { args: ["a < b && c > d", "\u2028"] };
  const { json } = new StoredObject({ apiVersion: "v1", kind: "X", metadata: { name: "x", resourceVersion: "1" }, data });
  const text = new TextDecoder().decode(json);
  assert.ok(text.includes('{"args":["a \\u003c b \\u0026\\u0026 c \\u003e d","\\u2028"]}'), text);
  assert.deepEqual(JSON.parse(text).data, data);
});

test("bytes from the store and the object that is read of them carry the version of their entry", () => {
  const body = encodeBody({ apiVersion: "v1", kind: "X", metadata: { name: "x" }, data: { a: "1" } });
  const bytesFirst = new StoredObject(undefined, body.slice(), 42);
  assert.equal(JSON.parse(new TextDecoder().decode(bytesFirst.json)).metadata.resourceVersion, "42");
  const objectFirst = new StoredObject(undefined, body.slice(), 42);
  assert.equal(objectFirst.object.metadata.resourceVersion, "42");
  assert.deepEqual(objectFirst.json, bytesFirst.json);
  assert.deepEqual(bytesFirst.object, objectFirst.object);
  assert.ok(Object.isFrozen(bytesFirst.object.metadata));
});

test("bytes without room for a version are written anew", () => {
  const text = JSON.stringify({ apiVersion: "v1", kind: "X", metadata: { name: "x", resourceVersion: "7" } });
  const stored = new StoredObject(undefined, new TextEncoder().encode(text.replace(/"resourceVersion":"7"/, '"uid":"u"')), 7);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stored.json)).metadata, { name: "x", uid: "u", resourceVersion: "7" });
});
