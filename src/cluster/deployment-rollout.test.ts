// What a user sees of Deployments and ReplicaSets, on the real server core in virtual time. A small kubelet makes Pods ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import { forbidden } from "../api/errors.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { ReplicationController } from "../api/kinds/replication-controller/index.ts";
import { keyOf } from "../api/meta/object.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import type { Deployment as DeploymentObject, DeploymentSpec, Pod as PodObject, ReplicaSet as ReplicaSetObject } from "../api/types.ts";
import type { Client } from "../client/client.ts";
import { formatTime, parseTime } from "../base/time.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController, replicationController } from "../controllers/replicaset/replica-set.ts";
import { findCondition } from "../machinery/conditions.ts";
import { isPodActive, isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "web" };
const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }], ...more },
});

/** `readyAfterMs` says how soon a Pod becomes ready; undefined: never. */
async function setUp(readyAfterMs: (pod: PodObject) => number | undefined = () => 1000, between?: (client: Client) => Client) {
  const plane = await startVirtualControlPlane({
    controllers: [deploymentController, replicaSetController, replicationController],
    ...(between && { between }),
  });
  const { client, clock } = plane;
  const setReady = async (pod: PodObject, ready = true) => {
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) }];
    await client.patch(Pod, keyOf(pod), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" });
  };
  const stopKubelet = plane.informers.of(Pod).addHandler(({ type, object }) => {
    const afterMs = type === "added" ? readyAfterMs(object) : undefined;
    if (afterMs !== undefined) clock.setTimer(afterMs, () => void setReady(object).catch(() => {}));
  });
  const rest = async (ms = 30_000) => clock.advance(ms);
  const create = async (spec: Partial<DeploymentSpec> = {}, annotations: Record<string, string> = {}) => {
    const whole = { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template("web:1"), ...spec };
    await client.create(Deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...key, annotations },
      spec: whole as DeploymentSpec,
    });
  };
  const patch = (change: unknown) => client.patch(Deployment, key, "merge", change);
  const deployment = () => client.get(Deployment, key);
  const sets = async () => {
    const { items } = await client.list(ReplicaSet, { namespace });
    const imageOf = (set: ReplicaSetObject) => set.spec?.template?.spec?.containers[0]?.image ?? "";
    return Object.fromEntries(items.map((set) => [imageOf(set), set]));
  };
  const sizes = async () => Object.fromEntries(Object.entries(await sets()).map(([image, set]) => [image, set.spec?.replicas]));
  const pods = async () => (await client.list(Pod, { namespace })).items.filter(isPodActive);
  const events = async () => {
    await plane.events.flushed();
    return (await client.list(Event, { namespace })).items;
  };
  const scalings = async () => {
    const names = new Map(Object.entries(await sets()).map(([image, set]) => [set.metadata.name as string, image]));
    return (await events())
      .filter(({ reason }) => reason === "ScalingReplicaSet")
      .map(({ message }) => (message ?? "").replace(/replica set (\S+)/, (_, name) => names.get(name) ?? name));
  };
  const progressing = async () => findCondition((await deployment()).status?.conditions, "Progressing");
  const revision = (object: DeploymentObject | ReplicaSetObject | undefined, suffix = "revision") =>
    object?.metadata.annotations?.[`deployment.kubernetes.io/${suffix}`];
  return { ...plane, setReady, stopKubelet, rest, create, patch, deployment, sets, sizes, pods, events, scalings, progressing, revision };
}

test("DEP-30: a rolling update is told in events, from and to", async () => {
  const { create, rest, patch, scalings, deployment, revision, stop } = await setUp();
  await create({ strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await rest();
  await patch({ spec: { template: template("web:2") } });
  await rest();
  assert.deepEqual(await scalings(), [
    "Scaled up web:1 from 0 to 3",
    "Scaled up web:2 from 0 to 1",
    "Scaled down web:1 from 3 to 2",
    "Scaled up web:2 from 1 to 2",
    "Scaled down web:1 from 2 to 1",
    "Scaled up web:2 from 2 to 3",
    "Scaled down web:1 from 1 to 0",
  ]);
  const after = await deployment();
  assert.equal(revision(after), "2");
  const { conditions, ...counters } = after.status ?? {};
  assert.deepEqual(counters, {
    observedGeneration: after.metadata.generation,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
  });
  assert.deepEqual(conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`).sort(), [
    "Available=True/MinimumReplicasAvailable",
    "Progressing=True/NewReplicaSetAvailable",
  ]);
  await stop();
});

test("DEP-96, DEP-98: a silent stuck rollout is reported ten minutes after its last progress, in virtual time", async () => {
  const { create, rest, patch, progressing, clock, deployment, stop } = await setUp((pod) =>
    pod.spec?.containers[0]?.image === "web:1" ? 1000 : undefined,
  );
  await create();
  await rest();
  await patch({ spec: { template: template("web:broken") } });
  await rest(10_000);
  assert.equal((await progressing())?.reason, "ReplicaSetUpdated");
  const lastMove = parseTime((await progressing())?.lastUpdateTime) as number;
  await clock.advance(lastMove + 600_000 - clock.now());
  assert.equal((await progressing())?.status, "True", "exactly at the deadline it is not over yet");
  await clock.advance(1001);
  assert.deepEqual(
    { ...(await progressing()), lastUpdateTime: 0, lastTransitionTime: 0, message: "" },
    {
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: "",
      lastUpdateTime: 0,
      lastTransitionTime: 0,
    },
  );
  assert.equal((await deployment()).status?.availableReplicas, 3, "DEP-97: nothing else changes");
  await stop();
});

test("DEP-15, DEP-16: undo takes the old ReplicaSet again and gives it the next number", async () => {
  const { create, rest, patch, sets, revision, deployment, scalings, stop } = await setUp();
  await create({}, { "kubernetes.io/change-cause": "first" });
  await rest();
  const first = (await sets())["web:1"];
  await patch({ metadata: { annotations: { "kubernetes.io/change-cause": "second" } }, spec: { template: template("web:2") } });
  await rest();
  await patch({ metadata: { annotations: { "kubernetes.io/change-cause": "back" } }, spec: { template: template("web:1") } });
  await rest();
  const after = await sets();
  assert.deepEqual(Object.keys(after).sort(), ["web:1", "web:2"]);
  assert.equal(after["web:1"]?.metadata.uid, first?.metadata.uid);
  assert.equal(revision(after["web:1"]), "3");
  assert.equal(revision(after["web:1"], "revision-history"), "1");
  assert.equal(revision(await deployment()), "3");
  assert.equal(after["web:1"]?.metadata.annotations?.["kubernetes.io/change-cause"], "back");
  assert.equal(
    (await scalings()).at(-1),
    "(combined from similar events): Scaled down web:2 from 1 to 0",
    "API-111: the tenth and later ones",
  );
  await stop();
});

test("DEP-75 … DEP-77: Recreate makes the first new Pod when the last old one is gone, not before", async () => {
  const { create, rest, patch, sizes, pods, client, scalings, stop } = await setUp();
  // A finalizer stands for a slow end: the Pods stay, terminating.
  await create({
    strategy: { type: "Recreate" },
    template: { ...template("web:1"), metadata: { labels: { app: "web" }, finalizers: ["test.example/slow"] } },
  });
  await rest();
  const old = await pods();
  await patch({ spec: { template: { ...template("web:2"), metadata: { labels: { app: "web" }, finalizers: null } } } });
  await rest();
  assert.deepEqual(await sizes(), { "web:1": 0 });
  for (const pod of old.slice(1)) await client.patch(Pod, keyOf(pod), "merge", { metadata: { finalizers: null } });
  await rest();
  assert.deepEqual(await sizes(), { "web:1": 0 }, "one old Pod is left");
  await client.patch(Pod, keyOf(old[0] as PodObject), "merge", { metadata: { finalizers: null } });
  await rest();
  assert.deepEqual(await sizes(), { "web:1": 0, "web:2": 3 });
  assert.deepEqual(await scalings(), ["Scaled up web:1 from 0 to 3", "Scaled down web:1 from 3 to 0", "Scaled up web:2 from 0 to 3"]);
  await stop();
});

test("DEP-112, DEP-113: paused, it scales but does not roll; resumed, it rolls", async () => {
  const { create, rest, patch, sizes, progressing, stop } = await setUp();
  await create({ paused: true });
  await rest();
  assert.deepEqual(await sizes(), {}, "created paused it has no ReplicaSet");
  await patch({ spec: { paused: false } });
  await rest();
  await patch({ spec: { paused: true, template: template("web:2"), replicas: 5 } });
  await rest();
  assert.deepEqual(await sizes(), { "web:1": 5 });
  assert.equal((await progressing())?.reason, "DeploymentPaused");
  await rest(3_600_000);
  assert.equal((await progressing())?.reason, "DeploymentPaused", "no deadline runs while it is paused");
  await patch({ spec: { paused: false } });
  await rest();
  assert.deepEqual(await sizes(), { "web:1": 0, "web:2": 5 });
  await stop();
});

test("DEP-110: of many revisions the limit's worth is kept, beside the current one", async () => {
  const { create, rest, patch, sets, stop } = await setUp();
  await create({ revisionHistoryLimit: 2 });
  await rest();
  for (let version = 2; version <= 5; version++) {
    await patch({ spec: { template: template(`web:${version}`) } });
    await rest();
  }
  assert.deepEqual(Object.keys(await sets()).sort(), ["web:3", "web:4", "web:5"]);
  await stop();
});

test("DEP-18: annotations and minReadySeconds go to the current ReplicaSet without a new revision", async () => {
  const { create, rest, patch, sets, deployment, revision, stop } = await setUp();
  await create();
  await rest();
  await patch({ metadata: { annotations: { team: "shop" } }, spec: { minReadySeconds: 4 } });
  await rest();
  const set = (await sets())["web:1"];
  assert.equal(set?.metadata.annotations?.team, "shop");
  assert.equal(set?.spec?.minReadySeconds, 4);
  assert.equal(revision(await deployment()), "1");
  await stop();
});

test("DEP-114, RS-10, RS-13: an orphaned ReplicaSet and its Pods are adopted by the next Deployment of that selector", async () => {
  const { create, rest, client, sets, pods, deployment, stop } = await setUp();
  await create();
  await rest();
  const before = (await pods()).map(({ metadata }) => metadata.uid).sort();
  const set = (await sets())["web:1"] as ReplicaSetObject;
  await client.delete(Deployment, key, { propagationPolicy: "Orphan" });
  // What the garbage collector does for an orphaning delete: it takes the references away, then the finalizer.
  await client.patch(ReplicaSet, keyOf(set), "merge", { metadata: { ownerReferences: null } });
  await client.patch(Deployment, key, "merge", { metadata: { finalizers: null } }).catch(() => {});
  await rest();
  assert.equal(findOwner((await sets())["web:1"]), undefined);
  await create();
  await rest();
  assert.equal(findOwner((await sets())["web:1"]), (await deployment()).metadata.uid);
  assert.deepEqual((await pods()).map(({ metadata }) => metadata.uid).sort(), before, "no Pod was touched");
  await stop();
});

test("RS-10: a Pod whose labels stop matching is released and replaced", async () => {
  const { create, rest, client, pods, stop } = await setUp();
  await create();
  await rest();
  const [first] = await pods();
  await client.patch(Pod, keyOf(first as PodObject), "merge", { metadata: { labels: { app: "quarantine" } } });
  await rest();
  const released = await client.get(Pod, keyOf(first as PodObject));
  assert.deepEqual(released.metadata.ownerReferences ?? [], []);
  assert.equal((await pods()).filter(({ metadata }) => metadata.labels?.app === "web").length, 3);
  await stop();
});

test("DEP-19: a foreign ReplicaSet under the name that was meant makes the next name the right one", async () => {
  const { create, rest, sets, client, deployment, patch, stop } = await setUp();
  await create();
  await rest();
  const present = (await sets())["web:1"] as ReplicaSetObject;
  // The same name again, of somebody else: the Deployment was deleted and only its name in ReplicaSets was taken.
  await client.delete(Deployment, key, { propagationPolicy: "Background" });
  await client.delete(ReplicaSet, keyOf(present), { propagationPolicy: "Background" });
  const labels = { app: "foreign" };
  await client.create(ReplicaSet, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: present.metadata.name as string, namespace, labels },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: { ...template("foreign:1"), metadata: { labels } } },
  });
  await create();
  await rest();
  assert.equal((await deployment()).status?.collisionCount, 1);
  assert.equal((await sets())["web:1"]?.spec?.replicas, 3);
  await patch({ spec: { template: template("web:2") } });
  await rest();
  assert.equal((await deployment()).status?.updatedReplicas, 3);
  await stop();
});

test("DEP-118: Pods count as available the moment minReadySeconds have passed", async () => {
  const { create, rest, deployment, clock, stop } = await setUp();
  await create({ minReadySeconds: 60 });
  await rest(2000);
  assert.equal((await deployment()).status?.readyReplicas, 3);
  assert.equal((await deployment()).status?.availableReplicas, undefined);
  await clock.advance(59_500);
  assert.equal((await deployment()).status?.availableReplicas, 3);
  await stop();
});

test("RS-1: a lost Pod is replaced at once, a terminating one as well, and it is counted as terminating", async () => {
  const { create, rest, pods, client, deployment, stop } = await setUp();
  await create({ template: { ...template("web:1"), metadata: { labels: { app: "web" }, finalizers: ["test.example/slow"] } } });
  await rest();
  const [victim] = await pods();
  await client.delete(Pod, keyOf(victim as PodObject), {});
  await rest();
  assert.equal((await pods()).filter(isPodReady).length, 3);
  assert.equal((await deployment()).status?.terminatingReplicas, 1);
  await stop();
});

test("RS-2, RS-8: Pods that are refused are reported and retried, and the report goes with the first success", async () => {
  const { create, rest, client, deployment, sets, pods, events, stop } = await setUp();
  const account = { namespace, name: "late" };
  await create({ template: template("web:1", { serviceAccountName: account.name }) });
  await rest();
  const failure = async () => findCondition((await sets())["web:1"]?.status?.conditions, "ReplicaFailure");
  assert.equal((await failure())?.reason, "FailedCreate");
  assert.match((await failure())?.message ?? "", /serviceaccount "late" not found/);
  assert.equal(findCondition((await deployment()).status?.conditions, "ReplicaFailure")?.status, "True");
  const refusals = (await events()).filter(({ reason }) => reason === "FailedCreate");
  assert.ok(
    refusals.every(({ message }) => message?.startsWith("Error creating: ") || message?.startsWith("(combined from similar events): ")),
  );
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  await rest(120_000);
  assert.equal((await pods()).filter(isPodReady).length, 3);
  assert.equal(await failure(), undefined);
  assert.equal(findCondition((await deployment()).status?.conditions, "ReplicaFailure"), undefined);
  await stop();
});

test("DEP-20: a ReplicaSet that can't be made is told in a condition and an event, and tried again", async () => {
  let refused = true;
  const { create, rest, deployment, events, stop } = await setUp(
    () => 1000,
    (client) => ({
      ...client,
      create: (kind, object, options) =>
        refused && kind.plural === "replicasets"
          ? Promise.reject(forbidden({ group: "apps", resource: "replicasets" }, "no room"))
          : client.create(kind, object, options),
    }),
  );
  await create();
  await rest(100);
  const condition = findCondition((await deployment()).status?.conditions, "Progressing");
  assert.equal(condition?.status, "False");
  assert.equal(condition?.reason, "ReplicaSetCreateError");
  assert.match(condition?.message ?? "", /^Failed to create new replica set "web-[a-z0-9]+": replicasets\.apps is forbidden: no room$/);
  const [event] = (await events()).filter(({ type }) => type === "Warning");
  assert.deepEqual([event?.reason, event?.message], ["ReplicaSetCreateError", condition?.message]);
  refused = false;
  await rest(60_000);
  assert.equal((await deployment()).status?.updatedReplicas, 3);
  await stop();
});

test("RS-3: a controller whose cache is behind does not make Pods twice", async () => {
  // The watch of Pods is cut off: what was made is not seen.
  const made: string[] = [];
  const { create, rest, clock, stop } = await setUp(
    () => undefined,
    (client) => ({
      ...client,
      async create(kind, object, options) {
        if (kind.plural === "pods") {
          made.push(object.metadata.generateName ?? "");
          return { ...object, metadata: { ...object.metadata, name: `unseen-${made.length}` } };
        }
        return await client.create(kind, object, options);
      },
    }),
  );
  await create();
  await rest(240_000);
  assert.equal(made.length, 3);
  await clock.advance(3_600_000);
  assert.ok(made.length >= 6, "what never comes is made again in the end");
  assert.ok(made.length <= 3 * 5, `it is believed to be missed once in a quarter of an hour at most: ${made.length}`);
  await stop();
});

test("RS-7: every Pod that is made or removed is told of", async () => {
  const { create, rest, patch, events, stop } = await setUp();
  await create();
  await rest();
  await patch({ spec: { replicas: 1 } });
  await rest();
  const told = (await events()).filter(({ source }) => source?.component === "replicaset-controller");
  assert.deepEqual(told.map(({ reason }) => reason).sort(), [
    "SuccessfulCreate",
    "SuccessfulCreate",
    "SuccessfulCreate",
    "SuccessfulDelete",
    "SuccessfulDelete",
  ]);
  assert.match(told[0]?.message ?? "", /^Created pod: web-[a-z0-9]+-[a-z0-9]{5}$/);
  await stop();
});

test("a ReplicationController keeps its Pods by the same loop", async () => {
  const { client, rest, pods, events, stop } = await setUp();
  const name = { namespace, name: "old-style" };
  await client.create(ReplicationController, {
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: name,
    spec: { replicas: 2, selector: { app: "web" }, template: template("web:1") },
  });
  await rest();
  assert.equal((await client.get(ReplicationController, name)).status?.readyReplicas, 2);
  await client.patch(ReplicationController, name, "merge", { spec: { replicas: 1 } });
  await rest();
  assert.equal((await pods()).length, 1);
  assert.ok((await events()).some(({ source }) => source?.component === "replication-controller"));
  await stop();
});

const findOwner = (set: ReplicaSetObject | undefined): string | undefined =>
  set?.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
