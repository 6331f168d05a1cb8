/** A rollout that is followed on the real server and controllers in virtual time: what is told, when, and how it ends. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import type { Deployment as DeploymentObject } from "../../api/types.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { type Cluster, startCluster } from "../../cluster/start-cluster.node.ts";
import { deploymentKind } from "../kinds/deployment.ts";
import { observe } from "../observe.ts";
import { followRollout } from "./follow.ts";
import type { RolloutView } from "./rollout-view.ts";

const key = { namespace: "default", name: "web" };
/** The promise: a cause is named this soon after its evidence is in the API. */
const promiseMs = 3000;

const web = (replicas: number): DeploymentObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: key,
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" }, annotations: { "simulated.windlass.dev/ready-after-ms": "4000" } },
      spec: { containers: [{ name: "app", image: "shop/web:v1", readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }] },
    },
  },
});

async function clusterWithWeb(t: TestContext, replicas = 4): Promise<Cluster> {
  const cluster = await startCluster({ clock: "virtual", imageFails: (image) => image.endsWith(":missing") });
  t.after(() => cluster.stop());
  await cluster.client.create(Deployment, web(replicas));
  await cluster.until("web is out", async () => (await observe(cluster.client, deploymentKind, key, cluster.clock.now())).complete);
  return cluster;
}

async function followed(t: TestContext, cluster: Cluster): Promise<(RolloutView | undefined)[]> {
  const views: (RolloutView | undefined)[] = [];
  const world = { clock: cluster.clock, random: seededRandom(7), log: silentLog };
  const starting = followRollout({ client: cluster.client, world, kind: deploymentKind, key, changed: (view) => views.push(view) });
  await cluster.advance(0);
  const follower = await starting;
  t.after(() => follower.close());
  return views;
}

const setTemplate = (cluster: Cluster, image: string, annotations: Record<string, string> = {}) =>
  cluster.client.patch(Deployment, key, "strategic", {
    spec: { template: { metadata: { annotations }, spec: { containers: [{ name: "app", image }] } } },
  });

for (const [about, image, annotations, evidence, code] of [
  ["an image that can't be pulled", "shop/web:missing", {}, "ErrImagePull", /^ImagePullFailed|^ImageNotFound/],
  ["a container that can't be started", "shop/web:v2", { "simulated.windlass.dev/fail": "start" }, "StartError", /^ContainerStartFailed/],
  ["a container that crashes", "shop/web:v2", { "simulated.windlass.dev/fail": "crash" }, '"exitCode":1', /^ContainerCrashed/],
] as const)
  test(`${about} is named within ${promiseMs / 1000} s of the evidence being in the API`, async (t) => {
    const cluster = await clusterWithWeb(t);
    const views = await followed(t, cluster);
    let evidentMs: number | undefined;
    const watch = cluster.client.watch(
      Pod,
      { namespace: "default" },
      {
        event: ({ object }) => {
          if (evidentMs === undefined && JSON.stringify(object.status ?? {}).includes(evidence)) evidentMs = cluster.clock.now();
        },
        end() {},
      },
    );
    t.after(() => watch.close());
    await cluster.advance(0);
    await setTemplate(cluster, image, annotations);
    const named = (): RolloutView | undefined => views.find((view) => view?.explanations.some((each) => code.test(each.code)));
    await cluster.until("the cause is named", () => named() !== undefined);
    await cluster.advance(0);
    assert.ok(evidentMs !== undefined, "there was evidence");
    assert.ok((named()?.nowMs ?? Number.NaN) - evidentMs <= promiseMs, `named after ${(named()?.nowMs ?? 0) - evidentMs} ms`);
  });

test(`RS-7: a Pod that may not be made is named within ${promiseMs / 1000} s of the refusal`, async (t) => {
  const cluster = await clusterWithWeb(t);
  const { client } = cluster;
  const views = await followed(t, cluster);
  let refusedMs: number | undefined;
  const watch = client.watch(
    ReplicaSet,
    { namespace: "default" },
    {
      event: ({ object }) => {
        if (JSON.stringify(object.status ?? {}).includes("FailedCreate")) refusedMs ??= cluster.clock.now();
      },
      end() {},
    },
  );
  t.after(() => watch.close());
  await cluster.advance(0);
  await client.patch(Deployment, key, "merge", { spec: { template: { spec: { serviceAccountName: "robot" } } } });
  const named = (): RolloutView | undefined => views.find((view) => view?.explanations.some(({ code }) => code === "AdmissionRefused"));
  await cluster.until("the cause is named", () => named() !== undefined && refusedMs !== undefined);
  assert.ok((named()?.nowMs ?? Number.NaN) - (refusedMs as number) <= promiseMs);
});

test("a rollout is told from its begin to its end: no view has more Pods than allowed, the estimate comes true", async (t) => {
  const cluster = await clusterWithWeb(t);
  const views = await followed(t, cluster);
  await setTemplate(cluster, "shop/web:v2");
  await cluster.until("a view is of the new rollout", () => views.some((view) => view?.snapshot.target?.number === 2));
  await cluster.until("the rollout is complete", () => views.at(-1)?.verdict === "complete" && views.at(-1)?.snapshot.target?.number === 2);
  const told = views.filter((view) => view?.snapshot.target?.number === 2) as RolloutView[];
  const doneMs = told.at(-1)?.nowMs ?? 0;
  for (const { snapshot } of told) {
    const living = snapshot.pods.filter((pod) => !pod.terminating && !pod.ended);
    assert.ok(living.length <= snapshot.strategy.maxPods, `${living.length} Pods`);
    assert.ok(living.filter((pod) => pod.available).length >= snapshot.strategy.minAvailable);
  }
  const estimates = told.filter(({ estimate }) => estimate.leftMs !== undefined);
  assert.ok(estimates.length > 0, "there was an estimate");
  for (const { nowMs, estimate } of estimates)
    assert.ok(Math.abs(nowMs + (estimate.leftMs ?? 0) - doneMs) <= 5000, `off by ${nowMs + (estimate.leftMs ?? 0) - doneMs} ms`);
  assert.deepEqual(told.at(-1)?.explanations, []);
});

test("a workload that is deleted ends the story", async (t) => {
  const cluster = await clusterWithWeb(t, 1);
  const views = await followed(t, cluster);
  await cluster.client.delete(Deployment, key);
  await cluster.until("its end is told", () => views.at(-1) === undefined);
  const count = views.length;
  await cluster.advance(10_000);
  assert.equal(views.length, count, "nothing follows");
});

test("what does not exist is an error, not a silent wait", async (t) => {
  const cluster = await startCluster({ clock: "virtual", nodes: 0 });
  t.after(() => cluster.stop());
  const world = { clock: cluster.clock, random: seededRandom(7), log: silentLog };
  const starting = followRollout({ client: cluster.client, world, kind: deploymentKind, key, changed() {} });
  const outcome = starting.then(
    () => "resolved",
    (error: Error) => error.message,
  );
  await cluster.advance(0);
  assert.equal(await outcome, 'deployments.apps "web" not found');
});
