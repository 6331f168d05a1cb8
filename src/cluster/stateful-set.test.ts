// What a user sees of StatefulSets, on the real server core in virtual time. A small kubelet makes Pods ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { PersistentVolumeClaim } from "../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { ControllerRevision as ControllerRevisionObject, Pod as PodObject, StatefulSetSpec } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "web" };
const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }], ...more },
});
const imageOf = (pod: PodObject): string => pod.spec?.containers[0]?.image ?? "";

/** Pods become ready after a second unless their image is "broken". */
async function setUp() {
  const plane = await startVirtualControlPlane({ controllers: [statefulSetController] });
  const { client, clock } = plane;
  const setReady = async (pod: PodObject, ready = true) => {
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) }];
    await client.patch(Pod, keyOf(pod), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" });
  };
  const order: string[] = [];
  plane.informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "updated") order.push(`${type === "added" ? "+" : "-"}${object.metadata.name} ${imageOf(object)}`);
    if (type === "added" && imageOf(object) !== "broken") clock.setTimer(1000, () => void setReady(object).catch(() => {}));
  });
  const create = async (spec: Partial<StatefulSetSpec> = {}, annotations: Record<string, string> = {}) => {
    const whole = { replicas: 3, serviceName: "web", selector: { matchLabels: { app: "web" } }, template: template("v1"), ...spec };
    await client.create(StatefulSet, {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { ...key, annotations },
      spec: whole as StatefulSetSpec,
    });
    await clock.advance(30_000);
  };
  const patch = async (change: unknown) => {
    await client.patch(StatefulSet, key, "merge", change);
    await clock.advance(30_000);
  };
  const status = async () => (await client.get(StatefulSet, key)).status;
  const pods = async () => (await client.list(Pod, { namespace })).items;
  const named = async () => Object.fromEntries((await pods()).map((pod) => [pod.metadata.name, pod]));
  const images = async () => (await pods()).map((pod) => `${pod.metadata.name} ${imageOf(pod)}`).sort();
  const claims = async () => (await client.list(PersistentVolumeClaim, { namespace })).items;
  const revisions = async () => (await client.list(ControllerRevision, { namespace })).items.toSorted((a, b) => a.revision - b.revision);
  const events = async () => {
    await plane.events.flushed();
    return (await client.list(Event, { namespace })).items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  };
  const begin = () => order.splice(0);
  return { ...plane, setReady, order, begin, create, patch, status, pods, named, images, claims, revisions, events };
}

test("STS-1 … STS-3, STS-15: Pods come in order, with a name, a hostname and labels of their own", async () => {
  const { create, order, named, revisions, events, stop } = await setUp();
  await create({ ordinals: { start: 5 } });
  assert.deepEqual(order, ["+web-5 v1", "+web-6 v1", "+web-7 v1"]);
  const pod = (await named())["web-6"];
  const [revision] = await revisions();
  assert.deepEqual(pod?.metadata.labels, {
    app: "web",
    "apps.kubernetes.io/pod-index": "6",
    "controller-revision-hash": revision?.metadata.name,
    "statefulset.kubernetes.io/pod-name": "web-6",
  });
  assert.equal(pod?.spec?.hostname, "web-6");
  assert.equal(pod?.spec?.subdomain, "web");
  assert.deepEqual(
    (await events()).sort(),
    [5, 6, 7].map((n) => `Normal SuccessfulCreate create Pod web-${n} in StatefulSet web successful`),
  );
  await stop();
});

test("STS-10, STS-20: an update goes from the highest ordinal down, and scaling down too", async () => {
  const { create, begin, order, patch, status, stop } = await setUp();
  await create();
  begin();
  await patch({ spec: { template: template("v2") } });
  assert.deepEqual(order, ["-web-2 v1", "+web-2 v2", "-web-1 v1", "+web-1 v2", "-web-0 v1", "+web-0 v2"]);
  const after = await status();
  assert.equal(after?.currentRevision, after?.updateRevision);
  assert.deepEqual(
    [after?.replicas, after?.readyReplicas, after?.availableReplicas, after?.currentReplicas, after?.updatedReplicas],
    [3, 3, 3, 3, 3],
  );
  begin();
  await patch({ spec: { replicas: 1 } });
  assert.deepEqual(order, ["-web-2 v2", "-web-1 v2"]);
  await stop();
});

test("STS-21: below the partition a Pod comes back as it was", async () => {
  const { create, patch, images, client, clock, status, stop } = await setUp();
  await create();
  await patch({ spec: { template: template("v2"), updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } } });
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v1", "web-2 v2"]);
  await client.delete(Pod, { namespace, name: "web-0" });
  await client.delete(Pod, { namespace, name: "web-2" });
  await clock.advance(30_000);
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v1", "web-2 v2"]);
  assert.notEqual((await status())?.currentRevision, (await status())?.updateRevision);
  await stop();
});

test("STS-23: in order, a broken update is not repaired by going back; the Pod has to be deleted", async () => {
  const { create, patch, images, client, clock, stop } = await setUp();
  await create();
  await patch({ spec: { template: template("broken") } });
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v1", "web-2 broken"]);
  await patch({ spec: { template: template("v1") } });
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v1", "web-2 broken"]);
  await client.delete(Pod, { namespace, name: "web-2" });
  await clock.advance(30_000);
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v1", "web-2 v1"]);
  await stop();
});

test("STS-22: with OnDelete a Pod changes when somebody deletes it", async () => {
  const { create, patch, images, client, clock, stop } = await setUp();
  await create({ updateStrategy: { type: "OnDelete" } });
  await patch({ spec: { template: template("v2") } });
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v1", "web-2 v1"]);
  await client.delete(Pod, { namespace, name: "web-1" });
  await clock.advance(30_000);
  assert.deepEqual(await images(), ["web-0 v1", "web-1 v2", "web-2 v1"]);
  await stop();
});

test("STS-29: maxUnavailable lets a Parallel set replace several at once", async () => {
  const { create, begin, order, patch, stop } = await setUp();
  const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 0, maxUnavailable: "50%" } };
  await create({ replicas: 5, podManagementPolicy: "Parallel", updateStrategy });
  begin();
  await patch({ spec: { template: template("v2") } });
  assert.deepEqual(order.slice(0, 4).sort(), ["+web-3 v2", "+web-4 v2", "-web-3 v1", "-web-4 v1"]);
  assert.equal(order.filter((each) => each.endsWith("v2")).length, 5);
  await stop();
});

test("STS-35, STS-38: minReadySeconds holds up the next Pod, and availability comes without anybody asking", async () => {
  const { create, pods, clock, status, stop } = await setUp();
  await create({ minReadySeconds: 60 });
  assert.equal((await pods()).length, 1);
  await clock.advance(33_000);
  assert.equal((await pods()).length, 2);
  assert.deepEqual([(await status())?.readyReplicas, (await status())?.availableReplicas], [2, 1]);
  await clock.advance(150_000);
  assert.equal((await status())?.availableReplicas, 3);
  await stop();
});

test("STS-14: a failed Pod is replaced under its name", async () => {
  const { create, named, client, clock, stop } = await setUp();
  await create();
  const before = (await named())["web-1"] as PodObject;
  await client.patch(Pod, keyOf(before), "merge", { status: { phase: "Failed" } }, { subresource: "status" });
  await clock.advance(30_000);
  const after = (await named())["web-1"] as PodObject;
  assert.notEqual(after.metadata.uid, before.metadata.uid);
  assert.ok(isPodReady(after));
  await stop();
});

test("STS-4, STS-5: claims come before their Pod, outlive it, and go as the policy says", async () => {
  const { create, patch, claims, named, events, clock, stop } = await setUp();
  const volumeClaimTemplates = [
    { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
  ] as unknown as NonNullable<StatefulSetSpec["volumeClaimTemplates"]>;
  const mounted = { containers: [{ name: "app", image: "v1", volumeMounts: [{ name: "data", mountPath: "/data" }] }] };
  await create({ replicas: 2, volumeClaimTemplates, template: template("v1", mounted) });
  const owners = async () =>
    Object.fromEntries(
      (await claims()).map(({ metadata }) => [metadata.name, (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind} ${name}`)]),
    );
  assert.deepEqual(await owners(), { "data-web-0": [], "data-web-1": [] });
  assert.deepEqual((await claims())[0]?.metadata.labels, { app: "web" });
  assert.deepEqual((await named())["web-1"]?.spec?.volumes?.[0], { name: "data", persistentVolumeClaim: { claimName: "data-web-1" } });
  assert.ok((await events()).includes("Normal SuccessfulCreate create Claim data-web-0 Pod web-0 in StatefulSet web success"));
  await patch({ spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" } } });
  assert.deepEqual(await owners(), { "data-web-0": ["StatefulSet web"], "data-web-1": ["StatefulSet web"] });
  await patch({ spec: { replicas: 1 } });
  assert.deepEqual(await owners(), { "data-web-0": ["StatefulSet web"], "data-web-1": ["Pod web-1"] });
  // The claim still belongs to the Pod that is gone: a new one would lose it with the next collection.
  await patch({ spec: { replicas: 2 } });
  assert.equal((await named())["web-1"], undefined);
  await clock.advance(1000);
  await stop();
});

test("STS-24 … STS-28, CR-1: revisions are byte for byte what kubectl would write; an old one is used again; few are kept", async () => {
  const { create, patch, revisions, status, stop } = await setUp();
  await create({ revisionHistoryLimit: 1 }, { "kubernetes.io/change-cause": "first" });
  const [first] = (await revisions()) as [ControllerRevisionObject];
  assert.match(first.metadata.name as string, /^web-[bcdf-hj-np-tv-xz2456789]+$/);
  assert.equal(first.metadata.name, `web-${first.metadata.labels?.["controller.kubernetes.io/hash"]}`);
  assert.equal(first.metadata.annotations?.["kubernetes.io/change-cause"], "first");
  const text = JSON.stringify(first.data);
  assert.ok(
    text.startsWith('{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"v1",'),
    text,
  );
  await patch({ spec: { template: template("v2") } });
  await patch({ spec: { template: template("v1") } });
  assert.deepEqual(
    (await revisions()).map(({ data, revision }) => `${data.spec.template.spec.containers[0].image}#${revision}`),
    ["v2#2", "v1#3"],
  );
  await patch({ spec: { template: template("v3") } });
  await patch({ spec: { template: template("v4") } });
  assert.deepEqual(
    (await revisions()).map(({ revision }) => revision),
    [4, 5],
  );
  assert.equal((await status())?.collisionCount, 0);
  await stop();
});

test("STS-27: a name that another template has taken gives way to the next collision count", async () => {
  const probe = await setUp();
  await probe.create();
  const [taken] = (await probe.revisions()) as [ControllerRevisionObject];
  await probe.stop();
  const { client, create, revisions, status, stop } = await setUp();
  await client.create(ControllerRevision, {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: taken.metadata.name as string, namespace },
    data: { spec: { template: {} } },
    revision: 1,
  });
  await create();
  assert.equal((await status())?.collisionCount, 1);
  assert.notEqual((await status())?.updateRevision, taken.metadata.name);
  assert.equal((await revisions()).length, 2);
  await stop();
});
