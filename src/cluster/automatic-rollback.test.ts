// Automatic rollback on the real server and controllers in virtual time: what a broken release comes to, for each kind of workload.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { Pod as PodObject, PodTemplateSpec } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import type { Client } from "../client/client.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { isPodActive, isPodReady } from "../machinery/pods.ts";
import { releaseControllers } from "../release/controller/release-controllers.ts";
import { readHistory } from "../release/records/history-store.ts";
import { startCluster } from "./start-cluster.node.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const key = { namespace: "default", name: "web" };
const imageOf = (pod: PodObject): string => pod.spec?.containers[0]?.image ?? "";
const template = (image: string): PodTemplateSpec => ({
  metadata: { labels: { app: "web" } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }] },
});

/** An image whose name contains "broken" can't be pulled; one with "sleepy" never gets ready; any other is ready at once. */
async function start(
  annotations: Record<string, string>,
  options: { kind?: typeof Deployment | typeof StatefulSet; spec?: object; between?: (client: Client) => Client } = {},
) {
  const { kind = Deployment, spec = {}, between } = options;
  const plane = await startVirtualControlPlane({
    controllers: [deploymentController, replicaSetController, statefulSetController, releaseControllers],
    ...(between && { between }),
  });
  const { client, clock } = plane;
  plane.informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added") return;
    const image = imageOf(object);
    clock.setTimer(20, () => {
      const ready = !image.includes("broken") && !image.includes("sleepy");
      const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) }];
      const state = image.includes("broken")
        ? { waiting: { reason: "ErrImagePull", message: `failed to pull ${image}: not found` } }
        : { running: { startedAt: formatTime(clock.now()) } };
      const containerStatuses = [{ name: "app", image, imageID: "", ready, started: ready, restartCount: 0, state }];
      const status = { phase: image.includes("broken") ? "Pending" : "Running", conditions, containerStatuses };
      client
        .patch(Pod, keyOf(object), "strategic", { metadata: { uid: object.metadata.uid }, status }, { subresource: "status" })
        .catch(() => {});
    });
  });
  await client.create<any>(kind, {
    apiVersion: "apps/v1",
    kind: kind.kind,
    metadata: { ...key, annotations },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: template("web:1"), ...spec },
  });
  const live = (): Promise<any> => client.get<any>(kind, key);
  const pods = async (): Promise<readonly PodObject[]> => (await client.list(Pod, { namespace: "default" })).items;
  return {
    plane,
    client,
    clock,
    live,
    pods,
    async image() {
      return (await live()).spec.template.spec.containers[0].image as string;
    },
    async release(image: string, seconds = 60) {
      await client.patch<any>(kind, key, "merge", { spec: { template: template(image) } });
      await clock.advance(seconds * 1000);
    },
    uids: async (image: string) =>
      (await pods())
        .filter((pod) => imageOf(pod) === image && isPodActive(pod))
        .map(({ metadata }) => metadata.uid)
        .sort(),
    async events() {
      await plane.events.flushed();
      const about = (await client.list(Event, { namespace: "default" })).items.filter(
        ({ source }) => source?.component === "windlass-rollback",
      );
      return about.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    },
    outcomes: async () => (await readHistory(client, await live())).releases.map(({ outcome, number }) => `${number} ${outcome}`),
  };
}

test("a broken release goes back at once to the last proven one, whose Pods were never touched; the history tells", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure" });
  await web.clock.advance(60_000);
  await web.release("web:2");
  const before = await web.uids("web:2");
  assert.equal(before.length, 3);
  await web.release("broken:3", 1);
  assert.equal(await web.image(), "web:2");
  assert.deepEqual(await web.uids("web:2"), before);
  assert.deepEqual(await web.uids("broken:3"), []);
  await web.clock.advance(60_000);
  assert.equal((await web.live()).metadata.generation, 4);
  assert.deepEqual(await web.outcomes(), ["1 completed", "2 completed", "3 rolled back", "4 completed"]);
  const [event, ...others] = await web.events();
  assert.match(
    event as string,
    /^Warning RolledBack: Rolled back from revision 3 to revision 2, the last one that was proven good: .*broken:3/,
  );
  assert.deepEqual(others, []);
  await web.plane.stop();
});

test("with on-failure it waits for the progress deadline", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-failure" }, { spec: { progressDeadlineSeconds: 90 } });
  await web.clock.advance(60_000);
  await web.release("broken:2", 80);
  assert.equal(await web.image(), "broken:2");
  await web.clock.advance(20_000);
  assert.equal(await web.image(), "web:1");
  await web.plane.stop();
});

test("what never gets ready is no certain failure: it has until its deadline, an own one where there is one", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure", "windlass.dev/progress-deadline": "2m" });
  await web.clock.advance(60_000);
  await web.release("sleepy:2", 110);
  assert.equal(await web.image(), "sleepy:2");
  await web.clock.advance(20_000);
  assert.equal(await web.image(), "web:1");
  await web.plane.stop();
});

test("a bad release is rolled back once: applied again, it stays, and that is said once", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure" });
  await web.clock.advance(60_000);
  await web.release("broken:2");
  assert.equal(await web.image(), "web:1");
  await web.release("broken:2", 1200);
  assert.equal(await web.image(), "broken:2");
  assert.equal((await web.live()).metadata.generation, 4);
  const events = await web.events();
  assert.equal(events.length, 2);
  assert.match(
    events[1] as string,
    /^Warning NotRolledBackAgain: Not rolled back: revision 4 was rolled back before and was applied again/,
  );
  await web.release("web:3");
  await web.release("broken:4");
  assert.equal(await web.image(), "web:3", "another bad release is another story");
  await web.plane.stop();
});

test("it never goes to a release that was not proven good", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure" });
  // Complete, but not for long enough.
  await web.clock.advance(5000);
  await web.release("broken:2", 1200);
  assert.equal(await web.image(), "web:1", "what was available for long enough meanwhile is proven");
  await web.plane.stop();
  const fresh = await start({ "windlass.dev/auto-rollback": "on-certain-failure" }, { spec: { template: template("sleepy:1") } });
  await fresh.clock.advance(60_000);
  await fresh.release("broken:2", 1200);
  assert.equal(await fresh.image(), "broken:2");
  assert.match(
    (await fresh.events())[0] as string,
    /^Warning RollbackImpossible: Not rolled back: revision 2 fails, and no earlier revision was proven good/,
  );
  await fresh.plane.stop();
});

test("a failing release between two others is passed over: back goes to the last proven one", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure" });
  await web.clock.advance(60_000);
  await web.release("sleepy:2", 5);
  await web.release("broken:3");
  assert.equal(await web.image(), "web:1");
  await web.plane.stop();
});

test("a release that was proven good is not given up when its Pods can't be started later", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure", "windlass.dev/progress-deadline": "1m" });
  await web.clock.advance(60_000);
  await web.release("web:2");
  for (const pod of await web.pods()) {
    const containerStatuses = [
      {
        name: "app",
        image: "web:2",
        imageID: "",
        ready: false,
        started: false,
        restartCount: 9,
        state: { waiting: { reason: "ErrImagePull", message: "not found" } },
      },
    ];
    const conditions = [{ type: "Ready", status: "False", lastTransitionTime: formatTime(web.clock.now()) }];
    await web.client.patch(Pod, keyOf(pod), "strategic", { status: { conditions, containerStatuses } }, { subresource: "status" });
  }
  await web.clock.advance(600_000);
  assert.equal(await web.image(), "web:2");
  await web.plane.stop();
});

test("a paused Deployment, one without the annotation and one scaled to zero are left alone", async () => {
  for (const [annotations, spec] of [
    [{ "windlass.dev/auto-rollback": "on-certain-failure" }, { paused: true }],
    [{}, {}],
    [{ "windlass.dev/auto-rollback": "on-certain-failure" }, { replicas: 0 }],
  ] as const) {
    const web = await start(annotations);
    await web.clock.advance(60_000);
    await web.client.patch<any>(Deployment, key, "merge", { spec });
    await web.release("broken:2", 1200);
    assert.equal(await web.image(), "broken:2");
    await web.plane.stop();
  }
});

test("who changes the template while it is rolled back wins", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure" });
  await web.clock.advance(60_000);
  await web.release("broken:2", 0.021);
  await web.release("web:3");
  assert.equal(await web.image(), "web:3");
  await web.plane.stop();
});

test("replicas that an autoscaler changes meanwhile stay as it wants them", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-failure", "windlass.dev/progress-deadline": "1m" });
  await web.clock.advance(60_000);
  await web.release("broken:2", 30);
  await web.client.patch<any>(Deployment, key, "merge", { spec: { replicas: 7 } });
  await web.clock.advance(60_000);
  assert.equal(await web.image(), "web:1");
  assert.equal((await web.live()).spec.replicas, 7);
  await web.plane.stop();
});

test("#67250: a StatefulSet that its broken Pod blocks is freed; healthy Pods are not touched", async () => {
  const web = await start({ "windlass.dev/auto-rollback": "on-certain-failure" }, { kind: StatefulSet, spec: { serviceName: "web" } });
  await web.clock.advance(60_000);
  const before = await web.uids("web:1");
  assert.equal(before.length, 3);
  await web.release("broken:2", 60);
  assert.equal(await web.image(), "web:1");
  const after = await web.uids("web:1");
  assert.equal(after.length, 3);
  assert.equal(after.filter((uid) => before.includes(uid)).length, 2, "only the broken one is another");
  assert.ok((await web.pods()).every(isPodReady));
  const events = await web.events();
  assert.match(events[0] as string, /RolledBack: Rolled back from revision 2 to revision 1/);
  assert.match(events[1] as string, /FreedBlockedPod: Deleted Pod web-2, which was not ready/);
  assert.equal(events.length, 2);
  await web.plane.stop();
});

test("a StatefulSet has the deadline that its annotation gives it, and the partition's Pods stay", async () => {
  const web = await start(
    { "windlass.dev/auto-rollback": "on-failure", "windlass.dev/progress-deadline": "90s" },
    {
      kind: StatefulSet,
      spec: {
        serviceName: "web",
        podManagementPolicy: "Parallel",
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      },
    },
  );
  await web.clock.advance(60_000);
  await web.client.patch<any>(StatefulSet, key, "merge", { spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } });
  const before = await web.uids("web:1");
  await web.release("sleepy:2", 80);
  assert.equal(await web.image(), "sleepy:2");
  await web.clock.advance(60_000);
  assert.equal(await web.image(), "web:1");
  assert.equal((await web.uids("web:1")).filter((uid) => before.includes(uid)).length, 2);
  assert.ok((await web.pods()).every(isPodReady));
  await web.plane.stop();
});

test("a wrong annotation is said, and followed as far as it can be", async () => {
  const web = await start(
    { "windlass.dev/auto-rollback": "yes", "windlass.dev/progress-deadline": "soon" },
    { spec: { progressDeadlineSeconds: 60 } },
  );
  await web.clock.advance(60_000);
  await web.release("broken:2", 70);
  assert.equal(await web.image(), "web:1");
  const said = (await web.events()).filter((event) => event.includes("InvalidAnnotation"));
  assert.equal(said.length, 2);
  await web.plane.stop();
});

test("a DaemonSet goes back on every node, and Pods that no release replaced stay", async () => {
  const cluster = await startCluster({ nodes: 3, clock: "virtual", imageFails: (reference) => reference.includes("broken") });
  const { client } = cluster;
  await client.create<any>(DaemonSet, {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { ...key, annotations: { "windlass.dev/auto-rollback": "on-certain-failure" } },
    spec: { selector: { matchLabels: { app: "web" } }, template: template("web:1") },
  });
  const pods = async () => (await client.list(Pod, { namespace: "default" })).items;
  const whole = async () => {
    const { status, metadata } = await client.get(DaemonSet, key);
    return status?.observedGeneration === metadata.generation && status?.updatedNumberScheduled === 3 && status.numberAvailable === 3;
  };
  await cluster.until("it runs on every node", whole);
  await cluster.advance(30_000);
  const before = (await pods()).map(({ metadata }) => metadata.uid);
  await client.patch<any>(DaemonSet, key, "merge", { spec: { template: template("broken:2") } });
  await cluster.until("it has gone back", async () => (await client.get(DaemonSet, key)).metadata.generation === 3);
  await cluster.until("it is whole again", whole);
  const after = await pods();
  assert.deepEqual(
    after.map(imageOf),
    after.map(() => "web:1"),
  );
  assert.equal(after.filter(({ metadata }) => before.includes(metadata.uid)).length, 2);
  await cluster.stop();
});
