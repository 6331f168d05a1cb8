import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settle } from "../base/settle.node.ts";
import { LogStore } from "./log-store.ts";
import { type Change, type Operation, StoreFailure } from "./store.ts";

const put = (key: string, expect?: number): Operation => ({
  type: "put",
  key,
  value: new Uint8Array(1),
  ...(expect === undefined ? {} : { expect }),
});

/** A medium whose every write waits for the test to say how it went. */
function heldBackend() {
  const groups: { readonly keys: string[]; succeed(): void; fail(): void }[] = [];
  const compactions: { readonly version: number; readonly forgotten: number; finish(): void }[] = [];
  const closed: string[] = [];
  return {
    groups,
    compactions,
    closed,
    write: (changes: readonly Change[]) =>
      new Promise<void>((resolve, reject) => {
        groups.push({ keys: changes.map(({ key }) => key), succeed: resolve, fail: () => reject(new StoreFailure("the disk is full")) });
      }),
    compact: (version: number, forgotten: readonly Change[]) =>
      new Promise<void>((resolve) => {
        compactions.push({ version, forgotten: forgotten.length, finish: resolve });
      }),
    close: () => void closed.push("closed") as undefined,
  };
}

describe("a store whose medium is slow", () => {
  test("shows nothing of a commit before the medium has it", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    const told: string[] = [];
    store.watch("", 0, { changes: (changes) => void told.push(...changes.map(({ key }) => key)), end() {} });
    let answered = false;
    const commit = store.commit([put("/a")]).then(() => (answered = true));
    await settle();
    assert.deepEqual([answered, store.version, store.get("/a"), store.range("").entries.length, told.length], [false, 0, undefined, 0, 0]);
    backend.groups[0]?.succeed();
    await commit;
    assert.deepEqual([store.version, store.get("/a")?.version, told], [1, 1, ["/a"]]);
  });

  test("gathers what is called during one write into the next", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    const commits = ["/a", "/b", "/c"].map((key) => store.commit([put(key)]));
    assert.deepEqual(
      backend.groups.map(({ keys }) => keys),
      [["/a"]],
    );
    backend.groups[0]?.succeed();
    await settle();
    assert.deepEqual(backend.groups[1]?.keys, ["/b", "/c"]);
    backend.groups[1]?.succeed();
    assert.deepEqual(
      (await Promise.all(commits)).map(({ version }) => version),
      [1, 2, 3],
    );
  });

  test("decides each commit on those before it in its group, and answers none of them when the medium fails", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    const before = store.commit([put("/x")]);
    const group = [store.commit([put("/a", 0)]), store.commit([put("/a", 0)]), store.commit([put("/a", 2)])];
    backend.groups[0]?.succeed();
    await before;
    await settle();
    assert.deepEqual(backend.groups[1]?.keys, ["/a", "/a"]);
    backend.groups[1]?.fail();
    for (const commit of group) await assert.rejects(commit, { name: "StoreFailure", message: "the disk is full" });
    assert.deepEqual([store.version, store.get("/a")], [1, undefined]);
    const after = store.commit([put("/a", 0)]);
    await settle();
    backend.groups[2]?.succeed();
    assert.deepEqual(await after, { ok: true, version: 2 });
  });

  test("answers a conflict that needs no write without one", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    assert.equal((await store.commit([put("/a", 7)])).ok, false);
    assert.equal(backend.groups.length, 0);
  });

  test("splits a flood into groups of bounded size", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    const commits = Array.from({ length: 5000 }, (_, i) => store.commit([put(`/${i}`)]));
    for (let i = 0; i < 3; i++) {
      backend.groups[i]?.succeed();
      await settle();
    }
    await Promise.all(commits);
    assert.deepEqual(
      backend.groups.map(({ keys }) => keys.length),
      [1, 4096, 903],
    );
  });

  test("goes on committing while it compacts, and hands each forgotten change to the medium once", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    const commit = async (key: string): Promise<void> => {
      const done = store.commit([put(key)]);
      await settle();
      backend.groups.at(-1)?.succeed();
      await done;
    };
    for (const key of ["/a", "/a", "/b"]) await commit(key);
    const first = store.compact(2);
    assert.equal(store.compactedVersion, 2);
    const second = store.compact(3);
    await commit("/c");
    assert.deepEqual(
      backend.compactions.map(({ version, forgotten }) => [version, forgotten]),
      [[2, 2]],
    );
    backend.compactions[0]?.finish();
    await first;
    await settle();
    assert.deepEqual(
      backend.compactions.map(({ version, forgotten }) => [version, forgotten]),
      [
        [2, 2],
        [3, 1],
      ],
    );
    backend.compactions[1]?.finish();
    await second;
  });

  test("closes the medium only after everything that was called before", async () => {
    const backend = heldBackend();
    const store = new LogStore({ backend });
    const commits = [store.commit([put("/a")]), store.commit([put("/b")])];
    const closed = store.close();
    await settle();
    assert.deepEqual(backend.closed, []);
    backend.groups[0]?.succeed();
    await settle();
    backend.groups[1]?.succeed();
    await Promise.all([...commits, closed]);
    assert.deepEqual(backend.closed, ["closed"]);
  });
});

test("a restart hands the rows that an interrupted compaction left to the next one", async () => {
  const backend = heldBackend();
  const row = (key: string, version: number, value: Uint8Array | null) => ({ key, version, createdVersion: 1, value });
  const bytes = new Uint8Array(1);
  const rows = [row("/a", 1, bytes), row("/a", 2, bytes), row("/b", 3, bytes), row("/b", 4, null), row("/c", 5, bytes)];
  const store = new LogStore({ backend, recovered: { compactedVersion: 4, version: 5, rows } });
  assert.deepEqual(
    store.range("").entries.map(({ key, version }) => `${key}@${version}`),
    ["/a@2", "/c@5"],
  );
  const told: number[] = [];
  store.watch("", 4, { changes: (changes) => void told.push(changes.length), end() {} });
  assert.deepEqual(told, [1]);
  void store.compact(5);
  await settle();
  // What /a at 2 replaced, what the deletion of /b at 4 replaced, and the change at 5.
  assert.equal(backend.compactions[0]?.forgotten, 3);
});

test("what was replaced long ago is kept as bytes alone; what is there now keeps what its writer handed along", async () => {
  const store = new LogStore();
  const value = new Uint8Array([1]);
  const told: unknown[] = [];
  await store.commit([{ type: "put", key: "/still", value, companion: "of still" }]);
  for (let i = 0; i < 1100; i++)
    await store.commit([{ type: "put", key: "/often", value: new Uint8Array([i & 255, i >> 8]), companion: i }]);
  store.watch("/often", 0, { changes: (changes) => void told.push(...changes.map(({ entry }) => entry?.companion)), end() {} })();
  assert.equal(store.get("/still")?.companion, "of still");
  assert.equal(told.length, 1100);
  assert.equal(told[0], undefined);
  assert.deepEqual(
    told.slice(-900),
    Array.from({ length: 900 }, (_, i) => i + 200),
  );
});
