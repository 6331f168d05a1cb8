// The way back on the real server core and controllers in virtual time: what is planned, what refuses, what comes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { keyOf, type ObjectKey } from "../api/meta/object.ts";
import type { DeploymentSpec, StatefulSetSpec } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import type { Client } from "../client/client.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { observe } from "../release/observe.ts";
import { readHistory } from "../release/records/history-store.ts";
import { releaseRecorders } from "../release/records/recorder.ts";
import { carryOut } from "../release/undo/carry-out.ts";
import { gatherFacts } from "../release/undo/gather.ts";
import { planUndo, refusePaused } from "../release/undo/plan.ts";
import { prepareUndo } from "../release/undo/prepare.ts";
import { workloadKindOf } from "../release/workload-kinds.ts";
import type { WorkloadKind } from "../release/workload.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "web" };
const settingsKey = { namespace, name: "settings" };
const deployments = workloadKindOf(Deployment) as WorkloadKind;
const statefulSets = workloadKindOf(StatefulSet) as WorkloadKind;

const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "app", image }],
    volumes: [{ name: "config", configMap: { name: "settings" } }],
    ...more,
  },
});

async function setUp({ recorders = true, history = 10 }: { recorders?: boolean; history?: number } = {}) {
  const plane = await startVirtualControlPlane({
    controllers: [deploymentController, replicaSetController, statefulSetController, ...(recorders ? [recorder(0), recorder(1)] : [])],
  });
  const { client, clock } = plane;
  plane.informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added" || object.spec?.containers[0]?.image === "broken") return;
    clock.setTimer(100, () => {
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
      client
        .patch(Pod, keyOf(object), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" })
        .catch(() => {});
    });
  });
  const settings = async (text: string) => {
    await client.patch(ConfigMap, settingsKey, "merge", { data: { "app.conf": text } });
  };
  await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: settingsKey, data: { "app.conf": "one" } });
  const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template("web:1"), revisionHistoryLimit: history };
  await client.create(Deployment, { apiVersion: "apps/v1", kind: "Deployment", metadata: key, spec: spec as DeploymentSpec });
  await clock.advance(30_000);
  const roll = async (image: string, more: object = {}) => {
    await client.patch(Deployment, key, "merge", { spec: { template: template(image, more) } });
    await clock.advance(30_000);
  };
  const content = async () => (await client.get(ConfigMap, settingsKey)).data?.["app.conf"];
  const image = async () => (await client.get(Deployment, key)).spec?.template.spec?.containers[0]?.image;
  return { ...plane, settings, roll, content, image };
}

/** The recorders of the first two kinds. */
const recorder = (index: number) => (deps: Parameters<typeof releaseRecorders>[0]) =>
  releaseRecorders(deps)[index] as ReturnType<typeof releaseRecorders>[0];

interface Asked {
  readonly kind?: WorkloadKind;
  readonly workload?: ObjectKey;
  readonly toRevision?: number;
  readonly toLastGood?: boolean;
  readonly keepsConfiguration?: boolean;
}

/** Everything up to the deed. */
async function prepare(
  client: Client,
  { kind = deployments, workload = key, toRevision = 0, toLastGood = false, keepsConfiguration = false }: Asked = {},
) {
  const snapshot = await observe(client, kind, workload, 0);
  const history = await readHistory(client, snapshot.object);
  const plan = planUndo(snapshot, history, { toRevision, toLastGood });
  const facts = await gatherFacts(client, snapshot, plan);
  const preparation = prepareUndo(
    snapshot,
    history,
    { plan, facts },
    { keepsConfiguration, toText: (value) => JSON.stringify(value, undefined, 1) },
  );
  const act = (through: Client = client, dryRun = false) =>
    carryOut({ client: through, snapshot, plan, restorations: preparation.restorations, configMaps: facts.configMaps, dryRun });
  const sentences = preparation.findings.map(({ severity, text }) => `${severity}: ${text}`);
  return { plan, act, sentences, titles: preparation.changes.map(({ title }) => title) };
}

test("the configuration comes back with the workload, and the difference says so before", async () => {
  const { client, clock, settings, roll, content, image, stop } = await setUp();
  await settings("two");
  await roll("web:2");
  const { act, titles, sentences } = await prepare(client);
  assert.deepEqual(titles, ["Pod template", "ConfigMap settings, app.conf"]);
  assert.deepEqual(sentences, []);
  await act(client, true);
  assert.deepEqual([await image(), await content()], ["web:2", "two"], "a dry run changes nothing");
  await act();
  assert.deepEqual([await image(), await content()], ["web:1", "one"]);
  await clock.advance(30_000);
  // And forth again: what the second release ran with is remembered, too.
  await (await prepare(client, { toRevision: 2 })).act();
  assert.deepEqual([await image(), await content()], ["web:2", "two"]);
  await stop();
});

test("an undo that ends between configuration and workload is finished by the next", async () => {
  const { client, settings, roll, content, image, stop } = await setUp();
  await settings("two");
  await roll("web:2");
  const { act } = await prepare(client);
  const dying: Client = {
    ...client,
    patch: () => Promise.reject(new Error("killed")),
  };
  await assert.rejects(act(dying), /killed/);
  assert.deepEqual([await image(), await content()], ["web:2", "one"]);
  const again = await prepare(client);
  assert.deepEqual(again.titles, ["Pod template"]);
  await again.act();
  assert.deepEqual([await image(), await content()], ["web:1", "one"]);
  await stop();
});

test("a ConfigMap that was deleted is made again from what is remembered; without a memory the undo refuses", async () => {
  for (const recorders of [true, false]) {
    const { client, roll, content, stop } = await setUp({ recorders });
    await roll("web:2", { volumes: [] });
    await client.delete(ConfigMap, settingsKey);
    const { act, sentences } = await prepare(client);
    if (recorders) {
      assert.deepEqual(sentences, []);
      await act();
      assert.equal(await content(), "one");
    } else assert.deepEqual(sentences, ['refuse: ConfigMap "settings" is not there any more']);
    await stop();
  }
});

test("configuration can be left as it is", async () => {
  const { client, settings, roll, content, stop } = await setUp();
  await settings("two");
  await roll("web:2");
  const { act, sentences } = await prepare(client, { keepsConfiguration: true });
  assert.deepEqual(sentences, ['warn: ConfigMap "settings" stays as it is, although revision 1 ran with another content']);
  await act();
  assert.equal(await content(), "two");
  await stop();
});

test("somebody else's ConfigMap is not changed without a word, and an immutable one not at all", async () => {
  const { client, settings, roll, stop } = await setUp();
  await settings("two");
  await roll("web:2");
  const spec = {
    selector: { matchLabels: { app: "other" } },
    template: { ...template("other:1"), metadata: { labels: { app: "other" } } },
  };
  await client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name: "other" },
    spec: spec as DeploymentSpec,
  });
  const { sentences } = await prepare(client);
  assert.match(sentences[0] ?? "", /^warn: ConfigMap "settings" is also used by deployment\/other/);
  await client.patch(ConfigMap, settingsKey, "merge", { immutable: true });
  assert.match((await prepare(client)).sentences[0] ?? "", /^refuse: ConfigMap "settings" is immutable/);
  await stop();
});

test("a number that ReplicaSets bear no more is still a way back: pruned, or given away by an undo", async () => {
  const { client, clock, roll, image, stop } = await setUp({ history: 0 });
  await roll("web:2");
  await roll("web:3");
  const { act } = await prepare(client, { toRevision: 1 });
  await act();
  await clock.advance(30_000);
  assert.equal(await image(), "web:1");
  assert.equal((await prepare(client, { toRevision: 1 })).plan.isCurrent, true, "1 is what 4 is");
  await (await prepare(client)).act();
  assert.equal(await image(), "web:3", "the one before, although its ReplicaSet is gone");
  await stop();
});

test("back to the last good one passes over what was never proven", async () => {
  const { client, roll, image, stop } = await setUp();
  await roll("web:2");
  await roll("broken");
  await roll("broken", { hostname: "again" });
  const { plan, act } = await prepare(client, { toLastGood: true });
  assert.equal(plan.number, 2);
  await act();
  assert.equal(await image(), "web:2");
  await stop();
});

test("going to a revision that was rolled back says so, and names the good one", async () => {
  const { client, clock, roll, stop } = await setUp();
  await roll("web:2");
  await (await prepare(client)).act();
  await clock.advance(30_000);
  await roll("web:3");
  const { sentences } = await prepare(client, { toRevision: 2 });
  assert.deepEqual(sentences, ["warn: revision 2 was rolled back; the last one that was proven good is 3 (--to-last-good)"]);
  await stop();
});

test("status, annotations and replicas that change meanwhile are no conflict, another template is", async () => {
  const { client, roll, image, stop } = await setUp();
  await roll("web:2");
  const { act } = await prepare(client);
  await client.patch(Deployment, key, "merge", { metadata: { annotations: { note: "x" } }, spec: { replicas: 3 } });
  await act();
  assert.equal(await image(), "web:1");
  const late = await prepare(client, { toRevision: 2 });
  await client.patch(Deployment, key, "merge", { spec: { template: template("web:3") } });
  await assert.rejects(late.act(), /deployment "web" was changed by somebody else meanwhile and was not rolled back/);
  assert.equal(await image(), "web:3");
  await stop();
});

test("KR-21 … KR-24: what can't be undone is refused in kubectl's words", async () => {
  const { client, clock, roll, stop } = await setUp({ recorders: false });
  await assert.rejects(prepare(client), /^UndoError: no rollout history found for deployment "web"$/);
  await assert.rejects(prepare(client, { toRevision: 7 }), /^UndoError: unable to find specified revision 7 in history$/);
  await assert.rejects(prepare(client, { toLastGood: true }), /nothing is recorded of deployment "web"/);
  await roll("web:2");
  assert.equal((await prepare(client, { toRevision: 2 })).plan.isCurrent, true);
  await client.patch(Deployment, key, "merge", { spec: { paused: true } });
  await clock.advance(1000);
  const paused = await observe(client, deployments, key, 0);
  assert.throws(() => refusePaused(paused), /you cannot rollback a paused deployment; resume it first/);
  await stop();
});

test("a StatefulSet goes back, too, and a mount of a claim that it has no template for is refused", async () => {
  const { client, clock, stop } = await setUp();
  const spec = {
    replicas: 1,
    serviceName: "db",
    selector: { matchLabels: { app: "db" } },
    template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "app", image: "db:1" }] } },
  };
  const workload = { namespace, name: "db" };
  await client.create(StatefulSet, { apiVersion: "apps/v1", kind: "StatefulSet", metadata: workload, spec: spec as StatefulSetSpec });
  await clock.advance(30_000);
  await assert.rejects(prepare(client, { kind: statefulSets, workload }), /^UndoError: no last revision to roll back to$/);
  const mounts = {
    containers: [{ name: "app", image: "db:2", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
    volumes: [{ name: "data", emptyDir: {} }],
  };
  await client.patch(StatefulSet, workload, "merge", { spec: { template: { spec: mounts } } });
  await clock.advance(30_000);
  await (await prepare(client, { kind: statefulSets, workload })).act();
  await clock.advance(30_000);
  const live = await client.get(StatefulSet, workload);
  assert.equal(live.spec?.template.spec?.containers[0]?.image, "db:1");
  assert.deepEqual(
    (await readHistory(client, live)).releases.map(({ number, outcome }) => `${number} ${outcome}`),
    ["1 completed", "2 rolled back", "3 completed"],
  );
  await stop();
});
