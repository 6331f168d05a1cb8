// Seeded storms of claims, volumes and Pods while writes fail or are answered by nobody: nothing is ever bound twice, and all ends well.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Node } from "../api/kinds/node/index.ts";
import { PersistentVolume } from "../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StorageClass } from "../api/kinds/storage-class/index.ts";
import { randomInt, randomPick, seededRandom } from "../base/random.ts";
import { type Client, ConnectionError } from "../client/client.ts";
import { localVolumeProvisioner, standardStorageClass } from "../controllers/local-volumes/index.ts";
import type { VolumeDirectories } from "../controllers/local-volumes/volume-directories.ts";
import { persistentVolumeBinder } from "../controllers/persistent-volume-binder/index.ts";
import { claimProtectionController, volumeProtectionController } from "../controllers/persistent-volume-protection/index.ts";
import { scheduler } from "../controllers/scheduler/index.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const nodes = ["node-1", "node-2", "node-3"];

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  let isCalm = false;
  /** A write is lost before it is made, or made and never answered. */
  const unreliable =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const luck = isCalm ? 99 : randomInt(random, 0, 99);
      if (luck < 10) throw new ConnectionError("lost");
      const answer = await write(...args);
      if (luck < 20) throw new ConnectionError("unanswered");
      return answer;
    };
  const between = (client: Client): Client =>
    ({
      ...client,
      create: unreliable(client.create),
      update: unreliable(client.update),
      patch: unreliable(client.patch),
      delete: unreliable(client.delete),
      createSubresource: unreliable(client.createSubresource),
    }) as Client;
  const present = new Set<string>();
  const directories: VolumeDirectories = {
    async create(name) {
      present.add(name);
      return `/volumes/${name}`;
    },
    async remove(name) {
      present.delete(name);
    },
  };
  const plane = await startVirtualControlPlane({
    seed,
    between,
    controllers: [
      persistentVolumeBinder,
      (deps) => localVolumeProvisioner(deps, directories),
      claimProtectionController,
      volumeProtectionController,
      scheduler,
    ],
  });
  const { client, clock, informers } = plane;
  // Whom a volume was promised to never changes while its claim lives.
  const promisedTo = new Map<string, string>();
  let broke: string | undefined;
  informers.of(PersistentVolume).addHandler(({ type, object }) => {
    const name = object.metadata.name as string;
    const uid = object.spec?.claimRef?.uid;
    const before = promisedTo.get(name);
    const isAlive = informers
      .of(PersistentVolumeClaim)
      .lister.list()
      .some(({ metadata }) => metadata.uid === before);
    if (before !== undefined && uid !== before && isAlive && type !== "deleted") broke ??= `seed ${seed}: ${name} changed hands`;
    if (uid !== undefined) promisedTo.set(name, uid);
  });
  await client.create(StorageClass, standardStorageClass);
  const manual = { ...standardStorageClass, metadata: { name: "manual" }, provisioner: "kubernetes.io/no-provisioner" };
  await client.create(StorageClass, manual);
  for (const name of nodes) {
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels: { "kubernetes.io/hostname": name } } });
    const status = { allocatable: { cpu: "64", memory: "64Gi", pods: "100" }, conditions: [{ type: "Ready", status: "True" }] };
    await client.patch(Node, { name }, "merge", { status }, { subresource: "status" });
  }
  const count = randomInt(random, 4, 10);
  const classes = Array.from({ length: count }, () => randomPick(random, ["standard", "manual", "none"]));
  for (const [index, storageClassName] of classes.entries()) {
    const later = randomInt(random, 0, 20_000);
    clock.setTimer(later, () => {
      const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { namespace, name: `claim-${index}` } };
      const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName };
      void client.create(PersistentVolumeClaim, { ...claim, spec });
    });
    for (const replica of [0, 1]) {
      clock.setTimer(randomInt(random, 0, 20_000), () => {
        const volumes = [{ name: "data", persistentVolumeClaim: { claimName: `claim-${index}` } }];
        const spec = { containers: [{ name: "app", image: "web" }], volumes };
        void client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { namespace, name: `pod-${index}-${replica}` }, spec });
      });
    }
    if (storageClassName === "standard") continue;
    clock.setTimer(randomInt(random, 0, 20_000), () => {
      const terms = [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [randomPick(random, nodes)] }] }];
      void client.create(PersistentVolume, {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: `volume-${index}` },
        spec: {
          accessModes: ["ReadWriteOnce"],
          capacity: { storage: "1Gi" },
          hostPath: { path: "/data" },
          storageClassName,
          nodeAffinity: { required: { nodeSelectorTerms: terms } },
        },
      });
    });
  }
  await clock.advance(60_000);
  isCalm = true;
  await clock.advance(1_200_000);

  const claims = (await client.list(PersistentVolumeClaim)).items;
  const volumes = new Map((await client.list(PersistentVolume)).items.map((volume) => [volume.metadata.name, volume]));
  const pods = (await client.list(Pod)).items;
  assert.equal(broke, undefined);
  assert.deepEqual(
    claims.map(({ metadata, status }) => [metadata.name, status?.phase]).sort(),
    classes.map((_, index) => [`claim-${index}`, "Bound"]).sort(),
    `seed ${seed}`,
  );
  assert.equal(new Set(claims.map(({ spec }) => spec?.volumeName)).size, count, `seed ${seed}: one volume each`);
  assert.equal(volumes.size, count, `seed ${seed}: no volume too many`);
  for (const claim of claims) {
    const volume = volumes.get(claim.spec?.volumeName as string);
    assert.equal(volume?.spec?.claimRef?.uid, claim.metadata.uid, `seed ${seed}`);
    assert.equal(volume?.status?.phase, "Bound", `seed ${seed}`);
    const expression = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0];
    const users = pods.filter(({ spec }) =>
      spec?.volumes?.some(({ persistentVolumeClaim: use }) => use?.claimName === claim.metadata.name),
    );
    assert.equal(users.length, 2);
    for (const { spec } of users) assert.equal(spec?.nodeName, expression?.values?.[0], `seed ${seed}: Pods are where the volume is`);
  }
  assert.equal(present.size, classes.filter((name) => name === "standard").length);

  for (const { metadata } of pods) await client.delete(Pod, { namespace, name: metadata.name as string }, { gracePeriodSeconds: 0 });
  isCalm = false;
  for (const { metadata } of claims) await client.delete(PersistentVolumeClaim, { namespace, name: metadata.name as string });
  await clock.advance(60_000);
  isCalm = true;
  await clock.advance(1_200_000);
  assert.deepEqual((await client.list(PersistentVolumeClaim)).items, []);
  const left = (await client.list(PersistentVolume)).items.map(({ metadata, status }) => [metadata.name?.slice(0, 6), status?.phase]);
  assert.deepEqual(
    left,
    classes.filter((name) => name !== "standard").map(() => ["volume", "Released"]),
    `seed ${seed}`,
  );
  assert.deepEqual([...present], [], `seed ${seed}: no directory is left`);
  await plane.stop();
}

test("claims, volumes and Pods find each other whatever writes fail", async () => {
  for (let seed = 1; seed <= 20; seed++) await run(seed);
});
