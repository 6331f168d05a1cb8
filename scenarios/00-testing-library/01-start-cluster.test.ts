/** The testing library as its users meet it, with the official Node client beside our own. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { AppsV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { type Cluster, Deployment, Pod, startCluster } from "../../src/testing.ts";

const web = (replicas: number, image = "web:1") => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } },
  },
});
const key = { namespace: "default", name: "web" };

function apis(cluster: Cluster) {
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfig);
  return { apps: config.makeApiClient(AppsV1Api), core: config.makeApiClient(CoreV1Api) };
}

test("the official Node client rolls a Deployment out on the real clock", async (t) => {
  const cluster = await startCluster({ nodes: 2 });
  t.after(() => cluster.stop());
  const { apps, core } = apis(cluster);
  await apps.createNamespacedDeployment({ namespace: "default", body: web(3) });
  await cluster.until("three Pods are available", async () => {
    const { status } = await apps.readNamespacedDeployment(key);
    return status?.availableReplicas === 3;
  });
  const pods = await core.listNamespacedPod({ namespace: "default", labelSelector: "app=web" });
  assert.deepEqual(
    pods.items.map((pod) => [pod.status?.phase, pod.spec?.containers[0]?.image]),
    [
      ["Running", "web:1"],
      ["Running", "web:1"],
      ["Running", "web:1"],
    ],
  );
});

test("ten minutes of a stuck rollout pass in an instant, and DEP-96 says so", async (t) => {
  const cluster = await startCluster({ clock: "virtual", imageFails: (image) => image === "web:broken" });
  t.after(() => cluster.stop());
  const { apps } = apis(cluster);
  await apps.createNamespacedDeployment({ namespace: "default", body: web(4) });
  await cluster.until("the first version is out", async () => (await cluster.client.get(Deployment, key)).status?.availableReplicas === 4);
  await cluster.client.patch(Deployment, key, "strategic", {
    spec: { template: { spec: { containers: [{ name: "web", image: "web:broken" }] } } },
  });
  await cluster.advance(9 * 60_000);
  const progressing = async () => {
    const { status } = await apps.readNamespacedDeployment(key);
    const condition = status?.conditions?.find((each) => each.type === "Progressing");
    return [condition?.status, condition?.reason, status?.availableReplicas];
  };
  assert.deepEqual(await progressing(), ["True", "ReplicaSetUpdated", 3]);
  await cluster.advance(2 * 60_000);
  assert.deepEqual(await progressing(), ["False", "ProgressDeadlineExceeded", 3]);
});

test("the same seed gives the same trace, another seed another", async () => {
  const traceOf = async (seed: number): Promise<string> => {
    const cluster = await startCluster({ clock: "virtual", seed, nodes: 3, pods: { startMs: 700, readyAfterMs: 1500 } });
    const hash = createHash("sha256");
    const watch = cluster.client.watch(
      Pod,
      {},
      { event: ({ type, object }) => hash.update(`${type} ${JSON.stringify(object)}\n`), end() {} },
    );
    await cluster.client.create(Deployment, web(10));
    await cluster.advance(60_000);
    await cluster.client.patch(Deployment, key, "strategic", {
      spec: { template: { spec: { containers: [{ name: "web", image: "web:2" }] } } },
    });
    await cluster.advance(120_000);
    watch.close();
    await cluster.stop();
    return hash.digest("hex");
  };
  const first = await traceOf(7);
  assert.equal(await traceOf(7), first);
  assert.notEqual(await traceOf(8), first);
});

test("a stopped cluster leaves nothing that keeps the process alive", async () => {
  const cluster = await startCluster();
  await cluster.stop();
  await cluster.stop();
  await assert.rejects(fetch(`${cluster.address}/healthz`));
});
