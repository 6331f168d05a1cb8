import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindRef } from "../../api/kind.ts";
import type { KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type { ConfigMap, Pod, Secret, Volume } from "../../api/types.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { settle } from "../../base/settle.node.ts";
import { formatTime } from "../../base/time.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import type { Client } from "../../client/client.ts";
import type { PodFiles } from "../runtime.ts";
import { volumeMounter } from "./volume-mounter.ts";

const clock = new VirtualClock(settle);
const addresses = { podIp: "", hostIp: "192.0.2.1", allocatable: {} };

/** Files that remember what was last written to each volume. */
function fixture() {
  const written = new Map<string, Record<string, string>>();
  const refused = async (): Promise<never> => {
    throw new Error("not asked for in this test");
  };
  const files: PodFiles = {
    async writeVolume(_uid, plugin, volume, payload) {
      const shown = [...payload].map(([path, file]) => [path, `${new TextDecoder().decode(file.data)} ${file.mode.toString(8)}`]);
      written.set(volume, Object.fromEntries(shown));
      return `/pods/${plugin}/${volume}`;
    },
    emptyDir: async (_uid, volume, options) => `/empty/${volume}/${options.medium}/${options.sizeLimitBytes ?? ""}`,
    hostPath: async (path) => path,
    subPath: refused,
    writeFile: refused,
    readFile: refused,
    removePod: refused,
    listPods: refused,
  };
  let tokens = 0;
  const storage = new Map<string, KubeObject>();
  // Claims, their volumes and tokens are all that these volumes ask of the API itself.
  const client = {
    get: async (kind: KindRef, { name }: ObjectKey) => storage.get(`${kind.plural}/${name}`),
    async createSubresource(
      _kind: unknown,
      key: { name: string },
      subresource: string,
      body: { spec: { expirationSeconds: number; audiences?: string[] } },
    ) {
      assert.deepEqual([key.name, subresource], ["robot", "token"]);
      const expirationTimestamp = formatTime(clock.now() + body.spec.expirationSeconds * 1000);
      return { status: { token: `token-${++tokens} for ${body.spec.audiences ?? "the API"}`, expirationTimestamp } };
    },
  } as unknown as Client;
  const configMaps = new Map<string, ConfigMap>();
  const secrets = new Map<string, Secret>();
  const volumes = volumeMounter({
    client,
    files,
    world: { clock, random: seededRandom(1), log: silentLog },
    source: { configMap: async (_namespace, name) => configMaps.get(name), secret: async (_namespace, name) => secrets.get(name) },
    node: () => ({ apiVersion: "v1", kind: "Node", metadata: { name: "node-1", labels: { "kubernetes.io/hostname": "node-1" } } }),
  });
  const mount = (...list: Volume[]) => volumes.mount(podWith(list), addresses);
  return { storage, written, configMaps, secrets, volumes, mount };
}

const podWith = (volumes: Volume[]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "shop", uid: "u-1", labels: { app: "web" } },
  spec: { containers: [{ name: "app", resources: { limits: { memory: "64Mi" } } }], volumes, serviceAccountName: "robot" },
});

test("configMap and secret volumes: keys, items, modes, binary data (KUB-74)", async () => {
  const { written, configMaps, secrets, mount } = fixture();
  const metadata = { name: "c" };
  configMaps.set("c", { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "1", b: "2" }, binaryData: { raw: btoa("bin") } });
  secrets.set("s", { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { key: btoa("hush") } });
  const mounted = await mount(
    { name: "all", configMap: { name: "c" } },
    {
      name: "some",
      configMap: {
        name: "c",
        defaultMode: 0o600,
        items: [
          { key: "a", path: "deep/a.txt" },
          { key: "b", path: "b", mode: 0o444 },
        ],
      },
    },
    { name: "secret", secret: { secretName: "s", defaultMode: 0o400 } },
    { name: "maybe", secret: { secretName: "gone", optional: true } },
  );
  assert.deepEqual(Object.fromEntries(written), {
    all: { a: "1 644", b: "2 644", raw: "bin 644" },
    some: { "deep/a.txt": "1 600", b: "2 444" },
    secret: { key: "hush 400" },
    maybe: {},
  });
  assert.deepEqual(mounted.get("secret"), { hostPath: "/pods/kubernetes.io~secret/secret", readOnly: true });
});

test("what is missing is said in Kubernetes' words (KUB-71, KUB-74)", async () => {
  const { configMaps, mount } = fixture();
  configMaps.set("c", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: {} });
  const rows: [Volume, string][] = [
    [{ name: "v", configMap: { name: "gone" } }, 'MountVolume.SetUp failed for volume "v" : configmap "gone" not found'],
    [{ name: "v", secret: { secretName: "gone" } }, 'MountVolume.SetUp failed for volume "v" : secret "gone" not found'],
    [
      { name: "v", projected: { sources: [{ secret: { name: "gone" } }] } },
      'MountVolume.SetUp failed for volume "v" : secret "gone" not found',
    ],
    [
      { name: "v", configMap: { name: "c", items: [{ key: "k", path: "k" }] } },
      'MountVolume.SetUp failed for volume "v" : references non-existent config key: k',
    ],
    [
      { name: "v", nfs: { server: "x", path: "/" } },
      'MountVolume.SetUp failed for volume "v" : volumes of type nfs are not supported by this node',
    ],
  ];
  for (const [volume, message] of rows) await assert.rejects(mount(volume), { name: "VolumeError", message });
});

test("a projected volume joins its sources; its token is renewed when four fifths of its life are over (KUB-77)", async () => {
  const { written, configMaps, volumes, mount } = fixture();
  configMaps.set("kube-root-ca.crt", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kube-root-ca.crt" },
    data: { "ca.crt": "CA" },
  });
  const volume: Volume = {
    name: "access",
    projected: {
      sources: [
        { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
      ],
    },
  };
  await mount(volume);
  assert.deepEqual(written.get("access"), { token: "token-1 for the API 644", "ca.crt": "CA 644", namespace: "shop 644" });
  assert.equal(volumes.refreshInMs("u-1"), 2_880_000);
  await clock.advance(2_879_000);
  await mount(volume);
  assert.equal(written.get("access")?.["token"], "token-1 for the API 644");
  await clock.advance(1000);
  assert.equal(volumes.refreshInMs("u-1"), 0);
  await mount(volume);
  assert.equal(written.get("access")?.["token"], "token-2 for the API 644");
  volumes.forget("u-1");
  assert.equal(volumes.refreshInMs("u-1"), undefined);
});

test("the Pod's own fields and its containers' resources as files", async () => {
  const { written, mount } = fixture();
  await mount({
    name: "self",
    downwardAPI: {
      items: [
        { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
        { path: "memory", resourceFieldRef: { containerName: "app", resource: "limits.memory", divisor: "1Mi" } },
      ],
    },
  });
  assert.deepEqual(written.get("self"), { labels: 'app="web" 644', memory: "64 644" });
});

test("an empty directory carries its medium and limit, and a volume without a source is one", async () => {
  const { mount } = fixture();
  const mounted = await mount({ name: "cache", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }, { name: "bare" });
  assert.equal(mounted.get("cache")?.hostPath, "/empty/cache/Memory/1048576");
  assert.equal(mounted.get("bare")?.hostPath, "/empty/bare//");
});

test("which Pods a changed object concerns", () => {
  const { volumes } = fixture();
  const pod = podWith([
    { name: "a", configMap: { name: "one" } },
    { name: "b", projected: { sources: [{ secret: { name: "two" } }] } },
  ]);
  assert.deepEqual(
    [volumes.refersTo(pod, "ConfigMap", "one"), volumes.refersTo(pod, "Secret", "two"), volumes.refersTo(pod, "Secret", "one")],
    [true, true, false],
  );
});

test("a claim leads to the directory of the volume that was given to it, and to no other", async () => {
  const { storage, mount } = fixture();
  const data: Volume = { name: "data", persistentVolumeClaim: { claimName: "notes", readOnly: true } };
  const claim = (volumeName?: string) =>
    storage.set("persistentvolumeclaims/notes", {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "notes", uid: "mine" },
      spec: { ...(volumeName !== undefined && { volumeName }) },
    } as KubeObject);
  const volume = (uid: string, source: object) =>
    storage.set("persistentvolumes/disk", {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "disk" },
      spec: { claimRef: { uid }, ...source },
    } as KubeObject);
  const unbound = { message: 'MountVolume.SetUp failed for volume "data" : persistentvolumeclaim "notes" is not bound' };
  claim();
  await assert.rejects(mount(data), unbound);
  claim("disk");
  volume("another's", { hostPath: { path: "/disk" } });
  await assert.rejects(mount(data), unbound);
  for (const source of [{ hostPath: { path: "/disk" } }, { local: { path: "/disk" } }]) {
    volume("mine", source);
    assert.deepEqual((await mount(data)).get("data"), { hostPath: "/disk", readOnly: true });
  }
  volume("mine", { csi: { driver: "example.com", volumeHandle: "1" } });
  await assert.rejects(mount(data), /persistentvolume "disk" is of a type that this node can't mount$/);
});

test("a Pod that named its node itself gets no volume of another node, and none that another Pod has for itself", async () => {
  const { storage, mount, volumes } = fixture();
  const data: Volume = { name: "data", persistentVolumeClaim: { claimName: "notes" } };
  storage.set("persistentvolumeclaims/notes", {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "notes", uid: "mine" },
    spec: { volumeName: "disk" },
  } as KubeObject);
  const on = (node: string) =>
    storage.set("persistentvolumes/disk", {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "disk" },
      spec: {
        accessModes: ["ReadWriteOncePod"],
        claimRef: { uid: "mine" },
        local: { path: "/disk" },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }] },
        },
      },
    } as KubeObject);
  on("node-2");
  await assert.rejects(mount(data), { message: 'MountVolume.NodeAffinity check failed for volume "disk" : no matching NodeSelectorTerms' });
  on("node-1");
  await mount(data);
  await mount(data);
  const pod = podWith([data]);
  const another: Pod = { ...pod, metadata: { ...pod.metadata, name: "another", uid: "u-2" } };
  await assert.rejects(volumes.mount(another, addresses), {
    message:
      'MountVolume.SetUp failed for volume "data" : volume uses the ReadWriteOncePod access mode and is already in use by another pod',
  });
  volumes.forget("u-1");
  await volumes.mount(another, addresses);
});
