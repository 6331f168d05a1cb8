/** StatefulSets and DaemonSets, as the official tests take them through their lives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage, template } from "../conformance.ts";

const open = stage({ nodes: 2, imageFails: (image) => image.startsWith("foo:non-existent") });
const labels = { "daemonset-name": "daemon-set" };
const daemonSet = (spec: Record<string, unknown> = {}, podSpec: Record<string, unknown> = {}) => {
  const base = template(labels, "httpd:1");
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "daemon-set" },
    spec: { selector: { matchLabels: labels }, template: { ...base, spec: { ...base.spec, ...podSpec } }, ...spec },
  };
};
const pathsIn = (namespace: string) => ({
  daemonSets: `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
  statefulSets: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  pods: `/api/v1/namespaces/${namespace}/pods`,
});
const isLive = ({ metadata, status }: any): boolean => metadata.deletionTimestamp === undefined && status.phase === "Running";
const nodesOf = (list: any): string[] =>
  list.items
    .filter(isLive)
    .map(({ spec }: any) => spec.nodeName)
    .sort();
const onBoth = (pods: string) => open.wire.until("a Pod runs on each node", pods, (list) => String(nodesOf(list)) === "node-1,node-2");
const setImage = (path: string, image: string) =>
  open.wire.patch(path, "strategic", { spec: { template: { spec: { containers: [{ name: "main", image }] } } } });
const imagesOf = (list: any): string[] => list.items.map(({ spec }: any) => spec.containers[0].image);

test("Daemon set should run and stop simple daemon", async () => {
  const { daemonSets, pods } = pathsIn(await open.namespace());
  await open.wire.create(daemonSets, daemonSet());
  const { items } = await onBoth(pods);
  await open.wire.remove(`${pods}/${items[0].metadata.name}`);
  await open.wire.gone(`${pods}/${items[0].metadata.name}`);
  await onBoth(pods);
  await open.wire.remove(`${daemonSets}/daemon-set`);
  await open.wire.until("its Pods go", pods, (list) => list.items.length === 0);
});

test("Daemon set should run and stop complex daemon", async () => {
  const { daemonSets, pods } = pathsIn(await open.namespace());
  const color = (value: string | null) => open.wire.patch("/api/v1/nodes/node-1", "merge", { metadata: { labels: { color: value } } });
  await open.wire.create(daemonSets, daemonSet({}, { nodeSelector: { color: "blue" } }));
  await open.wire.until("it is looked at", `${daemonSets}/daemon-set`, ({ status }) => status.observedGeneration === 1);
  assert.deepEqual((await open.wire.get(pods)).items, []);
  await color("blue");
  await open.wire.until("a Pod runs", pods, (list) => String(nodesOf(list)) === "node-1");
  await color("green");
  await open.wire.until("it goes", pods, (list) => list.items.length === 0);
  await open.wire.patch(`${daemonSets}/daemon-set`, "strategic", {
    spec: { updateStrategy: { type: "RollingUpdate" }, template: { spec: { nodeSelector: { color: "green" } } } },
  });
  await open.wire.until("a Pod runs again", pods, (list) => String(nodesOf(list)) === "node-1");
  await color(null);
});

test("Daemon set should retry creating failed daemon pods", async () => {
  const { daemonSets, pods } = pathsIn(await open.namespace());
  await open.wire.create(daemonSets, daemonSet());
  const { items } = await onBoth(pods);
  const name = items[0].metadata.name;
  await open.wire.until("its status can be replaced", pods, async () => {
    const now = await open.wire.get(`${pods}/${name}`);
    now.status.phase = "Failed";
    return (await open.wire.ask("PUT", `${pods}/${name}/status`, now)).status === 200;
  });
  await open.wire.gone(`${pods}/${name}`);
  await onBoth(pods);
});

test("Daemon set should update pod when spec was updated and update strategy is RollingUpdate", async () => {
  const { daemonSets, pods } = pathsIn(await open.namespace());
  await open.wire.create(daemonSets, daemonSet({ updateStrategy: { type: "RollingUpdate" } }));
  await onBoth(pods);
  await setImage(`${daemonSets}/daemon-set`, "agnhost:2");
  await open.wire.until(
    "both are new",
    pods,
    (list) => nodesOf(list).length === 2 && imagesOf(list).every((image) => image === "agnhost:2"),
  );
  const revisions = await open.wire.get(daemonSets.replace("daemonsets", "controllerrevisions"));
  assert.deepEqual(revisions.items.map(({ revision }: any) => revision).sort(), [1, 2]);
});

test("Daemon set should rollback without unnecessary restarts", async () => {
  const { daemonSets, pods } = pathsIn(await open.namespace());
  await open.wire.create(daemonSets, daemonSet({ updateStrategy: { type: "RollingUpdate" } }));
  const before = await onBoth(pods);
  await setImage(`${daemonSets}/daemon-set`, "foo:non-existent");
  await open.wire.until("a bad Pod stands", pods, (list) => imagesOf(list).includes("foo:non-existent"));
  const untouched = (await open.wire.get(pods)).items.filter(({ spec }: any) => spec.containers[0].image === "httpd:1");
  assert.equal(untouched.length, 1);
  await setImage(`${daemonSets}/daemon-set`, "httpd:1");
  const after = await open.wire.until(
    "both are good again",
    pods,
    (list) => nodesOf(list).length === 2 && imagesOf(list).every((image) => image === "httpd:1"),
  );
  assert.ok(
    after.items.some(({ metadata }: any) => metadata.uid === untouched[0].metadata.uid),
    "the Pod that never changed was not restarted",
  );
  assert.ok(before.items.some(({ metadata }: any) => metadata.uid === untouched[0].metadata.uid));
});

test("Daemon set should list and delete a collection of DaemonSets", async () => {
  const { daemonSets, pods } = pathsIn(await open.namespace());
  const made = daemonSet();
  await open.wire.create(daemonSets, { ...made, metadata: { ...made.metadata, labels: { e2e: "collection" } } });
  await onBoth(pods);
  assert.equal((await open.wire.get("/apis/apps/v1/daemonsets?labelSelector=e2e%3Dcollection")).items.length, 1);
  await open.wire.remove(`${daemonSets}?labelSelector=e2e%3Dcollection`);
  await open.wire.until("all goes", pods, (list) => list.items.length === 0);
});

const statefulSet = (replicas: number, spec: Record<string, unknown> = {}) => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "ss" },
  spec: {
    replicas,
    serviceName: "test",
    selector: { matchLabels: { foo: "bar" } },
    template: template({ foo: "bar" }, "httpd:1"),
    ...spec,
  },
});

test("StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource", async () => {
  const { statefulSets } = pathsIn(await open.namespace());
  await open.wire.create(statefulSets, statefulSet(1));
  await open.wire.until("it is ready", `${statefulSets}/ss`, ({ status }) => status.readyReplicas === 1);
  const scale = await open.wire.get(`${statefulSets}/ss/scale`);
  assert.deepEqual([scale.spec.replicas, scale.status.replicas], [1, 1]);
  scale.metadata.resourceVersion = "";
  scale.spec.replicas = 2;
  assert.equal((await open.wire.update(`${statefulSets}/ss/scale`, scale)).spec.replicas, 2);
  await open.wire.patch(`${statefulSets}/ss/scale`, "strategic", { spec: { replicas: 4 } });
  await open.wire.until("it grows", `${statefulSets}/ss`, ({ status }) => status.readyReplicas === 4);
});

test("StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications", async () => {
  const { statefulSets, pods } = pathsIn(await open.namespace());
  const path = `${statefulSets}/ss`;
  const partition = (value: number) =>
    open.wire.patch(path, "merge", { spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: value } } } });
  await open.wire.create(statefulSets, statefulSet(3, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 3 } } }));
  const first = await open.wire.until(
    "all are ready",
    path,
    ({ status }) => status.readyReplicas === 3 && status.currentRevision === status.updateRevision,
  );
  const images = async (): Promise<string[]> => {
    const { items } = await open.wire.get(pods);
    return imagesOf({ items: items.sort((a: any, b: any) => (a.metadata.name < b.metadata.name ? -1 : 1)) });
  };
  await setImage(path, "httpd:2");
  const updated = await open.wire.until(
    "there is a new revision",
    path,
    ({ status }) => status.updateRevision !== first.status.updateRevision,
  );
  assert.deepEqual(await images(), ["httpd:1", "httpd:1", "httpd:1"], "nothing is below the partition");
  await partition(2);
  await open.wire.until("the canary is new", `${pods}/ss-2`, (each) => isLive(each) && each.spec.containers[0].image === "httpd:2");
  for (const name of ["ss-0", "ss-2"]) await open.wire.remove(`${pods}/${name}`);
  await open.wire.until(
    "both come back",
    path,
    async ({ status }) => status.readyReplicas === 3 && (await open.wire.get(pods)).items.every(isLive),
  );
  assert.deepEqual(await images(), ["httpd:1", "httpd:1", "httpd:2"], "each comes back at its own revision");
  for (const value of [1, 0]) {
    await partition(value);
    await open.wire.until(
      "the next one is new",
      `${pods}/ss-${value}`,
      (each) => isLive(each) && each.spec.containers[0].image === "httpd:2",
    );
  }
  await open.wire.until(
    "the update is over",
    path,
    ({ status }) => status.currentRevision === updated.status.updateRevision && status.updatedReplicas === 3,
  );
});

test("StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset", async () => {
  const { statefulSets, pods } = pathsIn(await open.namespace());
  const listening = {
    nodeName: "node-1",
    containers: [{ name: "main", image: "httpd:1", ports: [{ containerPort: 21017, hostPort: 21017, name: "conflict" }] }],
  };
  await open.wire.create(pods, pod("test-pod", {}, listening));
  await open.wire.until("it runs", `${pods}/test-pod`, isLive);
  const watch = await open.wire.watch(pods);
  const base = template({ foo: "bar" });
  await open.wire.create(statefulSets, statefulSet(1, { template: { ...base, spec: { ...base.spec, ...listening } } }));
  const failed = await watch.take("it is refused", ({ object }) => object.metadata.name === "ss-0" && object.status.phase === "Failed");
  await watch.take(
    "it is removed and made anew",
    ({ type, object }) => type === "ADDED" && object.metadata.name === "ss-0" && object.metadata.uid !== failed.object.metadata.uid,
  );
  await open.wire.remove(`${pods}/test-pod`);
  await open.wire.until("it runs at last", `${pods}/ss-0`, isLive);
  watch.close();
});
