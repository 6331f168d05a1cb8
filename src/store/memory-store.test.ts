import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "./memory-store.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("memory store", () => openMemoryStore());

test("a memory store applies a commit before the call returns", () => {
  const store = openMemoryStore();
  void store.commit([{ type: "put", key: "/a", value: new Uint8Array() }]);
  assert.equal(store.get("/a")?.version, 1);
});

test("history bounds itself, and a watcher that comes too late is told so rather than given a gap", async () => {
  const store = openMemoryStore({ historyMax: 100 });
  for (let i = 1; i <= 1000; i++) {
    await store.commit([{ type: "put", key: `/${i % 7}`, value: new Uint8Array(1) }]);
    assert.ok(store.version - store.compactedVersion <= 101, `${store.version - store.compactedVersion} versions kept`);
    assert.ok(store.version - store.compactedVersion >= Math.min(i, 75));
  }
  const told: number[] = [];
  store.watch("", store.compactedVersion, { changes: (changes) => void told.push(...changes.map((change) => change.version)), end() {} });
  assert.equal(told[0], store.compactedVersion + 1);
  assert.equal(told.at(-1), 1000);
  assert.throws(() => store.watch("", store.compactedVersion - 1, { changes() {}, end() {} }), { name: "CompactedError" });
});
