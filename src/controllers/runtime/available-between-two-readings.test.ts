// A timer may fire a moment early. A Pod that became available between the reading of the clock for the count and the one for the wait
// was then waited for by nobody.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindRef } from "../../api/kind.ts";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import { type AnyObject, keyOf } from "../../api/meta/object.ts";
import { formatTime } from "../../base/time.ts";
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import { startVirtualControlPlane } from "../../cluster/virtual-control-plane.node.ts";
import { daemonSetController } from "../daemonset/daemon-set.ts";
import { replicaSetController } from "../replicaset/replica-set.ts";
import { statefulSetController } from "../statefulset/stateful-set.ts";

const minReadySeconds = 10;

/** Lets the only Pod of a workload become available during the pass that was meant to find it so. */
async function statusAfter(kind: KindRef, make: (deps: ControllerDeps) => Controller, behindMs: number): Promise<any> {
  // Of the pass in question: its clock is behind at first, and moves on by a millisecond at each reading.
  let readings: number | undefined;
  const plane = await startVirtualControlPlane({
    controllers: [
      (deps) => {
        const { clock } = deps.world;
        const moving = {
          now: () => clock.now() + (readings === undefined ? 0 : readings++),
          monotonic: () => clock.monotonic(),
          setTimer: (delayMs: number, task: () => void) => clock.setTimer(delayMs, task),
        };
        return make({ ...deps, world: { ...deps.world, clock: moving } });
      },
    ],
  });
  const { client, clock } = plane;
  const labels = { app: "web" };
  const spec = {
    minReadySeconds,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "web" }] } },
  };
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "node-1" } });
  const metadata = { name: "web", namespace: "default" };
  await client.create(kind, { apiVersion: "apps/v1", kind: kind.kind, metadata, spec } as AnyObject);
  await clock.advance(20_000);
  const [pod] = (await client.list(Pod)).items;
  assert.ok(pod);
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
  await client.patch(Pod, keyOf(pod), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" });
  await clock.advance(minReadySeconds * 1000);
  readings = -behindMs;
  await clock.advance(60_000);
  const { status } = await client.get(kind, metadata);
  await plane.stop();
  return status;
}

const cases: [string, KindRef, (deps: ControllerDeps) => Controller, (status: any) => number][] = [
  ["RS-9: a ReplicaSet", ReplicaSet as unknown as KindRef, replicaSetController, (status) => status.availableReplicas],
  ["STS-35: a StatefulSet", StatefulSet as unknown as KindRef, statefulSetController, (status) => status.availableReplicas],
  ["DS-11: a DaemonSet", DaemonSet as unknown as KindRef, daemonSetController, (status) => status.numberAvailable],
];
for (const [who, kind, make, availableOf] of cases) {
  test(`${who} counts a Pod that becomes available during the pass, or looks again`, async () => {
    for (const behindMs of [1, 2]) assert.equal(availableOf(await statusAfter(kind, make, behindMs)), 1, `${behindMs} ms behind`);
  });
}
