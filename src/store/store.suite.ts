/** What every store promises, run against each of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { randomInt, randomPick, seededRandom } from "../base/random.ts";
import { type Change, CompactedError, FutureVersionError, type Operation, type Store, StoreFailure } from "./store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const put = (key: string, text: string, expect?: number): Operation => ({
  type: "put",
  key,
  value: bytes(text),
  ...(expect === undefined ? {} : { expect }),
});
const remove = (key: string, expect?: number): Operation => ({ type: "delete", key, ...(expect === undefined ? {} : { expect }) });

/** What a watcher was told, in lines such as `3 put /a=x (was w)`. */
function recorder(): {
  lines: string[];
  ended: (Error | undefined)[];
  changes(changes: readonly Change[]): void;
  end(error?: Error): void;
} {
  const lines: string[] = [];
  const ended: (Error | undefined)[] = [];
  return {
    lines,
    ended,
    changes: (changes) => void lines.push(...changes.map(line)),
    end: (error) => void ended.push(error),
  };
}

function line({ type, key, version, entry, previous }: Change): string {
  const now = entry ? `=${decoder.decode(entry.value)}` : "";
  return `${version} ${type} ${key}${now}${previous ? ` (was ${decoder.decode(previous.value)})` : ""}`;
}

const contents = (store: Store, prefix = "", at?: number): string[] =>
  store.range(prefix, at === undefined ? {} : { at }).entries.map(({ key, value }) => `${key}=${decoder.decode(value)}`);

/** `open` gives a new, empty store each time. */
export function storeSuite(name: string, open: () => Store | Promise<Store>): void {
  const storeTest = (title: string, body: (store: Store) => Promise<void>): void => {
    test(title, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };

  describe(name, () => {
    storeTest("every commit takes the next version and every entry carries the version that wrote it", async (store) => {
      assert.equal(store.version, 0);
      assert.deepEqual(await store.commit([put("/a", "1")]), { ok: true, version: 1 });
      assert.deepEqual(await store.commit([put("/b", "2"), put("/c", "3")]), { ok: true, version: 2 });
      assert.deepEqual(await store.commit([put("/a", "4")]), { ok: true, version: 3 });
      assert.equal(store.version, 3);
      assert.deepEqual(store.get("/a"), { key: "/a", value: bytes("4"), version: 3, createdVersion: 1 });
      assert.equal(store.get("/c")?.version, 2);
      assert.equal(store.get("/absent"), undefined);
    });

    storeTest("a key that is deleted and written again counts as created anew", async (store) => {
      await store.commit([put("/a", "1")]);
      await store.commit([remove("/a")]);
      assert.equal(store.get("/a"), undefined);
      await store.commit([put("/a", "2")]);
      assert.equal(store.get("/a")?.createdVersion, 3);
    });

    storeTest("a commit that changes nothing succeeds and takes no version", async (store) => {
      await store.commit([put("/a", "1")]);
      assert.deepEqual(await store.commit([]), { ok: true, version: 1 });
      assert.deepEqual(await store.commit([remove("/absent")]), { ok: true, version: 1 });
      assert.deepEqual(await store.commit([remove("/absent", 0)]), { ok: true, version: 1 });
      assert.equal(store.version, 1);
    });

    storeTest("an unmet expectation applies nothing and tells what is there", async (store) => {
      await store.commit([put("/a", "1")]);
      await store.commit([put("/b", "2")]);
      assert.deepEqual(await store.commit([put("/c", "3"), put("/a", "4", 2), remove("/b", 9)]), {
        ok: false,
        key: "/a",
        current: { key: "/a", value: bytes("1"), version: 1, createdVersion: 1 },
        version: 2,
      });
      assert.deepEqual(await store.commit([put("/c", "3", 1)]), { ok: false, key: "/c", current: undefined, version: 2 });
      assert.equal((await store.commit([put("/a", "5", 0)])).ok, false);
      assert.equal((await store.commit([remove("/a", 2)])).ok, false);
      assert.deepEqual(contents(store), ["/a=1", "/b=2"]);
      assert.deepEqual(await store.commit([put("/a", "5", 1), remove("/b", 2), put("/c", "3", 0)]), { ok: true, version: 3 });
      assert.deepEqual(contents(store), ["/a=5", "/c=3"]);
    });

    storeTest("commits called together are decided in the order of their calls", async (store) => {
      const results = await Promise.all([
        store.commit([put("/a", "1", 0)]),
        store.commit([put("/a", "2", 0)]),
        store.commit([put("/a", "3", 1)]),
        store.commit([remove("/a", 2)]),
        store.commit([put("/a", "4", 0)]),
      ]);
      assert.deepEqual(
        results.map(({ ok, version }) => `${ok} ${version}`),
        ["true 1", "false 1", "true 2", "true 3", "true 4"],
      );
      assert.deepEqual(contents(store), ["/a=4"]);
    });

    storeTest("a commit that names a key twice, a malformed key or too much is refused and changes nothing", async (store) => {
      await assert.rejects(store.commit([put("/a", "1"), remove("/a")]), /names each key once/);
      await assert.rejects(store.commit([put("/\ud800", "1")]), /not well-formed/);
      await assert.rejects(store.commit(Array.from({ length: 4097 }, (_, i) => put(`/${i}`, ""))), /at most 4096 operations/);
      assert.equal(store.version, 0);
    });

    storeTest("ranges are in key order, by prefix, with start, limit and what remains", async (store) => {
      await store.commit(["/b/2", "/a", "/b/10", "/c", "/b/1", "/b"].map((key) => put(key, key)));
      const keys = (prefix: string, options?: Parameters<Store["range"]>[1]): string =>
        `${store
          .range(prefix, options)
          .entries.map((entry) => entry.key)
          .join(" ")} +${store.range(prefix, options).remaining}`;
      assert.equal(keys(""), "/a /b /b/1 /b/10 /b/2 /c +0");
      assert.equal(keys("/b/"), "/b/1 /b/10 /b/2 +0");
      assert.equal(keys("/b/", { limit: 2 }), "/b/1 /b/10 +1");
      assert.equal(keys("/b/", { limit: 3 }), "/b/1 /b/10 /b/2 +0");
      assert.equal(keys("/b/", { start: "/b/10" }), "/b/10 /b/2 +0");
      assert.equal(keys("/b/", { start: "/b/1\0" }), "/b/10 /b/2 +0");
      assert.equal(keys("/b/", { start: "/b/10", limit: 1 }), "/b/10 +1");
      assert.equal(keys("/b/", { start: "/a" }), "/b/1 /b/10 /b/2 +0");
      assert.equal(keys("/b/", { start: "/c" }), " +0");
      assert.equal(keys("/none"), " +0");
      assert.equal(store.range("").version, 1);
    });

    storeTest("keys and values of any kind come back as they were", async (store) => {
      const keys = ["", "/\u0000", "/é", "/日本", "/\uffff", "/😀", "/ ", "/'\"\\"];
      const big = new Uint8Array(3_000_000).map((_, i) => i * 7);
      await store.commit(keys.map((key) => put(key, `<${key}>`)));
      await store.commit([{ type: "put", key: "/big", value: big }, put("/empty", "")]);
      for (const key of keys) assert.equal(decoder.decode(store.get(key)?.value), `<${key}>`);
      assert.deepEqual(store.get("/big")?.value, big);
      assert.equal(store.get("/empty")?.value.length, 0);
      assert.deepEqual(
        store.range("").entries.map((entry) => entry.key),
        [...keys, "/big", "/empty"].sort(),
      );
      assert.equal(store.range("/\uffff").entries.length, 1);
    });

    storeTest("a read of the past sees exactly that version, page by page, while writes go on", async (store) => {
      await store.commit(["/a", "/b", "/c", "/d"].map((key) => put(key, "1")));
      const first = store.range("/", { limit: 2 });
      assert.equal(first.remaining, 2);
      await store.commit([remove("/c"), put("/d", "2"), put("/bb", "2")]);
      await store.commit([put("/e", "3"), remove("/a")]);
      const rest = store.range("/", { start: "/b\0", limit: 1, at: first.version });
      assert.deepEqual(
        rest.entries.map(({ key, version }) => `${key}@${version}`),
        ["/c@1"],
      );
      assert.equal(rest.remaining, 1);
      assert.equal(rest.version, 1);
      assert.deepEqual(contents(store, "", 0), []);
      assert.deepEqual(contents(store, "", 1), ["/a=1", "/b=1", "/c=1", "/d=1"]);
      assert.deepEqual(contents(store, "", 2), ["/a=1", "/b=1", "/bb=2", "/d=2"]);
      assert.deepEqual(contents(store, "", 3), ["/b=1", "/bb=2", "/d=2", "/e=3"]);
      assert.throws(() => store.range("", { at: 4 }), FutureVersionError);
    });

    storeTest("a watch is told the past first, then every commit as one, under its prefix only", async (store) => {
      await store.commit([put("/a/1", "x")]);
      await store.commit([put("/b/1", "x"), put("/a/2", "y")]);
      await store.commit([remove("/a/1")]);
      const seen = recorder();
      const stop = store.watch("/a/", 1, seen);
      assert.deepEqual(seen.lines, ["2 put /a/2=y", "3 delete /a/1 (was x)"]);
      const batches: number[] = [];
      store.watch("/a/", 3, { changes: (changes) => void batches.push(changes.length), end() {} });
      await store.commit([put("/a/2", "z"), put("/a/3", "n"), put("/b/2", "n")]);
      await store.commit([put("/b/3", "n")]);
      assert.deepEqual(seen.lines.slice(2), ["4 put /a/2=z (was y)", "4 put /a/3=n"]);
      assert.deepEqual(batches, [2]);
      stop();
      stop();
      await store.commit([put("/a/4", "n")]);
      assert.equal(seen.lines.length, 4);
      assert.deepEqual(batches, [2, 1]);
    });

    storeTest("a watch from a version to come hears only what is above it", async (store) => {
      const seen = recorder();
      store.watch("", 2, seen);
      for (const text of ["1", "2", "3"]) await store.commit([put("/a", text)]);
      assert.deepEqual(seen.lines, ["3 put /a=3 (was 2)"]);
    });

    storeTest("watchers hear of a commit before its promise resolves, and reads agree with what they hear", async (store) => {
      const order: string[] = [];
      store.watch("", 0, {
        changes: (changes) => {
          const version = changes[0]?.version ?? 0;
          order.push(`told ${version}`);
          assert.equal(store.version, version);
          assert.equal(store.get("/a")?.version, version);
        },
        end() {},
      });
      await Promise.all([1, 2, 3].map((i) => store.commit([put("/a", `${i}`)]).then(({ version }) => order.push(`done ${version}`))));
      for (const i of [1, 2, 3]) assert.ok(order.indexOf(`told ${i}`) < order.indexOf(`done ${i}`), order.join());
      assert.deepEqual(
        order.filter((item) => item.startsWith("told")),
        ["told 1", "told 2", "told 3"],
      );
    });

    storeTest("a handler may commit, start watches and stop them without anyone missing or repeating a version", async (store) => {
      const outer = recorder();
      const inner = recorder();
      const nested: Promise<unknown>[] = [];
      let stopSelf = (): void => {};
      let selfTold = 0;
      store.watch("", 0, {
        changes: (changes) => {
          const version = changes[0]?.version ?? 0;
          if (version === 1) store.watch("", 0, inner);
          if (version < 4) nested.push(store.commit([put("/a", `${version + 1}`)]));
          if (version === 2) stopSelf();
        },
        end() {},
      });
      stopSelf = store.watch("", 0, { changes: () => void selfTold++, end() {} });
      store.watch("", 0, outer);
      await store.commit([put("/a", "1")]);
      for (let i = 0; i < nested.length; i++) await nested[i];
      const expected = ["1 put /a=1", "2 put /a=2 (was 1)", "3 put /a=3 (was 2)", "4 put /a=4 (was 3)"];
      assert.deepEqual(outer.lines, expected);
      assert.deepEqual(inner.lines, expected);
      assert.equal(selfTold, 1);
    });

    storeTest("a handler that throws loses its watch and nobody else's", async (store) => {
      const seen = recorder();
      const ended: unknown[] = [];
      const broken = {
        changes() {
          throw new Error("boom");
        },
        end(error?: Error) {
          ended.push(error?.message);
          throw new Error("and again");
        },
      };
      store.watch("", 0, broken);
      store.watch("", 0, seen);
      assert.equal((await store.commit([put("/a", "1")])).ok, true);
      await store.commit([put("/a", "2")]);
      assert.deepEqual(ended, ["boom"]);
      assert.equal(seen.lines.length, 2);
    });

    storeTest("what the writer hands along reaches readers and watchers of this process", async (store) => {
      const companion = { parsed: true };
      const told: unknown[] = [];
      store.watch("", 0, { changes: (changes) => void told.push(...changes.map((change) => change.entry?.companion)), end() {} });
      await store.commit([{ type: "put", key: "/a", value: bytes("{}"), companion }]);
      assert.equal(store.get("/a")?.companion, companion);
      assert.equal(store.range("").entries[0]?.companion, companion);
      assert.equal(told[0], companion);
    });

    storeTest("compaction ends the past, keeps the present, and is not fooled by deletions", async (store) => {
      await store.commit([put("/a", "1"), put("/b", "1")]);
      await store.commit([put("/a", "2")]);
      await store.commit([remove("/b")]);
      await store.commit([put("/c", "4")]);
      await store.compact(3);
      assert.equal(store.compactedVersion, 3);
      assert.equal(store.version, 4);
      assert.deepEqual(contents(store), ["/a=2", "/c=4"]);
      assert.deepEqual(contents(store, "", 3), ["/a=2"]);
      assert.throws(() => store.range("", { at: 2 }), CompactedError);
      assert.throws(
        () => store.watch("", 2, recorder()),
        (error) => error instanceof CompactedError && error.compactedVersion === 3,
      );
      const seen = recorder();
      store.watch("", 3, seen);
      assert.deepEqual(seen.lines, ["4 put /c=4"]);
      await store.compact(1);
      assert.equal(store.compactedVersion, 3);
      await assert.rejects(store.compact(5), FutureVersionError);
      await store.compact(4);
      await store.commit([put("/a", "5")]);
      assert.equal(seen.lines[1], "5 put /a=5 (was 2)");
    });

    storeTest("compaction in the midst of commits loses none of them", async (store) => {
      const seen = recorder();
      store.watch("", 0, seen);
      const commits: Promise<unknown>[] = [];
      for (let i = 1; i <= 200; i++) {
        commits.push(store.commit([put(`/${i % 10}`, `${i}`)]));
        if (i % 40 === 0) {
          await commits[i - 20];
          commits.push(store.compact(store.version));
        }
      }
      await Promise.all(commits);
      assert.equal(store.version, 200);
      assert.equal(seen.lines.length, 200);
      assert.ok(store.compactedVersion > 100);
    });

    test("closing answers what was called before, ends the watches and refuses what comes after", async () => {
      const store = await open();
      const seen = recorder();
      store.watch("", 0, seen);
      const commits = [put("/a", "1"), put("/a", "2")].map((operation) => store.commit([operation]));
      const closed = store.close();
      assert.deepEqual(
        (await Promise.all(commits)).map((result) => result.version),
        [1, 2],
      );
      await closed;
      await store.close();
      assert.equal(seen.lines.length, 2);
      assert.deepEqual(seen.ended, [undefined]);
      await assert.rejects(store.commit([put("/a", "3")]), StoreFailure);
      await assert.rejects(store.compact(1), StoreFailure);
      assert.throws(() => store.get("/a"), StoreFailure);
      assert.throws(() => store.range(""), StoreFailure);
      assert.throws(() => store.watch("", 0, recorder()), StoreFailure);
    });

    for (const seed of [1, 2, 3, 4]) {
      storeTest(`thousands of random operations leave what a plain model says (seed ${seed})`, (store) => againstModel(store, seed));
    }
  });
}

/** Commits random operations, some at once, and compares every answer, range and watch with a model that keeps every version whole. */
async function againstModel(store: Store, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const states: ReadonlyMap<string, { text: string; version: number }>[] = [new Map()];
  const expectedLines: string[] = [];
  const seen = recorder();
  store.watch("", 0, seen);
  const late: { readonly after: number; readonly seen: ReturnType<typeof recorder> }[] = [];
  const keys = Array.from({ length: 60 }, (_, i) => `/${"abc"[i % 3]}/${i}`);
  for (let round = 0; round < 250; round++) {
    const answers: { readonly expected: string; readonly actual: Promise<string> }[] = [];
    for (let i = randomInt(random, 1, 8); i > 0; i--) {
      const now = states.at(-1) as ReadonlyMap<string, { text: string; version: number }>;
      const version = states.length;
      const chosen = [...new Set(Array.from({ length: randomInt(random, 1, 4) }, () => randomPick(random, keys)))];
      const operations = chosen.map((key): Operation => {
        const held = now.get(key)?.version ?? 0;
        const expect = randomPick(random, [undefined, held, held, held, Math.max(0, held - 1)]);
        return randomInt(random, 0, 2) === 0 ? remove(key, expect) : put(key, `${version}.${round}`, expect);
      });
      const refused = operations.find(({ key, expect }) => expect !== undefined && expect !== (now.get(key)?.version ?? 0));
      const next = new Map(now);
      const lines: string[] = [];
      for (const operation of refused ? [] : operations) {
        const before = now.get(operation.key);
        const was = before ? ` (was ${before.text})` : "";
        if (operation.type === "put") {
          const text = decoder.decode(operation.value);
          next.set(operation.key, { text, version });
          lines.push(`${version} put ${operation.key}=${text}${was}`);
        } else if (next.delete(operation.key)) lines.push(`${version} delete ${operation.key}${was}`);
      }
      if (lines.length > 0) states.push(next);
      expectedLines.push(...lines);
      answers.push({
        expected: refused ? `refused ${refused.key}` : `ok ${states.length - 1}`,
        actual: store.commit(operations).then((result) => (result.ok ? `ok ${result.version}` : `refused ${result.key}`)),
      });
    }
    for (const { expected, actual } of answers) assert.equal(await actual, expected);
    const at = randomInt(random, store.compactedVersion, states.length - 1);
    const prefix = randomPick(random, ["", "/a/", "/b", "/c/1", "/none"]);
    const start = randomPick(random, [prefix, randomPick(random, keys)]);
    const limit = randomPick(random, [1, 3, 10, 100]);
    const expected = [...(states[at] as ReadonlyMap<string, { text: string; version: number }>)]
      .filter(([key]) => key.startsWith(prefix) && key >= start)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { text, version }]) => `${key}=${text}@${version}`);
    const range = store.range(prefix, { start, limit, at });
    assert.deepEqual(
      range.entries.map(({ key, value, version }) => `${key}=${decoder.decode(value)}@${version}`),
      expected.slice(0, limit),
    );
    assert.equal(range.remaining, Math.max(0, expected.length - limit));
    if (round % 25 === 0) {
      const watcher = { after: at, seen: recorder() };
      store.watch("", at, watcher.seen);
      late.push(watcher);
    }
    if (round % 60 === 59) await store.compact(randomInt(random, store.compactedVersion, store.version));
  }
  assert.deepEqual(seen.lines, expectedLines);
  for (const watcher of late) {
    assert.deepEqual(
      watcher.seen.lines,
      expectedLines.filter((text) => Number.parseInt(text, 10) > watcher.after),
    );
  }
}
