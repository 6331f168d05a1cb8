import assert from "node:assert/strict";
import { test } from "node:test";
import { badRequest, expired } from "../api/errors.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import type { WatchEvent } from "../api/meta/object.ts";
import type { ConfigMap as ConfigMapObject } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { type Client, ConnectionError, type WatchHandler, type WatchOptions } from "./client.ts";
import { Informer } from "./informer.ts";
import { byNamespace } from "./lister.ts";

const object = (name: string, version: number, over: { uid?: string; color?: string } = {}): ConfigMapObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name,
    namespace: "shop",
    uid: over.uid ?? name,
    resourceVersion: String(version),
    ...(over.color && { labels: { color: over.color } }),
  },
});

/** A server played by the test: each watch and list is a request that it answers as it likes. */
function setUp() {
  const clock = new VirtualClock(settle);
  const watches: { options: WatchOptions; handler: WatchHandler<ConfigMapObject>; closed: boolean }[] = [];
  const lists: { items: ConfigMapObject[]; resourceVersion: string }[] = [];
  let listed = 0;
  const client = {
    watch(_: unknown, options: WatchOptions, handler: WatchHandler<ConfigMapObject>) {
      const opened = { options, handler, closed: false };
      watches.push(opened);
      return { close: () => void (opened.closed = true) };
    },
    async list() {
      listed++;
      const answer = lists.shift();
      if (!answer) throw new ConnectionError("nobody answers");
      return answer;
    },
  } as unknown as Client;
  const informer = new Informer({ client, kind: ConfigMap, world: { clock, random: seededRandom(1), log: silentLog } });
  const seen: string[] = [];
  informer.addHandler(({ type, object: { metadata } }) => seen.push(`${type} ${metadata.name}@${metadata.resourceVersion}`));
  const last = () => watches.at(-1) as (typeof watches)[number];
  const send = (type: WatchEvent["type"], one: ConfigMapObject) => last().handler.event({ type, object: one });
  const mark = (version: number) => {
    const bookmark = object("", version);
    last().handler.event({
      type: "BOOKMARK",
      object: { ...bookmark, metadata: { ...bookmark.metadata, annotations: { "k8s.io/initial-events-end": "true" } } },
    });
  };
  return { clock, watches, lists, listed: () => listed, informer, seen, last, send, mark };
}

test("API-30: nothing is shown until the initial events have ended, then changes follow", () => {
  const { informer, seen, send, mark, last } = setUp();
  informer.start();
  assert.equal(last().options.sendInitialEvents, true);
  send("ADDED", object("a", 1));
  assert.deepEqual([seen, informer.hasSynced], [[], false]);
  mark(5);
  assert.deepEqual([seen, informer.hasSynced], [["added a@1"], true]);
  send("MODIFIED", object("a", 6));
  send("DELETED", object("a", 7));
  assert.deepEqual(seen, ["added a@1", "updated a@6", "deleted a@7"]);
  assert.equal(informer.lister.size, 0);
});

test("API-31: where initial events are refused it lists and watches on from there", async () => {
  const { informer, seen, lists, last, clock } = setUp();
  lists.push({ items: [object("a", 1)], resourceVersion: "9" });
  informer.start();
  last().handler.end(badRequest("no such parameter"));
  await clock.advance(0);
  assert.deepEqual(seen, ["added a@1"]);
  assert.equal(last().options.resourceVersion, "9");
  assert.equal(last().options.sendInitialEvents, undefined);
});

test("API-30: a server that ignores initial events, and so never ends them, is listed instead", async () => {
  const { informer, seen, lists, send, clock, watches } = setUp();
  lists.push({ items: [object("a", 1)], resourceVersion: "9" });
  informer.start();
  send("ADDED", object("a", 1));
  await clock.advance(20_000);
  assert.equal(watches[0]?.closed, true);
  assert.deepEqual(seen, ["added a@1"]);
});

test("a watch that ends goes on from the last version, bookmarks included, without listing", async () => {
  const { informer, seen, send, mark, last, listed, clock, watches } = setUp();
  informer.start();
  mark(5);
  send("ADDED", object("a", 6));
  send("BOOKMARK", object("", 42));
  last().handler.end();
  assert.equal(last().options.resourceVersion, "42");
  last().handler.end(new ConnectionError("reset"));
  assert.equal(watches.length, 2, "it does not come back at once");
  await clock.advance(1000);
  assert.equal(last().options.resourceVersion, "42");
  assert.equal(listed(), 0);
  assert.deepEqual(seen, ["added a@6"]);
});

test("410: a forgotten version starts over, and what was missed is told as changes", () => {
  const { informer, seen, send, mark, last } = setUp();
  informer.start();
  for (const name of ["kept", "changed", "gone", "remade"]) send("ADDED", object(name, 1));
  mark(5);
  seen.length = 0;
  last().handler.end(expired("too old resource version: 5 (9)"));
  assert.equal(last().options.sendInitialEvents, true);
  send("ADDED", object("kept", 1));
  send("ADDED", object("changed", 8));
  send("ADDED", object("remade", 9, { uid: "another" }));
  send("ADDED", object("fresh", 10));
  mark(11);
  assert.deepEqual(seen, ["updated changed@8", "deleted remade@1", "added remade@9", "added fresh@10", "deleted gone@1"]);
});

test("an unreachable server is tried again ever more slowly, at most every minute", async () => {
  const { informer, last, watches, clock } = setUp();
  informer.start();
  for (let i = 0; i < 30; i++) {
    const before = watches.length;
    const from = clock.now();
    last().handler.end(new ConnectionError("refused"));
    await clock.advanceUntil("another attempt", () => watches.length > before);
    assert.ok(clock.now() - from <= 60_000);
  }
  assert.ok(clock.now() - 1_704_067_200_000 > 600_000, "thirty attempts take their time");
});

test("a closed informer neither hears nor asks", async () => {
  const { informer, seen, mark, send, last, watches, clock } = setUp();
  informer.start();
  mark(1);
  informer.close();
  send("ADDED", object("a", 2));
  last().handler.end();
  await clock.advance(1_000_000);
  assert.deepEqual(seen, []);
  assert.equal(watches.length, 1);
  assert.equal(last().closed, true);
});

test("indexes follow changes, for objects of before and after they were added", () => {
  const { informer, send, mark } = setUp();
  informer.start();
  send("ADDED", object("a", 1, { color: "red" }));
  mark(2);
  informer.addIndex("color", ({ metadata }) => [metadata.labels?.["color"] ?? "none"]);
  const names = (color: string) => informer.lister.byIndex("color", color).map(({ metadata }) => metadata.name);
  assert.deepEqual(names("red"), ["a"]);
  send("ADDED", object("b", 3, { color: "red" }));
  send("MODIFIED", object("a", 4, { color: "blue" }));
  assert.deepEqual([names("red"), names("blue")], [["b"], ["a"]]);
  send("DELETED", object("b", 5));
  assert.deepEqual([names("red"), informer.lister.byIndexCount("color", "blue")], [[], 1]);
  assert.equal(informer.lister.byIndexCount(byNamespace, "shop"), 1);
  assert.throws(() => informer.lister.byIndex("size", "1"), /no index/);
});

test("a handler that comes late hears of everything that is there", () => {
  const { informer, send, mark } = setUp();
  informer.start();
  send("ADDED", object("a", 1));
  mark(2);
  const late: string[] = [];
  const end = informer.addHandler(({ type, object: one }) => late.push(`${type} ${one.metadata.name}`));
  assert.deepEqual(late, ["added a"]);
  end();
  send("MODIFIED", object("a", 3));
  assert.deepEqual(late, ["added a"]);
});

test("a server that ends every watch at once is asked ever more slowly", async () => {
  const { clock, watches, last, informer, mark } = setUp();
  informer.start();
  mark(5);
  last().handler.end();
  for (let round = 0; round < 20; round++) {
    const { handler } = last();
    if (watches.length > 1) handler.end();
    await clock.advance(1000);
  }
  assert.ok(watches.length < 12, `${watches.length} watches in 20 seconds`);
  assert.ok(watches.length > 4, "and yet it is asked again");
  informer.close();
});

test("an informer that is closed before it has synced leaves no timer behind", () => {
  const { clock, informer } = setUp();
  informer.start();
  informer.close();
  assert.equal(clock.nextDueMs(), undefined);
});
