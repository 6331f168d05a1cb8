// What a user sees of DaemonSets, on the real server core in virtual time. A small kubelet makes Pods ready; nobody schedules.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { DaemonSetSpec, Pod as PodObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { daemonSetController } from "../controllers/daemonset/daemon-set.ts";
import { nodeOf } from "../controllers/daemonset/eligibility.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "agent" };
const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: "agent" } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }], ...more },
});
const imageOf = (pod: PodObject): string => pod.spec?.containers[0]?.image ?? "";

/** Five nodes. Pods become ready after a second unless their image is "broken". */
async function setUp() {
  const plane = await startVirtualControlPlane({ controllers: [daemonSetController] });
  const { client, clock } = plane;
  const addNode = (name: string, labels: Record<string, string> = {}) =>
    client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  for (let index = 1; index <= 5; index++) await addNode(`node-${index}`, index <= 2 ? { disk: "ssd" } : {});
  plane.informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added" || imageOf(object) === "broken") return;
    clock.setTimer(1000, () => {
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
      void client
        .patch(Pod, keyOf(object), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" })
        .catch(() => {});
    });
  });
  const create = async (spec: Partial<DaemonSetSpec> = {}) => {
    const whole = { selector: { matchLabels: { app: "agent" } }, template: template("v1"), ...spec };
    await client.create(DaemonSet, { apiVersion: "apps/v1", kind: "DaemonSet", metadata: key, spec: whole as DaemonSetSpec });
    await clock.advance(20_000);
  };
  const patch = async (change: unknown, restMs = 20_000) => {
    await client.patch(DaemonSet, key, "merge", change);
    await clock.advance(restMs);
  };
  const taint = async (name: string, effect: string) => {
    await client.patch(Node, { name }, "merge", { spec: { taints: [{ key: "dedicated", value: "x", effect }] } });
    await clock.advance(20_000);
  };
  const status = async () => (await client.get(DaemonSet, key)).status;
  const pods = async () => (await client.list(Pod, { namespace })).items;
  const places = async () => (await pods()).map((pod) => `${nodeOf(pod)} ${imageOf(pod)}`).sort();
  const nodes = async () => (await pods()).map(nodeOf).sort();
  const events = async () => {
    await plane.events.flushed();
    return (await client.list(Event, { namespace })).items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  };
  return { ...plane, addNode, create, patch, taint, status, pods, places, nodes, events };
}

test("DS-1 … DS-4: every node gets a Pod that only it can run, with its tolerations and labels", async () => {
  const { client, create, pods, nodes, status, addNode, clock, stop } = await setUp();
  await create();
  assert.deepEqual(await nodes(), ["node-1", "node-2", "node-3", "node-4", "node-5"]);
  const [pod] = await pods();
  const [revision] = (await client.list(ControllerRevision, { namespace })).items;
  const hash = revision?.metadata.labels?.["controller-revision-hash"];
  assert.equal(revision?.metadata.name, `agent-${hash}`);
  assert.deepEqual(pod?.metadata.labels, { app: "agent", "controller-revision-hash": hash, "pod-template-generation": "1" });
  assert.deepEqual(
    pod?.spec?.tolerations?.map(({ key, effect }) => `${key} ${effect}`),
    [
      "node.kubernetes.io/not-ready NoExecute",
      "node.kubernetes.io/unreachable NoExecute",
      "node.kubernetes.io/disk-pressure NoSchedule",
      "node.kubernetes.io/memory-pressure NoSchedule",
      "node.kubernetes.io/pid-pressure NoSchedule",
      "node.kubernetes.io/unschedulable NoSchedule",
    ],
  );
  await addNode("node-6");
  await client.delete(Node, { name: "node-1" });
  await clock.advance(20_000);
  assert.deepEqual(await nodes(), ["node-2", "node-3", "node-4", "node-5", "node-6"]);
  const { observedGeneration, ...counters } = (await status()) as NonNullable<Awaited<ReturnType<typeof status>>>;
  assert.equal(observedGeneration, 1);
  assert.deepEqual(counters, {
    currentNumberScheduled: 5,
    desiredNumberScheduled: 5,
    numberAvailable: 5,
    numberMisscheduled: 0,
    numberReady: 5,
    updatedNumberScheduled: 5,
  });
  await stop();
});

test("DS-2: a label moves Pods; NoSchedule keeps new Pods away, NoExecute ends those that are there", async () => {
  const { client, create, nodes, taint, clock, status, stop } = await setUp();
  await create({ template: template("v1", { nodeSelector: { disk: "ssd" } }) });
  assert.deepEqual(await nodes(), ["node-1", "node-2"]);
  await client.patch(Node, { name: "node-3" }, "merge", { metadata: { labels: { disk: "ssd" } } });
  await clock.advance(20_000);
  assert.deepEqual(await nodes(), ["node-1", "node-2", "node-3"]);
  await taint("node-3", "NoSchedule");
  assert.deepEqual(await nodes(), ["node-1", "node-2", "node-3"]);
  assert.deepEqual([(await status())?.desiredNumberScheduled, (await status())?.numberMisscheduled], [2, 1]);
  await taint("node-3", "NoExecute");
  assert.deepEqual(await nodes(), ["node-1", "node-2"]);
  await client.patch(Node, { name: "node-1" }, "merge", { metadata: { labels: { disk: null } } });
  await clock.advance(20_000);
  assert.deepEqual(await nodes(), ["node-2"]);
  await stop();
});

test("DS-6, DS-7: percentages round up, and no more Pods are missing than that", async () => {
  const { create, patch, places, status, stop } = await setUp();
  await create({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "30%" } } });
  await patch({ spec: { template: template("broken") } });
  assert.deepEqual(await places(), ["node-1 broken", "node-2 broken", "node-3 v1", "node-4 v1", "node-5 v1"]);
  assert.deepEqual([(await status())?.updatedNumberScheduled, (await status())?.numberUnavailable], [2, 2]);
  await patch({ spec: { template: template("v3") } });
  assert.equal((await places()).filter((place) => place.endsWith(" v3")).length, 5);
  await stop();
});

test("DS-8: with maxSurge the old Pod stays until the new one is available", async () => {
  const { create, patch, places, stop } = await setUp();
  await create({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 2 } } });
  await patch({ spec: { template: template("broken") } });
  assert.deepEqual(await places(), ["node-1 broken", "node-1 v1", "node-2 broken", "node-2 v1", "node-3 v1", "node-4 v1", "node-5 v1"]);
  await patch({ spec: { template: template("v3") } });
  assert.deepEqual(
    await places(),
    [1, 2, 3, 4, 5].map((n) => `node-${n} v3`),
  );
  await stop();
});

test("DS-10: with OnDelete a Pod changes when somebody deletes it", async () => {
  const { client, create, patch, pods, places, clock, stop } = await setUp();
  await create({ updateStrategy: { type: "OnDelete" } });
  await patch({ spec: { template: template("v2") } });
  const pod = (await pods()).find((each) => nodeOf(each) === "node-4") as PodObject;
  await client.delete(Pod, keyOf(pod));
  await clock.advance(20_000);
  assert.deepEqual(await places(), ["node-1 v1", "node-2 v1", "node-3 v1", "node-4 v2", "node-5 v1"]);
  await stop();
});

test("DS-5: failed Pods are replaced ever more slowly, succeeded ones at once, with an event each", async () => {
  const { client, create, pods, events, clock, stop, informers } = await setUp();
  await create({ template: template("broken") });
  const [first] = (await pods()) as [PodObject];
  await client.patch(Pod, keyOf(first), "merge", { status: { phase: "Succeeded" } }, { subresource: "status" });
  await clock.advance(1000);
  const node = nodeOf(first);
  assert.ok(
    (await events()).includes(
      `Normal SucceededDaemonPod Found succeeded daemon pod default/${first.metadata.name} on node ${node}, will try to delete it`,
    ),
  );
  let failures = 0;
  informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added" || nodeOf(object) !== node) return;
    failures++;
    void client.patch(Pod, keyOf(object), "merge", { status: { phase: "Failed" } }, { subresource: "status" }).catch(() => {});
  });
  await clock.advance(64_000);
  assert.ok(failures >= 5 && failures <= 9, `${failures} Pods in a minute`);
  assert.ok(
    (await events()).some((text) =>
      /^Warning FailedDaemonPod Found failed daemon pod default\/agent-\w+ on node node-\d, will try to kill it$/.test(text),
    ),
  );
  await stop();
});

test("DS-12, DS-13: going back gives the old revision a new number; the history is limited; the server counts templates", async () => {
  const { client, create, patch, stop } = await setUp();
  await create({ revisionHistoryLimit: 1 });
  for (const image of ["v2", "v1", "v3"]) await patch({ spec: { template: template(image) } });
  const revisions = (await client.list(ControllerRevision, { namespace })).items;
  assert.deepEqual(revisions.map(({ data, revision }) => `${data.spec.template.spec.containers[0].image}#${revision}`).sort(), [
    "v1#3",
    "v3#4",
  ]);
  await patch({ metadata: { annotations: { "deprecated.daemonset.template.generation": "77" } } });
  assert.equal((await client.get(DaemonSet, key)).metadata.annotations?.["deprecated.daemonset.template.generation"], "4");
  await stop();
});
