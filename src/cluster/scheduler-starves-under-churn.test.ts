import assert from "node:assert/strict";
import { test } from "node:test";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import type { Pod as PodObject } from "../api/types.ts";
import { scheduler } from "../controllers/scheduler/index.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const podOf = (name: string, cpu: string, nodeName?: string): PodObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { ...(nodeName && { nodeName }), containers: [{ name: "c", image: "i", resources: { requests: { cpu } } }] },
});

test("a Pod that found no node gets its turn although other Pods come and go all the time", async () => {
  const plane = await startVirtualControlPlane({ controllers: [scheduler] });
  const { client, clock } = plane;
  const key = (name: string) => ({ namespace: "default", name });
  const node = await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
  const resources = { cpu: "4", memory: "8Gi", pods: "110" };
  await client.update(Node, { ...node, status: { capacity: resources, allocatable: resources } }, { subresource: "status" });
  await client.create(Pod, podOf("big", "3", "n"));
  await client.create(Pod, podOf("waits", "3"));
  const churn = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      await client.create(Pod, podOf("passes", "100m", "n"));
      await clock.advance(250);
      await client.delete(Pod, key("passes"), { gracePeriodSeconds: 0 });
      await clock.advance(250);
    }
  };
  // Long enough for the back-off to have grown to its full ten seconds.
  await churn(80);
  assert.equal(plane.cached(Pod, key("waits"))?.spec?.nodeName, undefined);
  await client.delete(Pod, key("big"), { gracePeriodSeconds: 0 });
  await churn(22);
  assert.equal(plane.cached(Pod, key("waits"))?.spec?.nodeName, "n");
  await plane.stop();
});
