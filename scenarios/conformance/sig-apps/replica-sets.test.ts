/** ReplicaSets and ReplicationControllers, as the official tests take them through their lives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage, template } from "../conformance.ts";

const open = stage({ nodes: 2 });

interface Controlled {
  readonly word: string;
  path(namespace: string): string;
  make(name: string, replicas: number, labels: Record<string, string>): any;
}
const replicaSets: Controlled = {
  word: "ReplicaSet",
  path: (namespace) => `/apis/apps/v1/namespaces/${namespace}/replicasets`,
  make: (name, replicas, labels) => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: template(labels) },
  }),
};
const replicationControllers: Controlled = {
  word: "ReplicationController",
  path: (namespace) => `/api/v1/namespaces/${namespace}/replicationcontrollers`,
  make: (name, replicas, labels) => ({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name, labels },
    spec: { replicas, selector: labels, template: template(labels) },
  }),
};
const ownerOf = (object: any) => object.metadata.ownerReferences?.find((each: any) => each.controller === true);

for (const kind of [replicaSets, replicationControllers]) {
  test(`${kind.word} should adopt matching pods on creation and release no longer matching pods`, async () => {
    const namespace = await open.namespace();
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await open.wire.create(pods, pod("adoption-release", { name: "adoption-release" }));
    await open.wire.until("the orphan runs", `${pods}/adoption-release`, ({ status }) => status.phase === "Running");
    const owner = await open.wire.create(kind.path(namespace), kind.make("adopter", 1, { name: "adoption-release" }));
    await open.wire.until("it is adopted", `${pods}/adoption-release`, (each) => ownerOf(each)?.uid === owner.metadata.uid);
    assert.equal((await open.wire.get(pods)).items.length, 1);
    await open.wire.patch(`${pods}/adoption-release`, "strategic", { metadata: { labels: { name: "not-matching-name" } } });
    await open.wire.until("it is released", `${pods}/adoption-release`, (each) => ownerOf(each) === undefined);
    await open.wire.until("another takes its place", `${pods}?labelSelector=name%3Dadoption-release`, ({ items }) => items.length === 1);
  });

  test(`${kind.word} should get and update its scale`, async () => {
    const namespace = await open.namespace();
    const path = `${kind.path(namespace)}/scaled`;
    await open.wire.create(kind.path(namespace), kind.make("scaled", 1, { name: "scaled" }));
    await open.wire.until("it is ready", path, ({ status }) => status.readyReplicas === 1);
    const scale = await open.wire.get(`${path}/scale`);
    assert.deepEqual(
      [scale.kind, scale.apiVersion, scale.spec.replicas, scale.status.selector],
      ["Scale", "autoscaling/v1", 1, "name=scaled"],
    );
    scale.metadata.resourceVersion = "";
    scale.spec.replicas = 2;
    await open.wire.update(`${path}/scale`, scale);
    assert.equal((await open.wire.get(path)).spec.replicas, 2);
    await open.wire.until("it grows", path, ({ status }) => status.replicas === 2);
    await open.wire.patch(`${path}/scale`, "merge", { spec: { replicas: 4 } });
    await open.wire.until(
      "it grows further",
      path,
      ({ status, metadata }) => status.readyReplicas === 4 && status.observedGeneration === metadata.generation,
    );
  });

  test(`${kind.word} should validate its status endpoints`, async () => {
    const namespace = await open.namespace();
    const path = `${kind.path(namespace)}/test`;
    await open.wire.create(kind.path(namespace), kind.make("test", 1, { app: "test" }));
    await open.wire.until("it is ready", path, ({ status }) => status.availableReplicas === 1);
    const watch = await open.wire.watch(`${kind.path(namespace)}?labelSelector=app%3Dtest`);
    await open.wire.until("the status can be replaced", path, async () => {
      const now = await open.wire.get(`${path}/status`);
      now.status.conditions = [
        ...(now.status.conditions ?? []),
        { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set from e2e test" },
      ];
      return (await open.wire.ask("PUT", `${path}/status`, now)).status === 200;
    });
    await watch.take("the update", ({ object }) => object.status.conditions?.some((each: any) => each.type === "StatusUpdate"));
    await open.wire.patch(`${path}/status`, "merge", { status: { conditions: [{ type: "StatusPatched", status: "True" }] } });
    await watch.take("the patch", ({ object }) => object.status.conditions?.some((each: any) => each.type === "StatusPatched"));
    watch.close();
  });
}

test("ReplicaSet Replace and Patch tests", async () => {
  const namespace = await open.namespace();
  const sets = replicaSets.path(namespace);
  await open.wire.create(sets, replicaSets.make("test-rs", 1, { "sample-pod": "test" }));
  await open.wire.until("it is ready", `${sets}/test-rs`, ({ status }) => status.availableReplicas === 1);
  const watch = await open.wire.watch(sets);
  await open.wire.until("it can be replaced", `${sets}/test-rs`, async () => {
    const now = await open.wire.get(`${sets}/test-rs`);
    now.spec.replicas = 2;
    return (await open.wire.ask("PUT", `${sets}/test-rs`, now)).status === 200;
  });
  await watch.take("two are available", ({ object }) => object.status.availableReplicas === 2);
  await open.wire.patch(`${sets}/test-rs`, "strategic", {
    metadata: { labels: { "test-rs": "patched" } },
    spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: "agnhost:9" }] } } },
  });
  const { object } = await watch.take("three are available", (each) => each.object.status.availableReplicas === 3);
  assert.equal(object.metadata.labels["test-rs"], "patched");
  assert.equal(object.spec.template.spec.containers[0].image, "agnhost:9");
  watch.close();
});

test("ReplicaSet should list and delete a collection of ReplicaSets", async () => {
  const namespace = await open.namespace();
  const sets = replicaSets.path(namespace);
  await open.wire.create(sets, replicaSets.make("test-rs", 3, { e2e: "rs" }));
  await open.wire.until("it is ready", `${sets}/test-rs`, ({ status }) => status.availableReplicas === 3);
  assert.equal((await open.wire.get("/apis/apps/v1/replicasets?labelSelector=e2e%3Drs")).items.length, 1);
  await open.wire.remove(`${sets}?labelSelector=e2e%3Drs`);
  assert.equal((await open.wire.get(`${sets}?labelSelector=e2e%3Drs`)).items.length, 0);
  await open.wire.until("its Pods go as well", `/api/v1/namespaces/${namespace}/pods`, ({ items }) => items.length === 0);
});

test("ReplicationController should test the lifecycle of a ReplicationController", async () => {
  const namespace = await open.namespace();
  const controllers = replicationControllers.path(namespace);
  const watch = await open.wire.watch(`${controllers}?labelSelector=test-rc-static%3Dtrue`);
  await open.wire.create(controllers, replicationControllers.make("rc-test", 1, { "test-rc-static": "true" }));
  await watch.takeOf("ADDED", "rc-test");
  await watch.take("it is ready", ({ object }) => object.status.readyReplicas === 1);
  await open.wire.patch(`${controllers}/rc-test`, "strategic", { metadata: { labels: { "test-rc": "patched" } } });
  await watch.take("the patch", ({ object }) => object.metadata.labels["test-rc"] === "patched");
  await open.wire.patch(`${controllers}/rc-test/status`, "strategic", { status: { readyReplicas: 0, availableReplicas: 0 } });
  await watch.take(
    "the patched status",
    ({ object }) => (object.status.readyReplicas ?? 0) === 0 && (object.status.availableReplicas ?? 0) === 0,
  );
  await watch.take("the controller puts it right", ({ object }) => object.status.availableReplicas === 1);
  assert.equal((await open.wire.get(`${controllers}/rc-test/status`)).kind, "ReplicationController");
  await open.wire.patch(`${controllers}/rc-test/scale`, "strategic", { spec: { replicas: 2 } });
  await watch.take("it is scaled", ({ object }) => object.status.replicas === 2);
  const now = await open.wire.until("two are ready", `${controllers}/rc-test`, ({ status }) => status.readyReplicas === 2);
  now.metadata.labels["test-rc"] = "updated";
  delete now.metadata.resourceVersion;
  await open.wire.update(`${controllers}/rc-test`, now);
  await watch.take("the update", ({ object }) => object.metadata.labels["test-rc"] === "updated");
  assert.equal((await open.wire.get("/api/v1/replicationcontrollers?labelSelector=test-rc-static%3Dtrue")).items.length, 1);
  await open.wire.remove(`${controllers}?labelSelector=test-rc-static%3Dtrue`);
  await watch.takeOf("DELETED", "rc-test");
  watch.close();
});
