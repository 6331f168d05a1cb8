// Seeded rollouts with rollovers, undo and slow or broken Pods; what a Deployment promises is checked after every single change.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { DeploymentSpec, Pod as PodObject } from "../api/types.ts";
import { randomInt, randomPick, seededRandom } from "../base/random.ts";
import { formatTime } from "../base/time.ts";
import { boundsOf } from "../controllers/deployment/replica-sets.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { isPodActive, isPodAvailable } from "../machinery/pods.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const key = { namespace: "default", name: "web" };
const imageOf = (pod: PodObject): string => pod.spec?.containers[0]?.image ?? "";

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const plane = await startVirtualControlPlane({ controllers: [deploymentController, replicaSetController], seed });
  const { client, clock, informers } = plane;
  const broken = new Set<string>();
  const replicas = randomInt(random, 1, 12);
  const rollingUpdate = {
    maxSurge: randomPick(random, [0, 1, 3, "25%", "100%"]),
    maxUnavailable: randomPick(random, [1, 2, "30%", "50%"]),
  };
  const minReadySeconds = randomPick(random, [0, 0, 5]);
  const template = (image: string) => ({
    metadata: { labels: { app: "web" } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "app", image }] },
  });
  const spec = {
    replicas,
    minReadySeconds,
    selector: { matchLabels: { app: "web" } },
    strategy: { type: "RollingUpdate", rollingUpdate },
    template: template("v0"),
  };

  informers.of(Pod).addHandler(({ type, object }) => {
    if (type !== "added" || broken.has(imageOf(object))) return;
    clock.setTimer(randomInt(random, 10, 20_000), () => {
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
      client
        .patch(Pod, keyOf(object), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" })
        .catch(() => {});
    });
  });
  let wasAvailable = false;
  let broke: string | undefined;
  const promise = (what: string, kept: boolean) => {
    if (!kept) broke ??= `seed ${seed} at ${clock.now()}: ${what}`;
  };
  const look = (): void => {
    const deployment = plane.cached(Deployment, key);
    if (!deployment) return;
    const { maxSurge, maxUnavailable } = boundsOf(deployment);
    const wanted = informers
      .of(ReplicaSet)
      .lister.list()
      .reduce((sum, set) => sum + (set.spec?.replicas ?? 0), 0);
    promise(`${wanted} Pods are wanted, with ${replicas} replicas and surge ${maxSurge}`, wanted <= replicas + maxSurge);
    const pods = informers.of(Pod).lister.list();
    const available = pods.filter((pod) => isPodActive(pod) && isPodAvailable(pod, minReadySeconds, clock.now())).length;
    wasAvailable ||= available === replicas;
    promise(
      `${available} of ${replicas} Pods are available, ${maxUnavailable} may be missing`,
      !wasAvailable || available >= replicas - maxUnavailable,
    );
    for (const pod of pods) {
      const controllers = (pod.metadata.ownerReferences ?? []).filter(({ controller }) => controller);
      promise(`Pod ${pod.metadata.name} has ${controllers.length} controllers`, controllers.length === 1);
    }
  };
  informers.of(Pod).addHandler(look);
  informers.of(ReplicaSet).addHandler(look);

  await client.create(Deployment, { apiVersion: "apps/v1", kind: "Deployment", metadata: key, spec: spec as DeploymentSpec });
  await clock.advance(60_000);
  for (let step = 1; step <= 6; step++) {
    const image = randomPick(random, ["v1", "v2", "v3", "v4"]);
    if (randomInt(random, 0, 3) === 0 && step < 6) broken.add(image);
    await client.patch(Deployment, key, "merge", { spec: { template: template(image) } });
    await clock.advance(randomInt(random, 0, 40_000));
  }
  await client.patch(Deployment, key, "merge", { spec: { template: template("last") } });
  const complete = (): boolean => {
    const { status, metadata } = plane.cached(Deployment, key) ?? { metadata: {} };
    return (
      status?.observedGeneration === metadata.generation &&
      status?.updatedReplicas === replicas &&
      status?.availableReplicas === replicas &&
      status?.replicas === replicas
    );
  };
  await clock.advanceUntil(`seed ${seed}: the last template is rolled out`, () => complete() || broke !== undefined);
  assert.equal(broke, undefined);
  await plane.stop();
}

test("no rollout wants more Pods than its surge or keeps fewer than it promised, and each one ends", async () => {
  for (let seed = 1; seed <= 15; seed++) await run(seed);
});
