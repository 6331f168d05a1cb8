// What is remembered of rollouts, on the real server core and controllers in virtual time. A small kubelet makes Pods ready.
import assert from "node:assert/strict";
import { test } from "node:test";
import { conflict } from "../api/errors.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { Deployment as DeploymentObject, DeploymentSpec, Pod as PodObject, StatefulSetSpec } from "../api/types.ts";
import { randomInt, randomPick, seededRandom } from "../base/random.ts";
import { formatTime } from "../base/time.ts";
import type { Client } from "../client/client.ts";
import type { Controller } from "../client/controller.ts";
import { informerFactory } from "../client/informers.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { readHistory } from "../release/records/history-store.ts";
import { releaseRecorders } from "../release/records/recorder.ts";
import { lastProven } from "../release/records/release.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "web" };
const broken = "broken";
const imageOf = (pod: PodObject): string => pod.spec?.containers[0]?.image ?? "";

const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: "web" } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }], ...more },
});
const withConfig = { volumes: [{ name: "config", configMap: { name: "settings" } }] };

/** Recorders are started and stopped by the test; `between` stands between them and the server. */
async function setUp({ seed = 1, readyAfterMs = () => 1000 }: { seed?: number; readyAfterMs?: () => number } = {}) {
  const plane = await startVirtualControlPlane({ controllers: [deploymentController, replicaSetController, statefulSetController], seed });
  const { client, clock, world } = plane;
  plane.informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added" || imageOf(object).startsWith(broken)) return;
    clock.setTimer(readyAfterMs(), () => {
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
      const containerStatuses = [
        {
          name: "app",
          image: imageOf(object),
          imageID: `registry/${imageOf(object)}@sha256:1`,
          ready: true,
          restartCount: 0,
          started: true,
          state: {},
        },
      ];
      const status = { phase: "Running", conditions, containerStatuses };
      client.patch(Pod, keyOf(object), "strategic", { status }, { subresource: "status" }).catch(() => {});
    });
  });
  const startRecorder = async (between: (client: Client) => Client = (one) => one) => {
    const informers = informerFactory({ client, world });
    const recorders: readonly Controller[] = releaseRecorders({
      client: between(client),
      informers,
      world,
      recorderFor: () => ({ event() {} }),
    });
    for (const recorder of recorders) recorder.start();
    informers.start();
    await clock.advance(0);
    return async () => {
      for (const recorder of recorders) await recorder.stop();
      informers.close();
    };
  };
  const create = (spec: Partial<DeploymentSpec> = {}, metadata: DeploymentObject["metadata"] = {}) =>
    client.create(Deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...key, ...metadata },
      spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: template("web:1"), ...spec } as DeploymentSpec,
    });
  const roll = (image: string, more: object = {}) => client.patch(Deployment, key, "merge", { spec: { template: template(image, more) } });
  const history = async () => readHistory(client, await client.get(Deployment, key));
  const story = async () =>
    (await history()).releases.map(({ number, images, outcome, formerNumbers }) =>
      [number, images.app, outcome, ...(formerNumbers ? [`was ${formerNumbers}`] : [])].join(" "),
    );
  return { ...plane, startRecorder, create, roll, history, story };
}

test("a rollout, the next and the way back are three releases, told in order", async () => {
  const { startRecorder, create, roll, clock, story, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create();
  await clock.advance(60_000);
  assert.deepEqual(await story(), ["1 web:1 completed"]);
  await roll("web:2");
  await clock.advance(60_000);
  assert.deepEqual(await story(), ["1 web:1 completed", "2 web:2 completed"]);
  await roll("web:1");
  await clock.advance(60_000);
  assert.deepEqual(await story(), ["1 web:1 completed", "2 web:2 rolled back", "3 web:1 completed was 1"]);
  const { releases } = await history();
  for (const { provenMs, completedMs, startedMs, manager, imageIds } of releases) {
    assert.ok(completedMs !== undefined && provenMs !== undefined);
    assert.ok(completedMs - startedMs >= 1000 && completedMs - startedMs < 10_000, `took ${completedMs - startedMs} ms`);
    assert.ok(provenMs >= completedMs);
    assert.equal(manager, "windlass");
    assert.match(imageIds?.app ?? "", /@sha256:1$/);
  }
  await stopRecorder();
  await stop();
});

test("a release whose deadline passes has failed; going back from it is a rollback, and it is tried again as a new attempt", async () => {
  const { startRecorder, create, roll, clock, story, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create({ progressDeadlineSeconds: 30 });
  await clock.advance(20_000);
  await roll(broken);
  await clock.advance(60_000);
  assert.deepEqual(await story(), ["1 web:1 completed", "2 broken failed"]);
  assert.match((await history()).releases.at(-1)?.reason ?? "", /has timed out progressing/);
  assert.equal(lastProven(await history())?.number, 1);
  await roll("web:1");
  await clock.advance(60_000);
  assert.deepEqual(await story(), ["1 web:1 completed", "2 broken rolled back", "3 web:1 completed was 1"]);
  await roll(broken);
  await clock.advance(5000);
  assert.deepEqual((await story()).slice(2), ["3 web:1 completed was 1", "4 broken progressing was 2"]);
  assert.equal(lastProven(await history())?.number, 3);
  await stopRecorder();
  await stop();
});

test("what is replaced or taken back before it is done was superseded or aborted", async () => {
  const { startRecorder, create, roll, clock, story, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create();
  await clock.advance(20_000);
  await roll(`${broken}:2`);
  await clock.advance(2000);
  await roll(`${broken}:3`);
  await clock.advance(2000);
  await roll("web:1");
  await clock.advance(20_000);
  assert.deepEqual(await story(), ["1 web:1 completed", "2 broken:2 superseded", "3 broken:3 aborted", "4 web:1 completed was 1"]);
  await stopRecorder();
  await stop();
});

test("a release that was left at once still proves itself by the Pods that are left of it", async () => {
  const { startRecorder, create, roll, clock, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create();
  await clock.advance(3000);
  await roll(broken);
  await clock.advance(1000);
  assert.equal(lastProven(await history()), undefined);
  await clock.advance(15_000);
  assert.equal(lastProven(await history())?.number, 1);
  await stopRecorder();
  await stop();
});

test("history outlives ReplicaSets: what was pruned is still known, with its template", async () => {
  const { startRecorder, create, roll, clock, client, history, story, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create({ revisionHistoryLimit: 0 });
  for (const image of ["web:2", "web:3", "web:4"]) {
    await clock.advance(20_000);
    await roll(image);
  }
  await clock.advance(20_000);
  assert.equal((await client.list(ReplicaSet, { namespace })).items.length, 1);
  assert.deepEqual(await story(), ["1 web:1 completed", "2 web:2 completed", "3 web:3 completed", "4 web:4 completed"]);
  const { releases, texts } = await history();
  for (const { template: digest, images } of releases) {
    assert.equal(JSON.parse(texts[digest] ?? "{}").spec.containers[0].image, images.app);
  }
  await stopRecorder();
  await stop();
});

test("the list is bounded, and the last proven release stays on it", async () => {
  const { startRecorder, create, roll, clock, story, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create({ progressDeadlineSeconds: 600 }, { annotations: { "windlass.dev/history-limit": "3" } });
  await clock.advance(20_000);
  for (let number = 2; number <= 7; number++) {
    await roll(`${broken}:${number}`);
    await clock.advance(20_000);
  }
  assert.deepEqual(await story(), ["1 web:1 completed", "5 broken:5 superseded", "6 broken:6 superseded", "7 broken:7 progressing"]);
  assert.equal(Object.keys((await history()).texts).length, 4);
  await stopRecorder();
  await stop();
});

test("a recorder that comes late fills in what ReplicaSets still tell, and says that it did", async () => {
  const { startRecorder, create, roll, clock, story, history, stop } = await setUp();
  await create();
  for (const image of ["web:2", "web:3", "web:2"]) {
    await clock.advance(20_000);
    await roll(image);
  }
  await clock.advance(20_000);
  const stopRecorder = await startRecorder();
  await clock.advance(1000);
  assert.deepEqual(await story(), ["1 web:1 unknown", "3 web:3 unknown", "4 web:2 completed was 2"]);
  assert.deepEqual(
    (await history()).releases.map(({ backfilled }) => backfilled),
    [true, true, true],
  );
  await roll("web:1");
  await clock.advance(20_000);
  assert.deepEqual((await story()).slice(1), ["3 web:3 unknown", "4 web:2 rolled back was 2", "5 web:1 completed was 1"]);
  await stopRecorder();
  await stop();
});

test("configuration that was applied just before its release is the new release's, and the old one keeps what it ran with", async () => {
  const { startRecorder, create, roll, clock, client, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  const settings = (text: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace, name: "settings" },
    data: { "a.txt": text },
  });
  await client.create(ConfigMap, settings("one"));
  await create({ template: template("web:1", withConfig) });
  await clock.advance(60_000);
  await client.patch(ConfigMap, { namespace, name: "settings" }, "merge", { data: { "a.txt": "two" } });
  await clock.advance(100);
  await roll("web:2", withConfig);
  await clock.advance(60_000);
  const contents = async () => {
    const { releases, texts } = await history();
    return releases.map(({ configuration }) => JSON.parse(texts[configuration[0]?.digest ?? ""] ?? "{}").data?.["a.txt"]);
  };
  assert.deepEqual(await contents(), ["one", "two"]);
  await client.patch(ConfigMap, { namespace, name: "settings" }, "merge", { data: { "a.txt": "three" } });
  await clock.advance(60_000);
  assert.deepEqual(await contents(), ["one", "two"]);
  await clock.advance(300_000);
  assert.deepEqual(await contents(), ["one", "three"], "what has lasted is what it runs with");
  await stopRecorder();
  await stop();
});

test("of a Secret nothing is remembered but a digest under the namespace's key, equal for equal contents", async () => {
  const { startRecorder, create, roll, clock, client, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  const withSecret = { volumes: [{ name: "s", secret: { secretName: "login" } }] };
  await client.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name: "login" },
    stringData: { password: "hunter2" },
  });
  await create({ template: template("web:1", withSecret) });
  await clock.advance(20_000);
  await client.patch(Secret, { namespace, name: "login" }, "merge", { stringData: { password: "other" } });
  await roll("web:2", withSecret);
  await clock.advance(20_000);
  await client.patch(Secret, { namespace, name: "login" }, "merge", { stringData: { password: "hunter2" } });
  await roll("web:3", withSecret);
  await clock.advance(20_000);
  const { releases } = await history();
  const digests = releases.map(({ configuration }) => configuration[0]?.digest);
  assert.ok(digests[0] && digests[1] && digests[0] !== digests[1]);
  assert.equal(digests[2], digests[0]);
  const kept = JSON.stringify((await client.list(ConfigMap, { namespace })).items);
  for (const text of ["hunter2", btoa("hunter2")]) assert.ok(!kept.includes(text));
  await stopRecorder();
  await stop();
});

test("StatefulSets are remembered by the numbers of their ControllerRevisions", async () => {
  const { startRecorder, clock, client, stop } = await setUp();
  const stopRecorder = await startRecorder();
  const spec = {
    replicas: 2,
    serviceName: "web",
    selector: { matchLabels: { app: "web" } },
    template: template("web:1"),
  } as StatefulSetSpec;
  await client.create(StatefulSet, { apiVersion: "apps/v1", kind: "StatefulSet", metadata: key, spec });
  for (const image of ["web:2", "web:1"]) {
    await clock.advance(60_000);
    await client.patch(StatefulSet, key, "merge", { spec: { template: template(image) } });
  }
  await clock.advance(60_000);
  const { releases } = await readHistory(client, await client.get(StatefulSet, key));
  assert.deepEqual(
    releases.map(({ number, images, outcome }) => `${number} ${images.app} ${outcome}`),
    ["1 web:1 completed", "2 web:2 rolled back", "3 web:1 completed"],
  );
  await stopRecorder();
  await stop();
});

test("a workload that is deleted and made again has a history of its own", async () => {
  const { startRecorder, create, roll, clock, client, story, stop } = await setUp();
  const stopRecorder = await startRecorder();
  await create();
  await clock.advance(20_000);
  await roll("web:2");
  await clock.advance(20_000);
  // Nobody collects garbage here: the old history is still there.
  await client.delete(Deployment, key);
  await create({ template: template("web:7") });
  await clock.advance(20_000);
  assert.deepEqual(await story(), ["1 web:7 completed"]);
  await stopRecorder();
  await stop();
});

/** Two recorders at once, each stopped and started again at any time, with writes that fail: the story is the same. */
async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { startRecorder, create, roll, clock, history, stop } = await setUp({ seed, readyAfterMs: () => randomInt(random, 10, 4000) });
  const failing = (client: Client): Client => ({
    ...client,
    update: async (kind, object, options) => {
      if (randomInt(random, 0, 4) === 0) throw conflict({ group: "", resource: kind.plural, name: "x" }, "somebody was faster");
      return client.update(kind, object, options);
    },
  });
  let recorders = [await startRecorder(failing), await startRecorder(failing)];
  const replicas = randomInt(random, 1, 4);
  await create({ replicas, progressDeadlineSeconds: 20 });
  await clock.advance(30_000);
  const expected: { image: string; done: boolean }[] = [{ image: "web:1", done: true }];
  for (let step = 0; step < 8; step++) {
    const image = randomPick(random, ["web:1", "web:2", "web:3", `${broken}:1`, `${broken}:2`]);
    const changed = image !== expected.at(-1)?.image;
    await roll(image);
    const patient = randomInt(random, 0, 2) > 0;
    await clock.advance(patient ? 40_000 : randomInt(random, 200, 900));
    if (changed) expected.push({ image, done: patient });
    else if (patient) (expected.at(-1) as { done: boolean }).done = true;
    if (randomInt(random, 0, 2) === 0) {
      const index = randomInt(random, 0, 1);
      await recorders[index]?.();
      await clock.advance(randomInt(random, 0, 100));
      recorders = recorders.with(index, await startRecorder(failing));
    }
  }
  await clock.advance(40_000);
  const last = expected.at(-1);
  if (last) last.done = true;
  const { releases } = await history();
  const told = releases.map(({ images }) => images.app);
  assert.deepEqual(
    told,
    expected.map(({ image }) => image),
    `seed ${seed}`,
  );
  for (const [index, release] of releases.entries()) {
    const { done = false, image = "" } = expected[index] ?? {};
    const where = `seed ${seed}, release ${index + 1} (${image}): ${JSON.stringify(release)}`;
    const isBroken = image.startsWith(broken);
    if (done) assert.equal(isBroken ? release.failedMs !== undefined : release.completedMs !== undefined, true, where);
    if (isBroken) assert.equal(release.completedMs, undefined, where);
    if (index < releases.length - 1) assert.notEqual(release.outcome, "progressing", where);
    assert.ok((release.completedMs ?? release.startedMs) >= release.startedMs, where);
    assert.ok(release.startedMs >= (releases[index - 1]?.startedMs ?? 0), where);
  }
  const numbers = releases.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
    `seed ${seed}: numbers only grow`,
  );
  assert.equal(new Set(numbers).size, numbers.length, `seed ${seed}: no number twice`);
  for (const stopRecorder of recorders) await stopRecorder();
  await stop();
}

test("whatever recorders are stopped, started, doubled or refused, every release is told once, in order, as it ended", async () => {
  for (let seed = 1; seed <= 12; seed++) await run(seed);
});

test("who wrote a template is told, and nobody is named for a change that leaves no trace of its writer", async () => {
  const { startRecorder, create, clock, client, history, stop } = await setUp();
  const stopRecorder = await startRecorder();
  const by = async (fieldManager: string, env: unknown) => {
    await clock.advance(20_000);
    const containers = [{ name: "app", env }];
    await client.patch(Deployment, key, "strategic", { spec: { template: { spec: { containers } } } }, { fieldManager });
  };
  await create();
  await by("setter", [{ name: "A", value: "1" }]);
  // What it alone owned is taken away: the newest entry left is that of the first release.
  await by("remover", [{ $patch: "delete", name: "A" }]);
  await clock.advance(20_000);
  assert.deepEqual(
    (await history()).releases.map(({ manager }) => manager),
    ["windlass", "setter", undefined],
  );
  await stopRecorder();
  await stop();
});
