/** The life of Pods on a node, as somebody with kubectl sees it. Virtual time, real server, simulated containers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isConditionTrue } from "../machinery/conditions.ts";
import { startVirtualNode } from "./virtual-node.node.ts";

const isReady = (pod: { status?: { conditions?: { type: string; status: string }[] } } | undefined): boolean =>
  isConditionTrue(pod?.status?.conditions, "Ready");

test("a bound Pod is Running and Ready after one write of its status, with Kubernetes' events (KUB-6, KUB-7)", async () => {
  const node = await startVirtualNode();
  await node.run("web", {});
  await node.until("web", "is ready", isReady);
  const writes = node.history.filter((pod) => pod.metadata.name === "web" && pod.status?.startTime !== undefined).length;
  assert.equal(writes, 1);
  await node.stop();
});
