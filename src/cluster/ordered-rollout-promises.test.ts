// Seeded lives of StatefulSets and DaemonSets: updates, broken images, lost and failing Pods, other sizes. What their strategies promise is
// checked at every write of the controllers, and every life ends well.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { DaemonSetSpec, Pod as PodObject, StatefulSetSpec } from "../api/types.ts";
import { type Random, randomInt, randomPick, seededRandom } from "../base/random.ts";
import { formatTime } from "../base/time.ts";
import type { Client } from "../client/client.ts";
import { daemonSetController } from "../controllers/daemonset/daemon-set.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { isPodActive, isPodAvailable, isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane, type VirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const imageOf = (pod: PodObject): string => pod.spec?.containers[0]?.image ?? "";
const template = (image: string) => ({
  metadata: { labels: { app: "x" } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }] },
});
const percentOf = (value: number | string, total: number, round: (exact: number) => number): number =>
  typeof value === "number" ? value : round((Number.parseInt(value, 10) * total) / 100);

interface World {
  readonly plane: VirtualControlPlane;
  readonly random: Random;
  /** Images whose Pods never become ready. */
  readonly broken: Set<string>;
  promise(what: string, kept: boolean): void;
  pods(): readonly PodObject[];
  available(pod: PodObject): boolean;
  /** Something happens to a random Pod that nobody planned. */
  misfortune(): Promise<void>;
  /** The first promise that was broken. */
  broke(): string | undefined;
}

interface Watcher {
  /** Before a controller creates a Pod. */
  creating(pod: PodObject, world: World): void;
  /** Before a controller deletes one. */
  deleting(pod: PodObject, world: World): void;
}

async function worldOf(
  seed: number,
  minReadySeconds: number,
  controllers: Parameters<typeof startVirtualControlPlane>[0]["controllers"],
  watcher: Watcher,
) {
  const random = seededRandom(seed);
  const broken = new Set<string>();
  let broke: string | undefined;
  const watched = (client: Client): Client => ({
    ...client,
    create(kind, object, options) {
      if (kind.kind === "Pod") watcher.creating(object as unknown as PodObject, world);
      return client.create(kind, object, options);
    },
    delete(kind, key, options) {
      const pod = kind.kind === "Pod" ? plane.cached(Pod, key) : undefined;
      if (pod) watcher.deleting(pod, world);
      return client.delete(kind, key, options);
    },
  });
  const plane = await startVirtualControlPlane({ controllers, seed, between: watched });
  const { client, clock, informers } = plane;
  const setReady = (pod: PodObject, ready: boolean, phase = "Running") => {
    const conditions = [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) }];
    return client.patch(Pod, keyOf(pod), "strategic", { status: { phase, conditions } }, { subresource: "status" }).catch(() => {});
  };
  informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added" || broken.has(imageOf(object))) return;
    clock.setTimer(randomInt(random, 10, 8000), () => {
      // It may have been lost, or failed, by now; one that failed does not come back.
      const now = plane.cached(Pod, keyOf(object));
      if (now && now.metadata.uid === object.metadata.uid && isPodActive(now)) void setReady(now, true);
    });
  });
  const world: World = {
    plane,
    random,
    broken,
    promise(what, kept) {
      if (!kept) broke ??= `seed ${seed} at ${clock.now()}: ${what}`;
    },
    pods: () => informers.of(Pod).lister.list(),
    available: (pod) => isPodActive(pod) && isPodAvailable(pod, minReadySeconds, clock.now()),
    async misfortune() {
      const pods = world.pods().filter(isPodActive);
      if (pods.length === 0) return;
      const pod = randomPick(random, [...pods]);
      const what = randomInt(random, 0, 3);
      if (what === 0) await client.delete(Pod, keyOf(pod)).catch(() => undefined);
      else if (what === 1) await setReady(pod, false, "Failed");
      else if (what === 2 && isPodReady(pod)) {
        await setReady(pod, false);
        clock.setTimer(randomInt(random, 100, 20_000), () => {
          const now = plane.cached(Pod, keyOf(pod));
          if (now && now.metadata.uid === pod.metadata.uid && isPodActive(now)) void setReady(now, true);
        });
      }
    },
    broke: () => broke,
  };
  return world;
}

async function liveStatefulSet(seed: number): Promise<void> {
  const key = { namespace, name: "s" };
  const chance = seededRandom(seed * 31);
  const minReadySeconds = randomPick(chance, [0, 0, 3]);
  const podManagementPolicy = randomPick(chance, ["OrderedReady", "Parallel"]);
  const maxUnavailable = randomPick(chance, [undefined, 1, 2, "40%"]);
  let replicas = randomInt(chance, 1, 6);
  const ordinal = (pod: PodObject): number => Number((pod.metadata.name ?? "").replace(/^s-/, ""));
  const ordered = podManagementPolicy === "OrderedReady";

  const world = await worldOf(seed, minReadySeconds, [statefulSetController], {
    creating(pod, { promise, pods, available }) {
      const name = pod.metadata.name as string;
      promise(`${name} is made although ${replicas} are wanted`, ordinal(pod) < replicas);
      promise(`${name} is made although it is there`, !pods().some(({ metadata }) => metadata.name === name));
      if (!ordered) return;
      const before = pods().filter((other) => ordinal(other) < ordinal(pod) && available(other)).length;
      promise(`${name} is made while ${ordinal(pod) - before} of those before it are not available`, before === ordinal(pod));
    },
    deleting(pod, { promise, pods, available }) {
      const name = pod.metadata.name;
      if (ordinal(pod) >= replicas) {
        if (ordered)
          promise(
            `${name} goes before those above it`,
            pods().every((other) => ordinal(other) <= ordinal(pod)),
          );
        return;
      }
      if (!available(pod)) return;
      const missing = replicas - pods().filter((other) => ordinal(other) < replicas && available(other)).length + 1;
      const max = maxUnavailable === undefined ? 1 : Math.max(1, percentOf(maxUnavailable, replicas, Math.floor));
      // Without maxUnavailable only what is above counts: the walk is downwards.
      const above = pods().filter((other) => ordinal(other) > ordinal(pod) && ordinal(other) < replicas && !available(other)).length;
      promise(`${name} goes, and ${missing} are missing`, maxUnavailable === undefined ? above === 0 : missing <= max);
      if (ordered) promise(`${name} goes, and ${missing} are missing`, missing <= max);
    },
  });
  const { plane, random, broken } = world;
  const { client, clock } = plane;
  const spec = {
    replicas,
    minReadySeconds,
    podManagementPolicy,
    selector: { matchLabels: { app: "x" } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0, ...(maxUnavailable !== undefined && { maxUnavailable }) } },
    template: template("v0"),
  };
  await client.create(StatefulSet, { apiVersion: "apps/v1", kind: "StatefulSet", metadata: key, spec: spec as unknown as StatefulSetSpec });
  await clock.advance(60_000);
  for (let step = 1; step <= 8; step++) {
    const image = randomPick(random, ["v1", "v2", "v3"]);
    if (randomInt(random, 0, 4) === 0) broken.add(image);
    const what = randomInt(random, 0, 3);
    if (what === 0) {
      replicas = randomInt(random, 0, 6);
      await client.patch(StatefulSet, key, "merge", { spec: { replicas } });
    } else if (what === 1) await client.patch(StatefulSet, key, "merge", { spec: { template: template(image) } });
    else await world.misfortune();
    await clock.advance(randomInt(random, 0, 30_000));
  }
  await client.patch(StatefulSet, key, "merge", { spec: { template: template("last") } });
  await clock.advance(1000);
  // STS-23: in order, a broken Pod has to be deleted by hand.
  for (const pod of world.pods()) if (broken.has(imageOf(pod))) await client.delete(Pod, keyOf(pod)).catch(() => undefined);
  await clock.advanceUntil(`seed ${seed}: the last template is everywhere`, () => {
    const { status, metadata } = plane.cached(StatefulSet, key) ?? { metadata: {} };
    const whole = status?.observedGeneration === metadata.generation && status?.currentRevision === status?.updateRevision;
    const counted = [status?.replicas, status?.updatedReplicas ?? 0, status?.availableReplicas].every((count) => count === replicas);
    return (whole && counted) || world.broke() !== undefined;
  });
  assert.equal(world.broke(), undefined);
  await plane.stop();
}

async function liveDaemonSet(seed: number): Promise<void> {
  const key = { namespace, name: "d" };
  const chance = seededRandom(seed * 37);
  const minReadySeconds = randomPick(chance, [0, 0, 3]);
  const surges = randomInt(chance, 0, 1) === 1;
  const allowed = randomPick(chance, [1, 2, "30%", "50%"]);
  let nodes = randomInt(chance, 1, 7);
  const nodeOf = (pod: PodObject): string =>
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ??
    "";
  const onNode = (pod: PodObject, { pods }: World) => pods().filter((other) => isPodActive(other) && nodeOf(other) === nodeOf(pod));

  const world = await worldOf(seed, minReadySeconds, [daemonSetController], {
    creating(pod, here) {
      const there = onNode(pod, here).length;
      here.promise(`${nodeOf(pod)} gets a Pod beside ${there}`, there <= (surges ? 1 : 0));
    },
    deleting(pod, here) {
      const others = onNode(pod, here).filter((other) => other !== pod && here.available(other));
      if (!here.available(pod) || others.length > 0) return;
      const served = new Set(here.pods().filter(here.available).map(nodeOf));
      const missing = nodes - served.size + 1;
      const max = surges ? 0 : percentOf(allowed, nodes, Math.ceil);
      here.promise(`${pod.metadata.name} goes, and ${missing} of ${nodes} nodes are without`, missing <= max);
    },
  });
  const { plane, random, broken } = world;
  const { client, clock } = plane;
  const addNode = (index: number) => client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: `n-${index}` } });
  for (let index = 1; index <= nodes; index++) await addNode(index);
  const rollingUpdate = surges ? { maxUnavailable: 0, maxSurge: allowed } : { maxUnavailable: allowed, maxSurge: 0 };
  const spec = {
    minReadySeconds,
    selector: { matchLabels: { app: "x" } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate },
    template: template("v0"),
  };
  await client.create(DaemonSet, { apiVersion: "apps/v1", kind: "DaemonSet", metadata: key, spec: spec as DaemonSetSpec });
  await clock.advance(60_000);
  for (let step = 1; step <= 8; step++) {
    const image = randomPick(random, ["v1", "v2", "v3"]);
    if (randomInt(random, 0, 4) === 0) broken.add(image);
    const what = randomInt(random, 0, 3);
    if (what === 0) await addNode(++nodes);
    else if (what === 1) await client.patch(DaemonSet, key, "merge", { spec: { template: template(image) } });
    else await world.misfortune();
    await clock.advance(randomInt(random, 0, 30_000));
  }
  await client.patch(DaemonSet, key, "merge", { spec: { template: template("last") } });
  await clock.advanceUntil(`seed ${seed}: the last template is everywhere`, () => {
    const { status, metadata } = plane.cached(DaemonSet, key) ?? { metadata: {} };
    const counted = [status?.desiredNumberScheduled, status?.updatedNumberScheduled, status?.numberAvailable].every(
      (count) => count === nodes,
    );
    const alone = world.pods().filter(isPodActive).length === nodes;
    return (status?.observedGeneration === metadata.generation && counted && alone) || world.broke() !== undefined;
  });
  assert.equal(world.broke(), undefined);
  await plane.stop();
}

test("a StatefulSet keeps its order and its promise of availability, and every life of one ends well", async () => {
  for (let seed = 1; seed <= 60; seed++) await liveStatefulSet(seed);
});

test("a DaemonSet keeps to one Pod a node and to its promise of availability, and every life of one ends well", async () => {
  for (let seed = 1; seed <= 60; seed++) await liveDaemonSet(seed);
});
