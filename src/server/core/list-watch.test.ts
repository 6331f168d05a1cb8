import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../api/errors.ts";
import { kinds } from "../../api/registry.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { createApi } from "./api.ts";
import { configMap, configMaps, context, inDefault, namespaces, pod, pods, record, refusal, served, startApi } from "./fixture.suite.ts";

const names = (list: { readonly items: readonly { readonly object: { metadata: { name?: string } } }[] }) =>
  list.items.map(({ object }) => object.metadata.name);

async function withConfigMaps(count: number, options = {}) {
  const started = await startApi(options);
  for (let i = 0; i < count; i++) {
    await started.api.create(configMaps, "default", configMap(`c${i}`, {}, { labels: { parity: i % 2 ? "odd" : "even" } }), context);
  }
  return started;
}

test("API-25: pages are consistent at the first page's version", async () => {
  const { api } = await withConfigMaps(5);
  const first = await api.list(configMaps, { namespace: "default", limit: 2 });
  assert.deepEqual(names(first), ["c0", "c1"]);
  assert.equal(first.remainingItemCount, 3);
  await api.delete(configMaps, inDefault("c3"), {}, context);
  await api.create(configMaps, "default", configMap("c2a"), context);
  const second = await api.list(configMaps, { namespace: "default", limit: 2, continue: first.continue as string });
  assert.deepEqual(names(second), ["c2", "c3"]);
  assert.equal(second.resourceVersion, first.resourceVersion);
  const last = await api.list(configMaps, { namespace: "default", limit: 2, continue: second.continue as string });
  assert.deepEqual(names(last), ["c4"]);
  assert.equal(last.continue, undefined);
  assert.equal(last.remainingItemCount, undefined);
});

test("a long list lets others write in between and is still of one version, whole and in order", async () => {
  const { api, store } = await withConfigMaps(4100);
  const before = names(await api.list(configMaps, {}));
  const asked = store.version;
  let pauses = 0;
  const list = await api.list(configMaps, {
    async pause() {
      pauses++;
      await api.delete(configMaps, inDefault(`c${4099 - pauses}`), {}, context);
      await api.create(configMaps, "default", configMap(`c99999-${pauses}`), context);
    },
  });
  assert.ok(pauses >= 2, `${pauses} pauses`);
  assert.deepEqual(names(list), before);
  assert.equal(list.resourceVersion, String(asked));
});

test("API-25: with a selector pages are filled and the rest is not counted", async () => {
  const { api } = await withConfigMaps(7);
  const first = await api.list(configMaps, { labelSelector: "parity=odd", limit: 2 });
  assert.deepEqual(names(first), ["c1", "c3"]);
  assert.equal(first.remainingItemCount, undefined);
  assert.deepEqual(names(await api.list(configMaps, { labelSelector: "parity=odd", limit: 2, continue: first.continue as string })), [
    "c5",
  ]);
});

test("API-25: an expired page is 410 with a token that goes on inconsistently", async () => {
  const { api, store } = await withConfigMaps(4);
  const first = await api.list(configMaps, { namespace: "default", limit: 2 });
  await api.create(configMaps, "default", configMap("c9"), context);
  await store.compact(store.version);
  let token = "";
  await assert.rejects(api.list(configMaps, { namespace: "default", limit: 2, continue: first.continue as string }), (error: unknown) => {
    refusal(410, /^The provided continue parameter is too old/)(error);
    assert.equal((error as ApiError).reason, "Expired");
    token = ((error as ApiError).status.metadata as { continue: string }).continue;
    return true;
  });
  assert.deepEqual(names(await api.list(configMaps, { namespace: "default", continue: token })), ["c2", "c3", "c9"]);
  await assert.rejects(api.list(configMaps, { resourceVersion: "3", resourceVersionMatch: "Exact" }), refusal(410, /too old/));
});

test("API-25: an exact version is read as it was, tokens of others are refused", async () => {
  const { api } = await withConfigMaps(2);
  const { resourceVersion } = await api.list(configMaps, {});
  await api.create(configMaps, "default", configMap("later"), context);
  assert.deepEqual(names(await api.list(configMaps, { resourceVersion, resourceVersionMatch: "Exact" })), ["c0", "c1"]);
  assert.equal((await api.list(configMaps, { resourceVersion, resourceVersionMatch: "NotOlderThan" })).items.length, 3);
  for (const token of ["x", "%%%", btoa("{}"), btoa('{"v":"meta.k8s.io/v1","rv":-5,"start":"a"}'), btoa("null")]) {
    await assert.rejects(api.list(configMaps, { continue: token }), refusal(400, /^continue key is not valid/));
  }
});

test("API-26: options that contradict each other are refused by name", async () => {
  const { api } = await startApi();
  await assert.rejects(
    api.list(configMaps, { resourceVersionMatch: "Exact" }),
    refusal(
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ),
  );
  await assert.rejects(
    api.list(configMaps, { resourceVersionMatch: "Exact", resourceVersion: "0" }),
    refusal(422, /forbidden for resourceVersion "0"/),
  );
  await assert.rejects(api.list(configMaps, { resourceVersion: "abc" }), refusal(400, /invalid resource version/));
  assert.throws(
    () => record(api, configMaps, { sendInitialEvents: true }),
    refusal(422, /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/),
  );
});

test("API-27: a version of the future is waited for, three seconds at most", async () => {
  const { api, clock, store } = await startApi();
  const future = String(store.version + 1);
  const waiting = api.list(configMaps, { resourceVersion: future });
  await api.create(configMaps, "default", configMap("a"), context);
  await clock.advance(100);
  assert.deepEqual(names(await waiting), ["a"]);
  const never = assert.rejects(api.list(configMaps, { resourceVersion: "9999" }), (error: unknown) => {
    refusal(504, `Too large resource version: 9999, current: ${store.version}`)(error);
    assert.equal((error as ApiError).status.details?.retryAfterSeconds, 1);
    assert.equal((error as ApiError).status.details?.causes?.[0]?.reason, "ResourceVersionTooLarge");
    return true;
  });
  await clock.advance(3100);
  await never;
});

test("API-28: a watch without version shows what there is, one with a version what came after", async () => {
  const { api, store } = await withConfigMaps(2);
  const { resourceVersion } = await api.list(configMaps, {});
  const all = record(api, configMaps, { namespace: "default" });
  await api.create(configMaps, "default", configMap("late"), context);
  const after = record(api, configMaps, { namespace: "default", resourceVersion });
  await api.delete(configMaps, inDefault("c0"), {}, context);
  assert.deepEqual(all.seen, ["ADDED c0", "ADDED c1", "ADDED late", "DELETED c0"]);
  assert.deepEqual(after.seen, ["ADDED late", "DELETED c0"]);
  await store.compact(store.version);
  assert.throws(() => record(api, configMaps, { resourceVersion }), refusal(410, /^too old resource version: \d+ \(\d+\)$/));
  all.stop();
  await api.create(configMaps, "default", configMap("unseen"), context);
  assert.equal(all.seen.length, 4);
});

test("API-29: bookmarks come about every minute to those who asked, and unknown fields are refused", async () => {
  const { api, clock, store } = await withConfigMaps(1);
  const asked = record(api, configMaps, { resourceVersion: String(store.version), allowBookmarks: true });
  const silent = record(api, configMaps, { resourceVersion: String(store.version) });
  await api.create(pods, "default", pod("other"), context);
  await clock.advance(61_000);
  assert.deepEqual(asked.seen, ["BOOKMARK"]);
  assert.deepEqual(asked.objects[0], { apiVersion: "v1", kind: "ConfigMap", metadata: { resourceVersion: String(store.version) } });
  assert.deepEqual(silent.seen, []);
  asked.stop();
  await clock.advance(120_000);
  assert.equal(asked.seen.length, 1);
  assert.throws(
    () => record(api, configMaps, { fieldSelector: "data.k=v" }),
    refusal(400, /"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"/),
  );
  await assert.rejects(api.list(pods, { fieldSelector: "spec.nope=v" }), refusal(400, "field label not supported: spec.nope"));
  await assert.rejects(api.list(pods, { labelSelector: "a in" }), (error: unknown) => error instanceof ApiError && error.code === 400);
});

test("API-30: initial events end with their own bookmark", async () => {
  const { api, store } = await withConfigMaps(2);
  const options = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan", allowBookmarks: true };
  const watcher = record(api, configMaps, options);
  await api.create(configMaps, "default", configMap("late"), context);
  assert.deepEqual(watcher.seen, ["ADDED c0", "ADDED c1", "BOOKMARK", "ADDED late"]);
  assert.deepEqual(watcher.objects[2]?.metadata, {
    resourceVersion: String(store.version - 1),
    annotations: { "k8s.io/initial-events-end": "true" },
  });
  const legacy = record(api, configMaps, { allowBookmarks: true, resourceVersion: "0" });
  assert.deepEqual(legacy.seen, ["ADDED c0", "ADDED c1", "ADDED late", "BOOKMARK"], "API-32");
  const none = record(api, configMaps, { ...options, sendInitialEvents: false });
  assert.deepEqual(none.seen, []);
});

test("API-30: initial events of a version that never comes end with 504", async () => {
  const { api, clock } = await startApi();
  const watcher = record(api, configMaps, { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan", resourceVersion: "9999" });
  await clock.advance(4000);
  assert.equal((watcher.ends[0] as ApiError).code, 504);
});

test("API-33: leaving a selector is DELETED with the last matching state, entering it ADDED", async () => {
  const { api, store } = await withConfigMaps(2);
  const watcher = record(api, configMaps, { labelSelector: "parity=even", resourceVersion: String(store.version) });
  const relabel = (name: string, parity: string) =>
    api.patch(configMaps, inDefault(name), "merge", { metadata: { labels: { parity } } }, context);
  await relabel("c0", "odd");
  const { object } = await relabel("c1", "even");
  await api.patch(configMaps, inDefault("c1"), "merge", { data: { k: "v" } }, context);
  await relabel("c0", "odd");
  await api.delete(configMaps, inDefault("c0"), {}, context);
  assert.deepEqual(watcher.seen, ["DELETED c0", "ADDED c1", "MODIFIED c1"]);
  assert.equal(watcher.objects[0]?.metadata.labels?.["parity"], "even");
  assert.equal(watcher.objects[0]?.metadata.resourceVersion, String(Number(object.metadata.resourceVersion) - 1));
});

test("API-33: a Pod leaves the selection of its phase", async () => {
  const { api } = await startApi();
  await api.create(pods, "default", pod("a"), context);
  const watcher = record(api, pods, { fieldSelector: "status.phase=Pending" });
  await api.patch(pods, inDefault("a"), "merge", { status: { phase: "Running" } }, context, "status");
  assert.deepEqual(watcher.seen, ["ADDED a", "DELETED a"]);
});

test("API-37: watchers see the same events in the same order, and share them", async () => {
  const { api, store } = await startApi();
  const start = { resourceVersion: String(store.version) };
  const watchers = Array.from({ length: 5 }, () => record(api, configMaps, start));
  await Promise.all(Array.from({ length: 20 }, (_, i) => api.create(configMaps, "default", configMap(`c${i}`), context)));
  for (const watcher of watchers) {
    assert.deepEqual(watcher.seen, watchers[0]?.seen);
    assert.equal(watcher.objects[3], watchers[0]?.objects[3]);
  }
});

test("a watch opened from inside an event misses nothing and repeats nothing", async () => {
  const { api, store } = await startApi();
  const from = String(store.version);
  const inner: ReturnType<typeof record>[] = [];
  api.watch(
    configMaps,
    { resourceVersion: from },
    {
      event() {
        if (inner.length === 0) inner.push(record(api, configMaps, { resourceVersion: from }));
      },
      end() {},
    },
  );
  for (const name of ["a", "b", "c"]) await api.create(configMaps, "default", configMap(name), context);
  assert.deepEqual(inner[0]?.seen, ["ADDED a", "ADDED b", "ADDED c"]);
});

test("one name is looked up, in a list and in a watch", async () => {
  const { api } = await withConfigMaps(3);
  assert.deepEqual(names(await api.list(configMaps, { namespace: "default", fieldSelector: "metadata.name=c1" })), ["c1"]);
  assert.deepEqual(names(await api.list(configMaps, { fieldSelector: "metadata.name=c1" })), ["c1"]);
  assert.deepEqual(names(await api.list(configMaps, { namespace: "default", fieldSelector: "metadata.name=none" })), []);
  const watcher = record(api, configMaps, { namespace: "default", fieldSelector: "metadata.name=c1" });
  await api.delete(configMaps, inDefault("c0"), {}, context);
  await api.delete(configMaps, inDefault("c1"), {}, context);
  assert.deepEqual(watcher.seen, ["ADDED c1", "DELETED c1"]);
});

test("API-110: both Events are one storage", async () => {
  const { api } = await startApi();
  const core = served("", "events");
  const modern = served("events.k8s.io", "events");
  const watcher = record(api, modern, {});
  const body = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "web.1", namespace: "default" },
    involvedObject: { kind: "Pod", name: "web", namespace: "default" },
    reason: "Started",
    message: "it runs",
    type: "Normal",
  };
  await api.create(core, "default", body, context);
  const [seen] = (await api.list(modern, { namespace: "default" })).items;
  assert.equal(seen?.object.apiVersion, "events.k8s.io/v1");
  assert.equal(seen?.object["note"], "it runs");
  assert.equal(seen?.object["regarding"].name, "web");
  assert.deepEqual(watcher.seen, ["ADDED web.1"]);
  assert.deepEqual(names(await api.list(core, { fieldSelector: "involvedObject.name=web,reason=Started" })), ["web.1"]);
});

test("API-112: Events that were there before a restart go an hour after their last write", async () => {
  const { store, clock } = await startApi();
  const events = served("", "events");
  const event = (name: string, minutesAgo: number) => {
    const time = new Date(clock.now() - minutesAgo * 60_000).toISOString();
    const metadata = { name, namespace: "default", uid: name, creationTimestamp: time };
    return new TextEncoder().encode(JSON.stringify({ apiVersion: "v1", kind: "Event", metadata, reason: "Started" }));
  };
  for (const [name, minutesAgo] of [
    ["old", 50],
    ["fresh", 10],
  ] as const)
    await store.commit([{ type: "put", key: `/registry/core/events/default/${name}`, value: event(name, minutesAgo) }]);
  const again = createApi({ store, kinds, world: { clock, random: seededRandom(1), log: silentLog } });
  await clock.advance(12 * 60_000);
  assert.deepEqual(names(await again.list(events, {})), ["fresh"]);
  await clock.advance(45 * 60_000);
  assert.deepEqual(names(await again.list(events, {})), []);
  again.close();
});

test("API-112: Events go an hour after their last write", async () => {
  const { api, clock } = await startApi();
  const events = served("", "events");
  const body = (name: string) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "default" },
    involvedObject: { kind: "Pod", name: "web", namespace: "default" },
    reason: "Started",
    message: "it runs",
    type: "Normal",
  });
  await api.create(events, "default", body("old"), context);
  await api.create(events, "default", body("fresh"), context);
  await clock.advance(40 * 60_000);
  await api.patch(events, inDefault("fresh"), "merge", { count: 2 }, context);
  await clock.advance(25 * 60_000);
  assert.deepEqual(names(await api.list(events, {})), ["fresh"]);
});

test("closing the API ends its watches", async () => {
  const { api } = await startApi();
  const watcher = record(api, namespaces, {});
  api.close();
  assert.equal(watcher.ends.length, 1);
});

test("API-33: watchers of one node hear of a Pod when it comes and when it leaves, and of no other", async () => {
  const { api } = await startApi();
  const watchers = ["n1", "n2"].map((name) => record(api, pods, { fieldSelector: `spec.nodeName=${name}` }));
  const byName = record(api, pods, { namespace: "default", fieldSelector: "metadata.name=a,spec.nodeName!=n2" });
  const bind = (name: string, node: string) =>
    api.createSubresource(
      pods,
      inDefault(name),
      "binding",
      { apiVersion: "v1", kind: "Binding", metadata: { name }, target: { kind: "Node", name: node } } as never,
      context,
    );
  for (const name of ["a", "b"]) await api.create(pods, "default", pod(name), context);
  await bind("a", "n1");
  await bind("b", "n2");
  await api.delete(pods, inDefault("a"), { gracePeriodSeconds: 0 }, context);
  assert.deepEqual(watchers[0]?.seen, ["ADDED a", "DELETED a"]);
  assert.deepEqual(watchers[1]?.seen, ["ADDED b"]);
  assert.deepEqual(byName.seen, ["ADDED a", "MODIFIED a", "DELETED a"]);
  for (const { stop } of [...watchers, byName]) stop();
  await api.delete(pods, inDefault("b"), { gracePeriodSeconds: 0 }, context);
  assert.equal(watchers[1]?.seen.length, 1);
});

test("a watcher that fails is ended, and neither the write nor the other watchers suffer", async () => {
  const { api, store } = await startApi();
  const start = { resourceVersion: String(store.version) };
  const ends: unknown[] = [];
  const before = record(api, configMaps, start);
  const event = () => {
    throw new Error("broken");
  };
  api.watch(configMaps, start, { event, end: (error) => void ends.push(error?.message) });
  const after = record(api, configMaps, start);
  for (const name of ["a", "b"]) await api.create(configMaps, "default", configMap(name), context);
  assert.deepEqual([before.seen, after.seen], [Array.of("ADDED a", "ADDED b"), Array.of("ADDED a", "ADDED b")]);
  assert.deepEqual(ends, ["broken"]);
});
