import assert from "node:assert/strict";
import { test } from "node:test";
import { notFound } from "../api/errors.ts";
import type { Event as EventObject } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Client } from "./client.ts";
import { eventBroadcaster } from "./recorder.ts";

const object = (name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: "7" },
});

/** Keeps Events the way the API does: created whole, patched by top-level fields. */
function setUp() {
  const clock = new VirtualClock(settle);
  const stored = new Map<string, EventObject>();
  const writes: string[] = [];
  const client = {
    async create(_: unknown, event: EventObject) {
      writes.push("create");
      stored.set(event.metadata.name as string, structuredClone(event));
      return event;
    },
    async patch(_: unknown, key: { name: string }, __: string, patch: Partial<EventObject>) {
      writes.push("patch");
      const event = stored.get(key.name);
      if (!event) throw notFound({ group: "", resource: "events", name: key.name });
      Object.assign(event, patch);
      return event;
    },
  } as unknown as Client;
  const broadcaster = eventBroadcaster({ client, world: { clock, random: seededRandom(1), log: silentLog } });
  return { clock, stored, writes, broadcaster, recorder: broadcaster.recorderFor("kubelet", "node-1") };
}

test("API-110: an event names its object, its source and its times", async () => {
  const { stored, broadcaster, recorder } = setUp();
  recorder.event(object("web"), "Warning", "BackOff", "Back-off restarting", { fieldPath: "spec.containers{app}" });
  await broadcaster.flushed();
  const [event] = [...stored.values()];
  assert.match(event?.metadata.name ?? "", /^web\.[0-9a-f]{16}$/);
  assert.deepEqual(
    { ...event, metadata: { namespace: event?.metadata.namespace } },
    {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace: "shop" },
      involvedObject: {
        apiVersion: "v1",
        kind: "Pod",
        name: "web",
        namespace: "shop",
        uid: "uid-web",
        resourceVersion: "7",
        fieldPath: "spec.containers{app}",
      },
      reason: "BackOff",
      message: "Back-off restarting",
      source: { component: "kubelet", host: "node-1" },
      firstTimestamp: "2024-01-01T00:00:00Z",
      lastTimestamp: "2024-01-01T00:00:00Z",
      count: 1,
      type: "Warning",
      reportingComponent: "kubelet",
      reportingInstance: "node-1",
    },
  );
});

test("API-111: a repeated event is one object with a count", async () => {
  const { clock, stored, writes, broadcaster, recorder } = setUp();
  for (let i = 0; i < 3; i++) {
    recorder.event(object("web"), "Normal", "Pulled", "Image is present");
    await clock.advance(10_000);
  }
  await broadcaster.flushed();
  assert.deepEqual(writes, ["create", "patch", "patch"]);
  const [event] = [...stored.values()];
  assert.equal(event?.count, 3);
  assert.equal(event?.firstTimestamp, "2024-01-01T00:00:00Z");
  assert.equal(event?.lastTimestamp, "2024-01-01T00:00:20Z");
});

test("API-111: an event that expired on the server begins anew and goes on counting", async () => {
  const { stored, broadcaster, recorder } = setUp();
  recorder.event(object("web"), "Normal", "Pulled", "Image is present");
  await broadcaster.flushed();
  stored.clear();
  recorder.event(object("web"), "Normal", "Pulled", "Image is present");
  await broadcaster.flushed();
  assert.equal([...stored.values()][0]?.count, 2);
});

test("API-111: the tenth different message of one reason within ten minutes is combined with those that follow", async () => {
  const { clock, stored, broadcaster, recorder } = setUp();
  for (let i = 1; i <= 12; i++) recorder.event(object("web"), "Normal", "Scaled", `to ${i}`);
  await broadcaster.flushed();
  const messages = [...stored.values()].map(({ message, count }) => `${message} x${count}`);
  assert.deepEqual(messages.slice(8), ["to 9 x1", "(combined from similar events): to 12 x3"]);
  await clock.advance(600_001);
  recorder.event(object("web"), "Normal", "Scaled", "to 13");
  await broadcaster.flushed();
  assert.equal([...stored.values()].at(-1)?.message, "to 13");
});

test("API-111: one source has 25 events for one object, then one in five minutes; other objects are not concerned", async () => {
  const { clock, writes, broadcaster, recorder } = setUp();
  for (let i = 0; i < 100; i++) recorder.event(object("noisy"), "Normal", "Same", "again");
  await broadcaster.flushed();
  assert.equal(writes.length, 25);
  recorder.event(object("quiet"), "Normal", "Same", "again");
  await broadcaster.flushed();
  assert.equal(writes.length, 26);
  await clock.advance(300_000);
  for (let i = 0; i < 5; i++) recorder.event(object("noisy"), "Normal", "Same", "again");
  await broadcaster.flushed();
  assert.equal(writes.length, 27);
});

test("a server that refuses every event harms nobody", async () => {
  const clock = new VirtualClock(settle);
  const client = { create: () => Promise.reject(new Error("no")), patch: () => Promise.reject(new Error("no")) } as unknown as Client;
  const broadcaster = eventBroadcaster({ client, world: { clock, random: seededRandom(1), log: silentLog } });
  broadcaster.recorderFor("test").event(object("web"), "Normal", "A", "b");
  await broadcaster.flushed();
});
