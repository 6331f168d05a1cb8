/** Deployments, as the official tests take them through their lives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage, template } from "../conformance.ts";
import type { Wire } from "../wire.ts";

const open = stage({ nodes: 2, imageFails: (image) => image.startsWith("webserver:404") || image.startsWith("redis-slave:nonexistent") });
const revisionOf = (object: any): string => object.metadata.annotations["deployment.kubernetes.io/revision"];

const deployment = (name: string, replicas: number, labels: Record<string, string>, image: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, labels },
  spec: { replicas, selector: { matchLabels: labels }, template: template(labels, image), ...spec },
});
const replicaSet = (name: string, replicas: number, labels: Record<string, string>, image: string) => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name, labels },
  spec: { replicas, selector: { matchLabels: labels }, template: template(labels, image) },
});
const pathsIn = (namespace: string) => ({
  deployments: `/apis/apps/v1/namespaces/${namespace}/deployments`,
  sets: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
  pods: `/api/v1/namespaces/${namespace}/pods`,
});
const isComplete = ({ metadata, spec, status }: any): boolean =>
  status.updatedReplicas === spec.replicas &&
  status.replicas === spec.replicas &&
  status.availableReplicas === spec.replicas &&
  status.observedGeneration >= metadata.generation;
const complete = (wire: Wire, path: string) => wire.until("the rollout is complete", path, isComplete);
const image = (deployed: any): string => deployed.spec.template.spec.containers[0].image;
const setImage = (wire: Wire, path: string, to: string) =>
  wire.patch(path, "strategic", { spec: { template: { spec: { containers: [{ name: "main", image: to }] } } } });

test("Deployment RollingUpdateDeployment should delete old pods and create new ones", async () => {
  const { deployments, sets, pods } = pathsIn(await open.namespace());
  const labels = { name: "sample-pod", pod: "httpd" };
  const adopted = replicaSet("test-rolling-update-controller", 1, labels, "httpd:1");
  Object.assign(adopted.metadata, { annotations: { "deployment.kubernetes.io/revision": "3546343826724305832" } });
  await open.wire.create(sets, adopted);
  await open.wire.until("one Pod runs", pods, ({ items }) => items.length === 1 && items[0].status.phase === "Running");
  await open.wire.create(deployments, deployment("test-rolling-update-deployment", 1, labels, "agnhost:2"));
  const path = `${deployments}/test-rolling-update-deployment`;
  await open.wire.until(
    "the revision goes on from the adopted set",
    path,
    (each) => revisionOf(each) === "3546343826724305833" && image(each) === "agnhost:2",
  );
  await complete(open.wire, path);
  const all = await open.wire.get(sets);
  const old = all.items.filter((each: any) => each.metadata.name === "test-rolling-update-controller");
  assert.equal(old.length, 1, "the elder set is adopted, not made anew");
  assert.equal(old[0].spec.replicas, 0);
  assert.equal(old[0].metadata.ownerReferences[0].name, "test-rolling-update-deployment");
});

test("Deployment RecreateDeployment should delete old pods and create new ones", async () => {
  const { deployments, pods } = pathsIn(await open.namespace());
  const labels = { name: "sample-pod-3" };
  await open.wire.create(deployments, deployment("recreate", 1, labels, "agnhost:1", { strategy: { type: "Recreate" } }));
  const path = `${deployments}/recreate`;
  await complete(open.wire, path);
  const watch = await open.wire.watch(pods);
  await setImage(open.wire, path, "httpd:2");
  await complete(open.wire, path);
  const live = new Map<string, string>();
  for (const { type, object } of watch.events) {
    if (type === "DELETED") live.delete(object.metadata.name);
    else live.set(object.metadata.name, object.metadata.labels["pod-template-hash"]);
    assert.ok(new Set(live.values()).size <= 1, "old and new Pods stand side by side");
  }
  watch.close();
});

test("Deployment deployment should delete old replica sets", async () => {
  const { deployments, sets, pods } = pathsIn(await open.namespace());
  const labels = { name: "cleanup-pod", pod: "httpd" };
  await open.wire.create(sets, replicaSet("test-cleanup-controller", 1, labels, "httpd:1"));
  await open.wire.until("one Pod runs", pods, ({ items }) => items.length === 1 && items[0].status.phase === "Running");
  const watch = await open.wire.watch(pods);
  await open.wire.create(deployments, deployment("test-cleanup-deployment", 1, labels, "agnhost:2", { revisionHistoryLimit: 0 }));
  await open.wire.until(
    "no old set is left",
    sets,
    ({ items }) => items.length === 1 && items[0].metadata.name.startsWith("test-cleanup-deployment-"),
  );
  const made = watch.events.filter(({ type, object }) => type === "ADDED" && object.metadata.labels["pod-template-hash"]);
  assert.equal(made.length >= 1, true);
  watch.close();
});

test("Deployment deployment should support rollover", async () => {
  const { deployments, sets, pods } = pathsIn(await open.namespace());
  const labels = { name: "rollover-pod", pod: "httpd" };
  await open.wire.create(sets, replicaSet("test-rollover-controller", 1, labels, "httpd:1"));
  await open.wire.until("one Pod runs", pods, ({ items }) => items.length === 1 && items[0].status.phase === "Running");
  await open.wire.create(
    deployments,
    deployment("test-rollover-deployment", 1, labels, "redis-slave:nonexistent", {
      minReadySeconds: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    }),
  );
  const path = `${deployments}/test-rollover-deployment`;
  await open.wire.until("a broken rollout is under way", path, ({ status }) => status.updatedReplicas === 1);
  const broken = await open.wire.until("its set stands", sets, ({ items }) =>
    items.some((each: any) => each.spec.template.spec.containers[0].image.includes("nonexistent")),
  );
  assert.equal(broken.items.find((each: any) => each.metadata.name === "test-rollover-controller").spec.replicas, 1);
  await setImage(open.wire, path, "agnhost:2");
  await complete(open.wire, path);
  const after = await open.wire.get(sets);
  for (const set of after.items) {
    const isNew = set.spec.template.spec.containers[0].image === "agnhost:2";
    assert.deepEqual([set.spec.replicas, set.status.replicas], isNew ? [1, 1] : [0, 0], set.metadata.name);
  }
});

test("Deployment deployment should support proportional scaling", async () => {
  const { deployments, sets } = pathsIn(await open.namespace());
  await open.wire.create(
    deployments,
    deployment("webserver-deployment", 10, { name: "httpd" }, "httpd:1", {
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    }),
  );
  const path = `${deployments}/webserver-deployment`;
  await complete(open.wire, path);
  const first = (await open.wire.get(sets)).items[0].metadata.name;
  await setImage(open.wire, path, "webserver:404");
  const sizes = ({ items }: any): number[] => {
    const old = items.find((each: any) => each.metadata.name === first);
    const fresh = items.find((each: any) => each.metadata.name !== first);
    return [old.spec.replicas, fresh?.spec.replicas, old.status.availableReplicas ?? 0];
  };
  await open.wire.until("the update has come as far as it can", sets, (list) => String(sizes(list)) === "8,5,8");
  await open.wire.until(
    "the Deployment has seen it",
    path,
    ({ metadata, status }) => status.observedGeneration >= metadata.generation && status.replicas === 13,
  );
  await open.wire.patch(path, "merge", { spec: { replicas: 30 } });
  await open.wire.until("both sets grow in proportion", sets, (list) => String(sizes(list).slice(0, 2)) === "20,13");
});

test("Deployment Deployment should have a working scale subresource", async () => {
  const { deployments } = pathsIn(await open.namespace());
  await open.wire.create(deployments, deployment("test-new-deployment", 1, { name: "scaled" }, "httpd:1"));
  const path = `${deployments}/test-new-deployment`;
  await complete(open.wire, path);
  const scale = await open.wire.get(`${path}/scale`);
  assert.equal(scale.kind, "Scale");
  assert.deepEqual([scale.spec.replicas, scale.status.replicas, scale.status.selector], [1, 1, "name=scaled"]);
  scale.metadata.resourceVersion = "";
  scale.spec.replicas = 2;
  assert.equal((await open.wire.update(`${path}/scale`, scale)).spec.replicas, 2);
  assert.equal((await open.wire.get(path)).spec.replicas, 2);
  await open.wire.patch(`${path}/scale`, "strategic", { spec: { replicas: 4 } });
  assert.equal((await open.wire.get(path)).spec.replicas, 4);
  await complete(open.wire, path);
});

test("Deployment should run the lifecycle of a Deployment", async () => {
  const namespace = await open.namespace();
  const { deployments } = pathsIn(namespace);
  const path = `${deployments}/test-deployment`;
  const watch = await open.wire.watch(`${deployments}?labelSelector=test-deployment-static%3Dtrue`);
  const made = deployment("test-deployment", 2, { "test-deployment-static": "true" }, "httpd:1");
  made.spec.template.spec.terminationGracePeriodSeconds = 1;
  await open.wire.create(deployments, made);
  await watch.takeOf("ADDED", "test-deployment");
  await watch.take(
    "all ready",
    ({ type, object }) => type === "MODIFIED" && object.status.readyReplicas === 2 && object.status.availableReplicas === 2,
  );
  await open.wire.patch(path, "strategic", {
    metadata: { labels: { "test-deployment": "patched" } },
    spec: { replicas: 1, template: { spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: "agnhost:2" }] } } },
  });
  await watch.take("the patch", ({ object }) => object.metadata.labels["test-deployment"] === "patched");
  await watch.take("the rollout", ({ object }) => isComplete(object) && object.spec.replicas === 1 && image(object) === "agnhost:2");
  const list = await open.wire.get("/apis/apps/v1/deployments?labelSelector=test-deployment-static%3Dtrue");
  assert.deepEqual(
    list.items.map((each: any) => [each.metadata.name, each.spec.replicas]),
    [["test-deployment", 1]],
  );

  const now = await open.wire.get(path, { as: "json" });
  now.metadata.labels["test-deployment"] = "updated";
  now.spec.template.spec.containers[0].image = "httpd:3";
  await open.wire.update(path, now, { as: "json" });
  await watch.take("the update", ({ object }) => object.metadata.labels["test-deployment"] === "updated");
  await watch.take("its rollout", ({ object }) => isComplete(object) && image(object) === "httpd:3");

  await open.wire.patch(`${path}/status`, "merge", {
    metadata: { labels: { "test-deployment": "patched-status" } },
    status: { readyReplicas: 0, availableReplicas: 0 },
  });
  const status = await open.wire.get(`${path}/status`);
  assert.equal(status.kind, "Deployment");
  await watch.take("all ready again", ({ object }) => object.status.readyReplicas === 1);

  await open.wire.remove(`${deployments}?labelSelector=test-deployment-static%3Dtrue`);
  await watch.takeOf("DELETED", "test-deployment");
  watch.close();
});

test("Deployment should validate Deployment Status endpoints", async () => {
  const { deployments } = pathsIn(await open.namespace());
  const path = `${deployments}/test-deployment`;
  await open.wire.create(deployments, deployment("test-deployment", 1, { e2e: "testing" }, "httpd:1"));
  await complete(open.wire, path);
  const watch = await open.wire.watch(`${deployments}?labelSelector=e2e%3Dtesting`);
  let updated: any;
  await open.wire.until("the status can be replaced", path, async () => {
    const now = await open.wire.get(`${path}/status`);
    assert.ok(now.status.conditions.length > 0);
    now.status.conditions.push({ type: "StatusUpdate", status: "True", reason: "E2E", message: "Set from e2e test" });
    const answer = await open.wire.ask("PUT", `${path}/status`, now);
    updated = answer.body;
    return answer.status === 200;
  });
  assert.ok(updated.status.conditions.some((each: any) => each.type === "StatusUpdate"));
  await watch.take("the update", ({ object }) =>
    object.status.conditions?.some((each: any) => each.type === "StatusUpdate" && each.reason === "E2E"),
  );
  await open.wire.patch(`${path}/status`, "merge", { status: { conditions: [{ type: "StatusPatched", status: "True" }] } });
  await watch.take("the patch", ({ object }) => object.status.conditions?.some((each: any) => each.type === "StatusPatched"));
  watch.close();
});
