import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodStatus } from "../../api/types.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import type { AgentContext } from "./agent-context.ts";
import { StatusWriter } from "./status-writer.ts";

test("a server that drops a field it does not know does not hold the last status up", async () => {
  let writes = 0;
  let pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "default", uid: "1" }, status: { phase: "Running" } };
  const client = {
    update: async (_kind: unknown, { status, ...rest }: Pod): Promise<Pod> => {
      writes++;
      const { observedGeneration: _, ...known } = status as PodStatus;
      return { ...rest, status: known };
    },
  };
  const world = { clock: new VirtualClock(settle), random: seededRandom(1), log: silentLog };
  const writer = new StatusWriter({
    context: { client, world, config: { statusDelayMs: 0 } } as unknown as AgentContext,
    compute: () => ({ phase: "Succeeded", observedGeneration: 1 }),
    pod: () => pod,
    seen: (latest) => {
      pod = latest;
    },
    gone: () => assert.fail("the Pod is there"),
  });
  await writer.flush();
  assert.deepEqual([pod.status, writes], [{ phase: "Succeeded" }, 1]);
});
