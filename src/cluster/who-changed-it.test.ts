// Who a history says changed a workload: the user behind each request, told by the server beside the objects, in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindRef } from "../api/kind.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { randomInt, randomPick, seededRandom } from "../base/random.ts";
import { informerFactory } from "../client/informers.ts";
import { daemonSetController } from "../controllers/daemonset/daemon-set.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { releaseControllers } from "../release/controller/release-controllers.ts";
import { type Authors, engineUser } from "../release/records/authors.ts";
import { readHistory } from "../release/records/history-store.ts";
import { releaseRecorders } from "../release/records/recorder.ts";
import { changedByKey } from "../release/records/writer.ts";
import type { WorkloadObject } from "../release/workload.ts";
import type { User } from "../server/api.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const key = { namespace: "default", name: "web" };
const jane: User = { name: "jane", groups: ["system:authenticated"] };
const bob: User = { name: "bob", groups: ["system:authenticated"] };
const deployer: User = { name: "system:serviceaccount:ci:deployer", groups: ["system:serviceaccounts"] };
const kinds: readonly KindRef<WorkloadObject>[] = [Deployment, StatefulSet, DaemonSet] as readonly KindRef<any>[];

const workload = (kind: KindRef, image: string, annotations?: Record<string, string>): any => ({
  apiVersion: "apps/v1",
  kind: kind.kind,
  metadata: { ...key, ...(annotations && { annotations }) },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image }] } },
  },
});

/** `knows` stands between the server's knowledge and the recorder; undefined: the recorder of a cluster that tells nothing. */
async function setUp(knows: (authors: Authors) => Authors | undefined = (authors) => authors) {
  const plane = await startVirtualControlPlane({
    controllers: [
      deploymentController,
      replicaSetController,
      statefulSetController,
      daemonSetController,
      (deps, authors) => releaseRecorders(deps, knows(authors)),
    ],
  });
  const as = (user: User, manager = "kubectl") => plane.clientFor(user, manager);
  const roll = (kind: KindRef, user: User, image: string, more: object = {}) =>
    as(user).patch(kind, key, "strategic", { ...more, spec: { template: { spec: { containers: [{ name: "app", image }] } } } });
  const releases = async (kind: KindRef = Deployment) => (await readHistory(plane.client, await plane.client.get(kind, key))).releases;
  const users = async (kind: KindRef = Deployment) => (await releases(kind)).map(({ images, user }) => `${images.app} ${user}`);
  return { ...plane, as, roll, releases, users };
}

for (const kind of kinds) {
  test(`of a ${kind.kind} each release names the user who sent it, and the field manager beside`, async () => {
    const { as, roll, clock, users, releases, stop } = await setUp();
    await as(jane).create(kind, workload(kind, "web:1"));
    await clock.advance(5000);
    await roll(kind, bob, "web:2");
    await clock.advance(5000);
    await roll(kind, deployer, "web:1");
    await clock.advance(5000);
    assert.deepEqual(await users(kind), ["web:1 jane", "web:2 bob", "web:1 system:serviceaccount:ci:deployer"]);
    assert.deepEqual(new Set((await releases(kind)).map(({ manager }) => manager)), new Set(["kubectl"]));
    await stop();
  });
}

test("no object that people see tells anything of it", async () => {
  const { as, roll, clock, client, stop } = await setUp();
  await as(jane).create(Deployment, workload(Deployment, "web:1"));
  await clock.advance(5000);
  await roll(Deployment, bob, "web:2");
  await clock.advance(5000);
  assert.doesNotMatch(JSON.stringify(await client.get(Deployment, key)), /jane|bob|windlass\.dev/);
  await stop();
});

test("who scales, annotates or asks in a dry run has not changed it", async () => {
  const { as, roll, clock, users, stop } = await setUp();
  await as(jane).create(Deployment, workload(Deployment, "web:1"));
  await as(bob).patch(Deployment, key, "merge", { spec: { replicas: 3 }, metadata: { annotations: { note: "more" } } });
  await as(bob).patch(Deployment, key, "merge", { spec: { template: { metadata: { labels: { x: "y" } } } } }, { dryRun: true });
  await clock.advance(5000);
  await roll(Deployment, jane, "web:2");
  await as(bob).patch(Deployment, key, "merge", { spec: { replicas: 1 } }, { subresource: "scale" });
  await roll(Deployment, bob, "web:2");
  await clock.advance(5000);
  assert.deepEqual(await users(), ["web:1 jane", "web:2 jane"]);
  await stop();
});

test("a paused Deployment is put down to who wrote its template, not to who resumed it", async () => {
  const { as, roll, clock, users, stop } = await setUp();
  await as(jane).create(Deployment, workload(Deployment, "web:1"));
  await clock.advance(5000);
  await as(jane).patch(Deployment, key, "merge", { spec: { paused: true } });
  await roll(Deployment, jane, "web:2");
  await roll(Deployment, bob, "web:3");
  await clock.advance(60_000);
  await as(jane).patch(Deployment, key, "merge", { spec: { paused: false } });
  await clock.advance(5000);
  assert.deepEqual(await users(), ["web:1 jane", "web:3 bob"]);
  await stop();
});

test("with impersonation the user that was acted as counts, and the real one is remembered beside", async () => {
  const { as, clock, releases, stop } = await setUp();
  await as({ ...jane, impersonatedBy: "admin" }).create(Deployment, workload(Deployment, "web:1"));
  await clock.advance(5000);
  const [release] = await releases();
  assert.deepEqual([release?.user, release?.impersonatedBy], ["jane", "admin"]);
  await stop();
});

test("what the server has forgotten is not made up: the field manager alone, although an annotation names somebody", async () => {
  const { as, clock, releases, stop } = await setUp(() => ({ authorOf: () => undefined }));
  await as(jane, "helm").create(Deployment, workload(Deployment, "web:1", { [changedByKey]: "somebody" }));
  await clock.advance(5000);
  const [release] = await releases();
  assert.deepEqual([release?.user, release?.onBehalfOf, release?.manager], [undefined, undefined, "helm"]);
  await stop();
});

test("an annotation says for whom the user acted, until another user writes and leaves it behind", async () => {
  const { as, roll, clock, releases, stop } = await setUp();
  await as(deployer).create(Deployment, workload(Deployment, "web:1", { [changedByKey]: "jane" }));
  await clock.advance(5000);
  await roll(Deployment, deployer, "web:2");
  await clock.advance(5000);
  await roll(Deployment, bob, "web:3");
  await clock.advance(5000);
  await roll(Deployment, deployer, "web:4", { metadata: { annotations: { [changedByKey]: "ann" } } });
  await clock.advance(5000);
  assert.deepEqual(
    (await releases()).map(({ user, onBehalfOf }) => [user?.replace(/.*:/, ""), onBehalfOf]),
    [
      ["deployer", "jane"],
      ["deployer", "jane"],
      ["bob", undefined],
      ["deployer", "ann"],
    ],
  );
  await stop();
});

test("where no server tells, a release that the release controllers made is not put down to who wrote before them", async () => {
  const { as, clock, users, roll, stop } = await setUp(() => undefined);
  await as(deployer).create(Deployment, workload(Deployment, "web:1", { [changedByKey]: "jane" }));
  await clock.advance(5000);
  await as(bob, "windlass").patch(Deployment, key, "merge", { spec: { template: { metadata: { labels: { content: "2" } } } } });
  await clock.advance(5000);
  await roll(Deployment, deployer, "web:3");
  await clock.advance(5000);
  assert.deepEqual(await users(), ["web:1 jane", "web:1 undefined", "web:3 jane"]);
  await stop();
});

test("where no server tells, the annotation is the user", async () => {
  const { as, roll, clock, users, stop } = await setUp(() => undefined);
  await as(deployer).create(Deployment, workload(Deployment, "web:1"));
  await clock.advance(5000);
  await roll(Deployment, deployer, "web:2", { metadata: { annotations: { [changedByKey]: "jane" } } });
  await clock.advance(5000);
  assert.deepEqual(await users(), ["web:1 undefined", "web:2 jane"]);
  await stop();
});

test("a release that new configuration made is windlass's own, for who edited the ConfigMap; a rollback is for nobody", async () => {
  let authors: Authors | undefined;
  const plane = await startVirtualControlPlane({
    controllers: [
      deploymentController,
      replicaSetController,
      (_, known) => {
        authors = known;
        return [];
      },
    ],
  });
  const { world, clock } = plane;
  const client = plane.clientFor({ name: engineUser, groups: ["system:masters"] }, "windlass");
  const informers = informerFactory({ client, world });
  const own = releaseControllers({ client, informers, world, recorderFor: () => ({ event() {} }) }, authors);
  for (const each of own) each.start();
  informers.start();
  await clock.advance(0);
  const shop = { namespace: "default", name: "shop" };
  await plane
    .clientFor(bob, "kubectl")
    .create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: shop, data: { COLOR: "green" } });
  const object = workload(Deployment, "web:1", { "windlass.dev/config-revisions": "true" });
  object.spec.template.spec.containers[0].envFrom = [{ configMapRef: { name: "shop" } }];
  await plane.clientFor(bob, "kubectl").create(Deployment, object);
  await clock.advance(5000);
  const [first] = (await plane.client.get(Deployment, key)).spec?.template.spec?.containers ?? [];
  await plane.clientFor(jane, "kubectl").patch(ConfigMap, shop, "merge", { metadata: { labels: { touched: "yes" } } });
  await clock.advance(5000);
  await plane.clientFor(jane, "kubectl").patch(ConfigMap, shop, "merge", { data: { COLOR: "red" } });
  await plane.clientFor(bob, "kubectl").patch(ConfigMap, shop, "merge", { metadata: { labels: { touched: "again" } } });
  await clock.advance(5000);
  // As a rollback writes it: an earlier template, and nothing else.
  const live = await plane.client.get(Deployment, key);
  const back = { ...live.spec, template: { ...live.spec?.template, spec: { ...live.spec?.template.spec, containers: [first] } } };
  await client.update(Deployment, { ...live, spec: back } as never);
  await clock.advance(5000);
  const { releases } = await readHistory(plane.client, await plane.client.get(Deployment, key));
  assert.deepEqual(
    releases.map(({ user, onBehalfOf }) => [user, onBehalfOf]),
    [
      ["bob", undefined],
      [engineUser, "jane"],
      [engineUser, undefined],
    ],
  );
  for (const each of own) await each.stop();
  informers.close();
  await plane.stop();
});

test("sentences as long as annotations may be don't keep a history from being written", async () => {
  const { as, roll, clock, users, stop } = await setUp(() => undefined);
  const long = (text: string) => ({
    metadata: { annotations: { [changedByKey]: text.repeat(100_000), "kubernetes.io/change-cause": "é".repeat(60_000) } },
  });
  await as(jane).create(Deployment, workload(Deployment, "web:0", { "windlass.dev/history-limit": "5" }));
  await clock.advance(5000);
  for (let number = 1; number <= 7; number++) {
    await roll(Deployment, jane, `web:${number}`, long(number % 2 ? "x" : "y"));
    await clock.advance(5000);
  }
  const seen = await users();
  assert.deepEqual([seen.length, seen.at(-1)?.slice(0, 12)], [5, "web:7 xxxxxx"]);
  await stop();
});

test("whoever writes whatever while the recorder looks now and then: each release it tells of names who sent it", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const { as, roll, clock, releases, stop } = await setUp();
    const random = seededRandom(seed);
    const senders = new Map([["web:0", "jane"]]);
    await as(jane).create(Deployment, workload(Deployment, "web:0"));
    for (let step = 1; step <= 30; step++) {
      const user = randomPick(random, [jane, bob, deployer]);
      const image = `web:${step}`;
      senders.set(image, user.name);
      await roll(Deployment, user, image);
      await as(bob).patch(Deployment, key, "merge", { spec: { replicas: randomInt(random, 0, 5) } });
      if (randomInt(random, 0, 2) === 0) await clock.advance(randomInt(random, 0, 3000));
    }
    await clock.advance(10_000);
    const told = await releases();
    assert.equal(told.at(-1)?.images.app, "web:30");
    for (const { images, user } of told) assert.equal(user, senders.get(images.app as string), `seed ${seed}, ${images.app}`);
    await stop();
  }
});
