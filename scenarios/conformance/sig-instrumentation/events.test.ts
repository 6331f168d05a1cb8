/** Events through both of their APIs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 0 });

test("Events API should ensure that an event can be fetched, patched, deleted, and listed", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "events.k8s.io",
    version: "v1",
    plural: "events",
    namespace,
    object: () => ({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      eventTime: "2026-01-02T03:04:05.000006Z",
      note: "This is a test event",
      type: "Normal",
      action: "Do",
      reason: "Test",
      regarding: { kind: "Pod", name: "p", namespace },
      reportingController: "test-controller",
      reportingInstance: "test-node",
    }),
    change: {
      make: (event) => {
        event.series = { count: 100, lastObservedTime: "2026-01-02T03:05:05.000006Z" };
      },
      holds: ({ series }) => series?.count === 100 && series.lastObservedTime === "2026-01-02T03:05:05.000006Z",
    },
  });
});

test("Events API should delete a collection of events", async () => {
  const namespace = await open.namespace();
  const events = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  for (const index of [1, 2, 3]) {
    await open.wire.create(events, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: `test-event-${index}`, labels: { "testevent-set": "true" } },
      eventTime: "2026-01-02T03:04:05.000006Z",
      type: "Normal",
      action: "Do",
      reason: "Test",
      regarding: { namespace },
      reportingController: "c",
      reportingInstance: "i",
    });
  }
  assert.equal((await open.wire.get(`/api/v1/namespaces/${namespace}/events?labelSelector=testevent-set%3Dtrue`)).items.length, 3);
  await open.wire.remove(`${events}?labelSelector=testevent-set%3Dtrue`);
  assert.deepEqual((await open.wire.get(events)).items, []);
});

test("Events should manage the lifecycle of an event and delete a collection of events", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "events",
    namespace,
    object: () => ({
      apiVersion: "v1",
      kind: "Event",
      message: "This is a test event",
      reason: "Test",
      type: "Normal",
      count: 1,
      involvedObject: { namespace },
    }),
    change: {
      make: (event) => {
        event.series = { count: 100, lastObservedTime: "2026-01-02T03:05:05.000006Z" };
        event.message = "This is a test event - patched";
      },
      holds: ({ series, message }) => series?.count === 100 && message.endsWith("patched"),
    },
  });
});
