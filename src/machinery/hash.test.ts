import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplateSpec } from "../api/types.ts";
import { fnv1_32, fnv1a32, podTemplateHash, safeEncode } from "./hash.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("the published FNV test vectors hold", () => {
  assert.equal(fnv1a32(bytes("")), 0x811c9dc5);
  assert.equal(fnv1a32(bytes("a")), 0xe40c292c);
  assert.equal(fnv1a32(bytes("foobar")), 0xbf9cf968);
  assert.equal(fnv1_32(bytes("a")), 0x050c5d7e);
  assert.equal(fnv1_32(bytes("foobar")), 0x31f0b262);
  assert.equal(fnv1a32(bytes("bar"), fnv1a32(bytes("foo"))), fnv1a32(bytes("foobar")));
});

test("DEP-11: digits are re-spelt without vowels", () => {
  assert.equal(safeEncode("0123456789"), "456789bcdf");
});

const template: PodTemplateSpec = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "web:1" }] } };

test("DEP-11: the hash depends on the template and the collision count, not on how the template was written", () => {
  const hash = podTemplateHash(template);
  assert.match(hash, /^[456789bcdf]{1,10}$/);
  assert.equal(
    podTemplateHash({
      spec: { containers: [{ image: "web:1", name: "c", args: [] }], nodeName: undefined },
      metadata: { labels: { app: "web" } },
    }),
    hash,
  );
  assert.notEqual(podTemplateHash({ ...template, metadata: {} }), hash);
  assert.notEqual(podTemplateHash(template, 0), hash);
  assert.notEqual(podTemplateHash(template, 1), podTemplateHash(template, 0));
});

test("an empty volume source is not the same as none", () => {
  const withVolume = (volume: object) => podTemplateHash({ spec: { containers: [], volumes: [{ name: "v", ...volume }] } });
  assert.notEqual(withVolume({ emptyDir: {} }), withVolume({}));
});
