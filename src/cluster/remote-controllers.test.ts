// The controllers over HTTP, where caches are behind: the same decisions, and never a Pod too many.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { Deployment as DeploymentObject } from "../api/types.ts";
import { silentLog } from "../base/log.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import { formatTime } from "../base/time.ts";
import { httpClient } from "../client/http-client.node.ts";
import { httpTransport } from "../client/http-transport.node.ts";
import { informerFactory } from "../client/informers.ts";
import { accessOf, parseKubeconfigs } from "../client/kubeconfig.ts";
import { eventBroadcaster } from "../client/recorder.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { startEngine } from "./engine.node.ts";

test("RS-3: a rollout over HTTP makes exactly the Pods it needs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "windlass-remote-"));
  const world = { clock: systemClock, random: systemRandom, log: silentLog };
  const engine = await startEngine({ world, store: openMemoryStore(), pkiDirectory: folder, controllers: () => [] });
  const access = accessOf(await parseKubeconfigs([{ path: "kubeconfig", text: engine.kubeconfig }], (_, path) => path));
  const transport = httpTransport({ access, clock: systemClock, userAgent: "windlass-test/1" });
  const client = httpClient({ transport, fieldManager: "remote-controllers" });
  const informers = informerFactory({ client, world });
  const events = eventBroadcaster({ client, world });
  const deps = { client, informers, world, recorderFor: (component: string) => events.recorderFor(component) };
  const controllers = [deploymentController(deps), replicaSetController(deps)];

  const key = { namespace: "default", name: "web" };
  const replicas = 25;
  const made = new Set<string>();
  informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added") return;
    made.add(object.metadata.uid as string);
    const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(systemClock.now()) }];
    client.patch(Pod, keyOf(object), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" }).catch(() => {});
  });
  const rolledOut = (generation: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const limit = systemClock.setTimer(30_000, () => reject(new Error("the rollout did not end within 30 s")));
      const stop = informers.of(Deployment).addHandler(({ object: { status, metadata } }) => {
        const whole = [status?.replicas, status?.updatedReplicas, status?.availableReplicas].every((count) => count === replicas);
        if (!whole || metadata.generation !== generation || status?.observedGeneration !== generation) return;
        limit.cancel();
        queueMicrotask(() => stop());
        resolve();
      });
    });
  const template = (image: string) => ({
    metadata: { labels: { app: "web" } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }] },
  });
  try {
    await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
    informers.start();
    for (const controller of controllers) controller.start();
    const deployment: DeploymentObject = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: key,
      spec: { replicas, selector: { matchLabels: { app: "web" } }, template: template("web:1") },
    };
    await client.create(Deployment, deployment);
    await rolledOut(1);
    assert.equal(made.size, replicas);
    await client.patch(Deployment, key, "merge", { spec: { template: template("web:2") } });
    await rolledOut(2);
    assert.equal(made.size, 2 * replicas);
    const sets = (await client.list(ReplicaSet, { namespace: "default" })).items;
    assert.deepEqual(sets.map(({ spec }) => spec?.replicas).sort(), [0, replicas]);
    assert.ok((await client.list(Pod, { namespace: "default" })).items.every(({ spec }) => spec?.containers[0]?.image === "web:2"));
  } finally {
    for (const controller of controllers) await controller.stop();
    await events.flushed();
    informers.close();
    transport.close();
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
