// Pods that an owner had been told to leave behind were deleted when the collector's cache heard of the owner's end first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import type { KindDefinition } from "../../api/kind.ts";
import type { Client } from "../../client/client.ts";
import { informerFactory } from "../../client/informers.ts";
import { startVirtualControlPlane } from "../../cluster/virtual-control-plane.node.ts";
import { garbageCollector } from "./index.ts";

test("API-65: what was orphaned stays, whichever change the collector hears of first", async () => {
  const plane = await startVirtualControlPlane({ controllers: [] });
  const { client, clock, world } = plane;
  // Changes of Pods come ten seconds late.
  const late: Client = {
    ...client,
    watch: (kind, options, handler) =>
      client.watch(kind, options, {
        end: (error) => handler.end(error),
        event: (event) => {
          if (kind.plural === "pods") clock.setTimer(10_000, () => handler.event(event));
          else handler.event(event);
        },
      }),
  };
  const informers = informerFactory({ client: late, world });
  const collected = [Pod, ReplicaSet] as unknown as readonly KindDefinition[];
  const collector = garbageCollector({ client, informers, world, recorderFor: () => ({ event() {} }) }, collected);
  collector.start();
  informers.start();
  const spec = { containers: [{ name: "app", image: "web" }] };
  const labels = { app: "web" };
  const owner = await client.create(ReplicaSet, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web", namespace: "default" },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
  const ownerReferences = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: owner.metadata.uid as string, controller: true }];
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-1", namespace: "default", labels, ownerReferences },
    spec,
  });
  await clock.advance(30_000);
  await client.delete(ReplicaSet, { namespace: "default", name: "web" }, { propagationPolicy: "Orphan" });
  await clock.advance(60_000);
  const { items } = await client.list(Pod, { namespace: "default" });
  assert.deepEqual(
    items.map(({ metadata }) => [metadata.name, metadata.ownerReferences]),
    [["web-1", undefined]],
  );
  assert.deepEqual((await client.list(ReplicaSet, { namespace: "default" })).items, []);
  await collector.stop();
  informers.close();
  await plane.stop();
});
