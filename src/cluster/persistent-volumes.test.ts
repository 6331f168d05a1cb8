// Claims, volumes and the Pods that use them: the real server, binder, provisioner and scheduler, in virtual time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isNotFound } from "../api/errors.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { PersistentVolume } from "../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { StorageClass } from "../api/kinds/storage-class/index.ts";
import type { PersistentVolume as VolumeObject, PersistentVolumeClaimSpec, PersistentVolumeSpec, PodSpec } from "../api/types.ts";
import { type Cluster, startCluster } from "./start-cluster.node.ts";

let cluster: Cluster;
before(async () => {
  cluster = await startCluster({ clock: "virtual", nodes: 2 });
});
after(() => cluster.stop());

let namespaces = 0;
/** A namespace of its own for each test; classes and volumes carry its name. */
async function scene() {
  const { client, until } = cluster;
  const namespace = `storage-${++namespaces}`;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await until("the namespace has its account", async () => (await client.list(ServiceAccount, { namespace })).items.length === 1);
  const getClaim = (name: string) => client.get(PersistentVolumeClaim, { namespace, name });
  const getVolume = (name: string) => client.get(PersistentVolume, { name });
  const getPod = (name: string) => client.get(Pod, { namespace, name });
  const gone = (look: Promise<unknown>): Promise<boolean> =>
    look.then(
      () => false,
      (error) => {
        if (!isNotFound(error)) throw error;
        return true;
      },
    );
  return {
    namespace,
    getClaim,
    getVolume,
    getPod,
    gone,
    claim: (name: string, spec: PersistentVolumeClaimSpec = {}) =>
      client.create(PersistentVolumeClaim, {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { namespace, name },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
      }),
    volume: (name: string, spec: PersistentVolumeSpec = {}, metadata: VolumeObject["metadata"] = {}) =>
      client.create(PersistentVolume, {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { ...metadata, name: `${namespace}-${name}` },
        spec: {
          accessModes: ["ReadWriteOnce"],
          capacity: { storage: "1Gi" },
          hostPath: { path: "/data" },
          storageClassName: namespace,
          ...spec,
        },
      }),
    storageClass: (volumeBindingMode: string, provisioner = "kubernetes.io/no-provisioner", more: object = {}) =>
      client.create(StorageClass, {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: namespace },
        provisioner,
        volumeBindingMode,
        ...more,
      }),
    pod: (name: string, claimName: string, spec: Partial<PodSpec> = {}) =>
      client.create(Pod, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: "app", image: "web" }],
          volumes: [{ name: "data", persistentVolumeClaim: { claimName } }],
          ...spec,
        },
      }),
    claimIs: (name: string, phase: string) =>
      until(`claim ${name} is ${phase}`, async () => (await getClaim(name)).status?.phase === phase),
    volumeIs: (name: string, phase: string) =>
      until(`volume ${name} is ${phase}`, async () => (await getVolume(name)).status?.phase === phase),
    runs: (name: string) => until(`Pod ${name} runs`, async () => (await getPod(name)).status?.phase === "Running"),
    says: (message: string, reason?: string) =>
      until(`an event says: ${message}`, async () => {
        const { items } = await client.list(Event, { namespace });
        return items.some((event) => event.message === message && (reason === undefined || event.reason === reason));
      }),
  };
}

const on = (node: string): PersistentVolumeSpec => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }] },
  },
});

test("a claim without a class waits for its first Pod, gets a volume on the Pod's node, and takes it along when deleted", async () => {
  const { client } = cluster;
  const { claim, pod, says, claimIs, runs, getClaim, getPod, getVolume, gone, namespace } = await scene();
  await claim("data");
  await says("waiting for first consumer to be created before binding", "WaitForFirstConsumer");
  assert.equal((await getClaim("data")).spec?.storageClassName, "standard");
  assert.equal((await getClaim("data")).status?.phase, "Pending");

  await pod("app", "data");
  await runs("app");
  await claimIs("data", "Bound");
  const bound = await getClaim("data");
  const { nodeName } = (await getPod("app")).spec as PodSpec;
  const volumeName = `pvc-${bound.metadata.uid}`;
  assert.equal(bound.spec?.volumeName, volumeName);
  assert.deepEqual(bound.status, { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } });
  assert.equal(bound.metadata.annotations?.["volume.kubernetes.io/selected-node"], nodeName);
  assert.equal(bound.metadata.annotations?.["pv.kubernetes.io/bind-completed"], "yes");
  await says(`Successfully provisioned volume ${volumeName}`, "ProvisioningSucceeded");
  const volume = await getVolume(volumeName);
  assert.deepEqual(volume.spec?.nodeAffinity, on(nodeName as string).nodeAffinity);
  assert.equal(volume.status?.phase, "Bound");

  await client.delete(PersistentVolumeClaim, { namespace, name: "data" });
  await cluster.advance(5000);
  assert.ok((await getClaim("data")).metadata.deletionTimestamp, "API-97: it stays while the Pod uses it");
  await client.delete(Pod, { namespace, name: "app" });
  await cluster.until("the claim has gone", () => gone(getClaim("data")));
  await cluster.until("the volume has gone", () => gone(getVolume(volumeName)));
});

test("Pods that share a claim go to one node, also when they come at once", async () => {
  const { claim, pod, runs, getPod } = await scene();
  await claim("data");
  const names = ["a", "b", "c", "d"];
  await Promise.all(names.map((name) => pod(name, "data")));
  for (const name of names) await runs(name);
  const nodes = await Promise.all(names.map(async (name) => (await getPod(name)).spec?.nodeName));
  assert.equal(new Set(nodes).size, 1);
});

test("a volume that many may write is bound to no node", async () => {
  const { claim, pod, runs, getPod, getClaim, getVolume } = await scene();
  await claim("data", { accessModes: ["ReadWriteMany"] });
  await pod("a", "data", { nodeSelector: { "kubernetes.io/hostname": "node-1" } });
  await pod("b", "data", { nodeSelector: { "kubernetes.io/hostname": "node-2" } });
  await runs("a");
  await runs("b");
  assert.equal((await getPod("b")).spec?.nodeName, "node-2");
  assert.equal((await getVolume((await getClaim("data")).spec?.volumeName as string)).spec?.nodeAffinity, undefined);
});

test("of the volumes that fit a claim gets the smallest; those too small, of other modes, labels or classes stay free", async () => {
  const { claim, volume, claimIs, getClaim, volumeIs, namespace } = await scene();
  await volume("large", { capacity: { storage: "10Gi" } });
  await volume("small", { capacity: { storage: "1Gi" } });
  await volume("right", { capacity: { storage: "5Gi" } });
  await volume("block", { capacity: { storage: "3Gi" }, volumeMode: "Block" });
  await volume("read", { capacity: { storage: "3Gi" }, accessModes: ["ReadOnlyMany"] });
  await volume("other", { capacity: { storage: "3Gi" }, storageClassName: `${namespace}-other` });
  await volume("labelled", { capacity: { storage: "3Gi" } }, { labels: { disk: "fast" } });
  await claim("labels", { storageClassName: namespace, selector: { matchLabels: { disk: "fast" } } });
  await claimIs("labels", "Bound");
  assert.equal((await getClaim("labels")).spec?.volumeName, `${namespace}-labelled`);
  await claim("data", { storageClassName: namespace, resources: { requests: { storage: "2Gi" } } });
  await claimIs("data", "Bound");
  assert.equal((await getClaim("data")).spec?.volumeName, `${namespace}-right`);
  assert.deepEqual((await getClaim("data")).status?.capacity, { storage: "5Gi" });
  for (const name of ["large", "small", "block", "read", "other"]) await volumeIs(`${namespace}-${name}`, "Available");
});

test("a claim waits for a volume that comes later, and one without a class says that there is none", async () => {
  const { claim, volume, claimIs, says, getClaim, namespace } = await scene();
  await claim("data", { storageClassName: "" });
  await says("no persistent volumes available for this claim and no storage class is set", "FailedBinding");
  await volume("late", { storageClassName: "" });
  await claimIs("data", "Bound");
  assert.equal((await getClaim("data")).spec?.volumeName, `${namespace}-late`);
});

test("a free volume that grows, or gets the right label, answers a claim that waited for that", async () => {
  const { claim, volume, claimIs, says, namespace } = await scene();
  const { client } = cluster;
  await volume("small", { capacity: { storage: "1Gi" }, storageClassName: "" });
  await claim("large", { storageClassName: "", resources: { requests: { storage: "5Gi" } } });
  await says("no persistent volumes available for this claim and no storage class is set", "FailedBinding");
  await client.patch(PersistentVolume, { name: `${namespace}-small` }, "merge", { spec: { capacity: { storage: "5Gi" } } });
  await claimIs("large", "Bound");
  await volume("plain", { storageClassName: "" });
  await claim("picky", { storageClassName: "", selector: { matchLabels: { disk: namespace } } });
  await claimIs("picky", "Pending");
  await client.patch(PersistentVolume, { name: `${namespace}-plain` }, "merge", { metadata: { labels: { disk: namespace } } });
  await claimIs("picky", "Bound");
});

test("a volume promised to a claim goes to it, and a claim that names a volume gets that one", async () => {
  const { claim, volume, volumeIs, claimIs, says, getClaim, namespace } = await scene();
  await volume("kept", { capacity: { storage: "9Gi" }, claimRef: { namespace, name: "wanted" } });
  await volume("free");
  await volumeIs(`${namespace}-kept`, "Available");
  await claim("wanted", { storageClassName: namespace });
  await claimIs("wanted", "Bound");
  assert.equal((await getClaim("wanted")).spec?.volumeName, `${namespace}-kept`);

  await claim("late", { storageClassName: namespace, volumeName: `${namespace}-kept` });
  await says(`volume "${namespace}-kept" already bound to a different claim.`, "FailedBinding");
  await claim("large", { storageClassName: namespace, volumeName: `${namespace}-free`, resources: { requests: { storage: "2Gi" } } });
  await says(`Cannot bind to requested volume "${namespace}-free": requested PV is too small`, "VolumeMismatch");
  await claim("by-name", { storageClassName: namespace, volumeName: `${namespace}-free` });
  await claimIs("by-name", "Bound");
});

test("two claims never get one volume", async () => {
  const { claim, volume, claimIs, getClaim, namespace } = await scene();
  const names = Array.from({ length: 10 }, (_, index) => `data-${index}`);
  await Promise.all(names.map((name) => volume(name)));
  await Promise.all(names.map((name) => claim(name, { storageClassName: namespace })));
  for (const name of names) await claimIs(name, "Bound");
  const volumes = await Promise.all(names.map(async (name) => (await getClaim(name)).spec?.volumeName));
  assert.equal(new Set(volumes).size, names.length);
});

test("when its claim goes, a volume stays Released with Retain, and fails by name where nobody can delete or recycle it", async () => {
  const { claim, volume, volumeIs, claimIs, getVolume, namespace } = await scene();
  const volumes = { Retain: "Released", Delete: "Failed", Recycle: "Failed" };
  for (const policy of Object.keys(volumes)) {
    await volume(policy.toLowerCase(), { persistentVolumeReclaimPolicy: policy });
    await claim(policy.toLowerCase(), { storageClassName: namespace, volumeName: `${namespace}-${policy.toLowerCase()}` });
    await claimIs(policy.toLowerCase(), "Bound");
  }
  for (const [policy, phase] of Object.entries(volumes)) {
    await cluster.client.delete(PersistentVolumeClaim, { namespace, name: policy.toLowerCase() });
    await volumeIs(`${namespace}-${policy.toLowerCase()}`, phase);
  }
  const { status } = await getVolume(`${namespace}-delete`);
  assert.equal(status?.message, `error getting deleter volume plugin for volume "${namespace}-delete": no deletable volume plugin matched`);
  // A released volume is nobody else's until a person frees it.
  await claim("next", { storageClassName: namespace });
  await cluster.advance(30_000);
  assert.equal((await getVolume(`${namespace}-retain`)).spec?.claimRef?.name, "retain");
  const { claimRef: _, ...spec } = (await getVolume(`${namespace}-retain`)).spec as PersistentVolumeSpec;
  await cluster.client.update(PersistentVolume, { ...(await getVolume(`${namespace}-retain`)), spec });
  await claimIs("next", "Bound");
});

test("a volume in use is not removed, and a claim whose volume is torn away is Lost", async () => {
  const { client } = cluster;
  const { claim, volume, claimIs, says, getVolume, gone, namespace } = await scene();
  const name = `${namespace}-disk`;
  await volume("disk");
  await claim("data", { storageClassName: namespace });
  await claimIs("data", "Bound");
  await client.delete(PersistentVolume, { name });
  await cluster.advance(5000);
  const leaving = await getVolume(name);
  assert.deepEqual(leaving.metadata.finalizers, ["kubernetes.io/pv-protection"], "API-97");
  await client.update(PersistentVolume, { ...leaving, metadata: { ...leaving.metadata, finalizers: [] } });
  await cluster.until("the volume has gone", () => gone(getVolume(name)));
  await claimIs("data", "Lost");
  await says("Bound claim has lost its PersistentVolume. Data on the volume is lost!", "ClaimLost");
});

test("a class that waits takes a free volume on a node that suits the Pod", async () => {
  const { claim, volume, storageClass, pod, runs, says, getPod, getClaim, volumeIs, namespace } = await scene();
  await storageClass("WaitForFirstConsumer");
  await volume("one", on("node-1"));
  await volume("two", on("node-2"));
  await volumeIs(`${namespace}-two`, "Available");
  await claim("data", { storageClassName: namespace });
  await says("waiting for first consumer to be created before binding");
  await pod("app", "data", { nodeSelector: { "kubernetes.io/hostname": "node-2" } });
  await runs("app");
  assert.equal((await getClaim("data")).spec?.volumeName, `${namespace}-two`);
  await pod("elsewhere", "data", { nodeSelector: { "kubernetes.io/hostname": "node-1" } });
  await says(
    "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had volume node affinity conflict. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
  );
  await claim("more", { storageClassName: namespace, resources: { requests: { storage: "7Gi" } } });
  await pod("none", "more");
  await says(
    "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    "FailedScheduling",
  );
  assert.equal((await getPod("none")).spec?.nodeName, undefined);
});

test("a Pod says what it waits for: a claim that is not there, not bound, or going away", async () => {
  const { claim, volume, pod, runs, says, getPod, namespace } = await scene();
  const tail = "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
  await pod("app", "data");
  await says(`0/2 nodes are available: persistentvolumeclaim "data" not found. ${tail}`, "FailedScheduling");
  const condition = (await getPod("app")).status?.conditions?.find(({ type }) => type === "PodScheduled");
  assert.deepEqual([condition?.status, condition?.reason], ["False", "Unschedulable"]);
  await claim("data", { storageClassName: namespace });
  await says(`storageclass.storage.k8s.io "${namespace}" not found`, "ProvisioningFailed");
  await says(`0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. ${tail}`);
  await volume("disk");
  await runs("app");
  await cluster.client.delete(PersistentVolumeClaim, { namespace, name: "data" });
  await pod("late", "data");
  await says(`0/2 nodes are available: persistentvolumeclaim "data" is being deleted. ${tail}`);
});

test("an unknown provisioner is waited for, by name", async () => {
  const { claim, storageClass, says, getClaim, namespace } = await scene();
  await storageClass("Immediate", "example.com/disk");
  await claim("data", { storageClassName: namespace });
  await says(
    "Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    "ExternalProvisioning",
  );
  assert.equal((await getClaim("data")).metadata.annotations?.["volume.kubernetes.io/storage-provisioner"], "example.com/disk");
});

test("an Immediate class of the local provisioner needs no Pod; what a directory can't be is refused by name", async () => {
  const { claim, storageClass, claimIs, says, namespace } = await scene();
  await storageClass("Immediate", "windlass.dev/local-path");
  await claim("data", { storageClassName: namespace });
  await claimIs("data", "Bound");
  await claim("block", { storageClassName: namespace, volumeMode: "Block" });
  await says(
    `failed to provision volume with StorageClass "${namespace}": windlass.dev/local-path does not support block volumes`,
    "ProvisioningFailed",
  );
});

test("a node that is chosen and goes before the volume is made is replaced by another one", async () => {
  const { client } = cluster;
  const { claim, pod, runs, getClaim, getPod, namespace } = await scene();
  await claim("data");
  await client.patch(PersistentVolumeClaim, { namespace, name: "data" }, "merge", {
    metadata: { annotations: { "volume.kubernetes.io/selected-node": "node-that-was" } },
  });
  await pod("app", "data");
  await runs("app");
  assert.equal((await getClaim("data")).metadata.annotations?.["volume.kubernetes.io/selected-node"], (await getPod("app")).spec?.nodeName);
});

test("a ReadWriteOncePod claim is used by one Pod at a time", async () => {
  const { client } = cluster;
  const { claim, pod, runs, says, namespace } = await scene();
  await claim("data", { accessModes: ["ReadWriteOncePod"] });
  await pod("first", "data");
  await runs("first");
  await pod("second", "data");
  await says(
    "0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
  );
  await client.delete(Pod, { namespace, name: "first" });
  await runs("second");
});

test("an ephemeral volume is made for its Pod and goes with it", async () => {
  const { client } = cluster;
  const { pod, runs, claimIs, getClaim, getVolume, gone, namespace } = await scene();
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  await pod("app", "", { volumes: [{ name: "scratch", ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: "b" } }, spec } } }] });
  await runs("app");
  await claimIs("app-scratch", "Bound");
  const claim = await getClaim("app-scratch");
  assert.deepEqual(claim.metadata.labels, { a: "b" });
  await client.delete(Pod, { namespace, name: "app" });
  await cluster.until("its claim has gone", () => gone(getClaim("app-scratch")));
  await cluster.until("its volume has gone", () => gone(getVolume(claim.spec?.volumeName as string)));
});

test("a claim grows only where its class says that it may", async () => {
  const { claim, storageClass, claimIs, pod, runs, getClaim, namespace } = await scene();
  await claim("data");
  await pod("app", "data");
  await runs("app");
  await assert.rejects(
    cluster.client.patch(PersistentVolumeClaim, { namespace, name: "data" }, "merge", {
      spec: { resources: { requests: { storage: "2Gi" } } },
    }),
    /persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize$/,
  );
  await storageClass("Immediate", "windlass.dev/local-path", { allowVolumeExpansion: true });
  await claim("elastic", { storageClassName: namespace });
  await claimIs("elastic", "Bound");
  await cluster.client.patch(PersistentVolumeClaim, { namespace, name: "elastic" }, "merge", {
    spec: { resources: { requests: { storage: "2Gi" } } },
  });
  await cluster.until("it has grown", async () => (await getClaim("elastic")).status?.capacity?.storage === "2Gi");
});

test("a claim that came before there was a default class gets it later", async () => {
  const { client } = cluster;
  const { claim, says, getClaim } = await scene();
  const standard = await client.get(StorageClass, { name: "standard" });
  await client.delete(StorageClass, { name: "standard" });
  await claim("data");
  await says("no persistent volumes available for this claim and no storage class is set");
  await client.create(StorageClass, { ...standard, metadata: { name: "standard", annotations: standard.metadata.annotations ?? {} } });
  await cluster.until("it has the class", async () => (await getClaim("data")).spec?.storageClassName === "standard");
});

test("a Pod whose node may not take it any more does not hold its claim for ever", async () => {
  const { client } = cluster;
  const { claim, pod, getClaim, gone, namespace } = await scene();
  await claim("data", { storageClassName: namespace });
  await pod("stuck", "data");
  await client.delete(PersistentVolumeClaim, { namespace, name: "data" });
  await cluster.until("API-97: a Pod without a node does not hold the claim", () => gone(getClaim("data")));
  assert.equal((await client.list(Node)).items.length, 2);
});
