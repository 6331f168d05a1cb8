import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { openSqliteStore } from "./sqlite-store.node.ts";
import { storeSuite } from "./store.suite.ts";
import { StoreFailure } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "sqlite-store-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => join(folder, `${++files}.db`);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value);

storeSuite("SQLite store", () => openSqliteStore({ path: newPath() }));

test("after a restart entries, versions and the history since compaction are there", async () => {
  const path = newPath();
  const first = openSqliteStore({ path });
  await first.commit([{ type: "put", key: "/a", value: bytes("1"), companion: {} }]);
  await first.commit([{ type: "put", key: "/a", value: bytes("2") }]);
  await first.commit([{ type: "put", key: "/é", value: new Uint8Array() }]);
  await first.commit([{ type: "delete", key: "/a" }]);
  await first.commit([{ type: "put", key: "/a", value: bytes("5") }]);
  await first.compact(2);
  await first.close();
  const second = openSqliteStore({ path });
  assert.equal(second.version, 5);
  assert.equal(second.compactedVersion, 2);
  assert.deepEqual(second.get("/a"), { key: "/a", value: bytes("5"), version: 5, createdVersion: 5 });
  assert.deepEqual(second.get("/é"), { key: "/é", value: new Uint8Array(), version: 3, createdVersion: 3 });
  assert.equal(text(second.range("", { at: 2 }).entries[0]?.value), "2");
  const told: string[] = [];
  second.watch("", 2, {
    changes: (changes) => void told.push(...changes.map((c) => `${c.version} ${c.type} ${text(c.previous?.value)}`)),
    end() {},
  });
  assert.deepEqual(told, ["3 put undefined", "4 delete 2", "5 put undefined"]);
  assert.throws(() => second.watch("", 1, { changes() {}, end() {} }), { name: "CompactedError" });
  assert.deepEqual(await second.commit([{ type: "put", key: "/b", value: bytes("6") }]), { ok: true, version: 6 });
  await second.close();
});

test("a version never comes twice, even when all that it wrote is compacted away", async () => {
  const path = newPath();
  const first = openSqliteStore({ path });
  await first.commit([{ type: "put", key: "/a", value: bytes("1") }]);
  await first.commit([{ type: "delete", key: "/a" }]);
  await first.compact(2);
  await first.close();
  const second = openSqliteStore({ path });
  assert.equal(second.version, 2);
  assert.equal(second.range("").entries.length, 0);
  assert.equal((await second.commit([{ type: "put", key: "/a", value: bytes("3") }])).version, 3);
  await second.close();
});

test("compaction hands the space of forgotten versions back to the file system", async () => {
  const path = newPath();
  const store = openSqliteStore({ path });
  const value = new Uint8Array(10_000);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.commit([{ type: "put", key: `/${i}`, value }])));
  }
  await store.compact(store.version);
  await store.close();
  const size = statSync(path).size;
  assert.ok(size < 50 * 10_000 * 1.5, `${size} bytes for 500,000 bytes of values`);
  const again = openSqliteStore({ path });
  assert.equal(again.range("").entries.length, 50);
  await again.close();
});

test("a store in use is refused by name", async () => {
  const path = newPath();
  const store = openSqliteStore({ path });
  assert.throws(() => openSqliteStore({ path }), { name: "StoreFailure", message: `cannot open ${path}: another process has it open` });
  await store.commit([{ type: "put", key: "/a", value: bytes("1") }]);
  await store.close();
  const again = openSqliteStore({ path });
  assert.equal(again.version, 1);
  await again.close();
});

test("what is no store of ours is refused and left as it was", async () => {
  const garbage = newPath();
  writeFileSync(garbage, "these are my notes, not a database\n".repeat(100));
  const before = readFileSync(garbage);
  assert.throws(() => openSqliteStore({ path: garbage }), { name: "StoreFailure", message: /is no database/ });
  assert.deepEqual(readFileSync(garbage), before);

  const foreign = newPath();
  const other = new DatabaseSync(foreign);
  other.exec("CREATE TABLE mine (x)");
  other.close();
  assert.throws(() => openSqliteStore({ path: foreign }), { name: "StoreFailure", message: /another program/ });

  const newer = newPath();
  await openSqliteStore({ path: newer }).close();
  const edited = new DatabaseSync(newer);
  edited.exec("PRAGMA user_version = 99");
  edited.close();
  assert.throws(() => openSqliteStore({ path: newer }), { name: "StoreFailure", message: /has layout 99; this release reads layout 1/ });

  assert.throws(() => openSqliteStore({ path: join(folder, "absent", "x.db") }), {
    name: "StoreFailure",
    message: /its folder does not exist/,
  });
});

test("a file that lost its tail or has a broken page is refused, never half-read", async () => {
  const path = newPath();
  const store = openSqliteStore({ path });
  for (let i = 0; i < 200; i++) await store.commit([{ type: "put", key: `/${i}`, value: new Uint8Array(1000).fill(i) }]);
  await store.close();

  const cut = newPath();
  copyFileSync(path, cut);
  truncateSync(cut, Math.floor(statSync(cut).size / 2 / 4096) * 4096);
  assert.throws(() => openSqliteStore({ path: cut }), StoreFailure);

  const broken = newPath();
  const content = readFileSync(path);
  content.fill(0xff, 5 * 4096, 20 * 4096);
  writeFileSync(broken, content);
  assert.throws(() => openSqliteStore({ path: broken }), { name: "StoreFailure", message: /damaged/ });
});
