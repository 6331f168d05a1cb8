// Replays what a real Kubernetes decided (see the README beside the data) and compares every step.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Deployment } from "../api/kinds/deployment/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { DeploymentSpec, Pod as PodObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { deploymentController } from "../controllers/deployment/deployment.ts";
import { replicaSetController } from "../controllers/replicaset/replica-set.ts";
import { isPodActive, isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane, type VirtualControlPlane } from "./virtual-control-plane.node.ts";

interface Op {
  readonly op: string;
  readonly spec?: DeploymentSpec;
  readonly image?: string;
  readonly count?: number;
  readonly replicas?: number;
  readonly paused?: boolean;
  readonly rollingUpdate?: unknown;
}
interface Scenario {
  readonly seed: number;
  readonly steps: readonly { readonly op: Op; readonly state: unknown }[];
}

const namespace = "default";
const name = "w";
/**
 * Scenarios in which old ReplicaSets were made within one second of the recording, so that their names decide which
 * shrinks first. They are replayed within one second as well; the names are each system's own, and a collision count to
 * begin with gives ours the order that the recorded ones had.
 */
const ties: Readonly<Record<number, { readonly collisionCount: number }>> = { 13: { collisionCount: 3 }, 45: { collisionCount: 2 } };

const imageOf = (template: { spec?: { containers?: { image?: string }[] } } | undefined): string =>
  template?.spec?.containers?.[0]?.image ?? "";
const byName = (a: { metadata: { name?: string } }, b: { metadata: { name?: string } }): number =>
  (a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1;

async function act(plane: VirtualControlPlane, op: Op): Promise<void> {
  const { client, clock } = plane;
  const change = (spec: unknown) => client.patch(Deployment, { namespace, name }, "merge", { spec });
  const pods = (await client.list(Pod, { namespace })).items
    .filter((pod) => isPodActive(pod) && imageOf(pod as never) === op.image)
    .sort(byName);
  const readyFirst = [...pods].sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
  const setPod = (pod: PodObject, ready: boolean, phase = "Running") => {
    const condition = { status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) };
    const conditions = [
      { type: "Ready", ...condition },
      { type: "ContainersReady", ...condition },
    ];
    return client.patch(Pod, keyOf(pod), "strategic", { status: { phase, conditions } }, { subresource: "status" });
  };
  const each = async (some: readonly PodObject[], once: (pod: PodObject) => Promise<unknown>) => {
    await Promise.all(some.slice(0, op.count).map(once));
  };
  switch (op.op) {
    case "create":
      await client.create(Deployment, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace },
        spec: op.spec as DeploymentSpec,
      });
      return;
    case "ready":
      return each(
        pods.filter((pod) => !isPodReady(pod)),
        (pod) => setPod(pod, true),
      );
    case "unready":
      return each(pods.filter(isPodReady), (pod) => setPod(pod, false));
    case "kill":
      return each(readyFirst, (pod) => client.delete(Pod, keyOf(pod), { gracePeriodSeconds: 0 }));
    case "fail":
      return each(readyFirst, (pod) => setPod(pod, false, "Failed"));
    case "template":
      await change({ template: { spec: { containers: [{ name: "c", image: op.image }] } } });
      return;
    case "scale":
      await change({ replicas: op.replicas });
      return;
    case "pause":
      await change({ paused: op.paused });
      return;
    case "strategy":
      await change({ strategy: { rollingUpdate: op.rollingUpdate } });
      return;
    default:
      assert.fail(`the recording has an operation "${op.op}" that this test does not know`);
  }
}

async function stateOf({ client }: VirtualControlPlane): Promise<unknown> {
  const deployment = await client.get(Deployment, { namespace, name });
  const { items } = await client.list(ReplicaSet, { namespace });
  const note = (object: { metadata: { annotations?: Record<string, string> } }, key: string) =>
    object.metadata.annotations?.[`deployment.kubernetes.io/${key}`] ?? "";
  const status = deployment.status ?? {};
  return {
    replicas: deployment.spec?.replicas,
    revision: note(deployment, "revision"),
    conditions: (status.conditions ?? []).map((c) => `${c.type}=${c.status}/${c.reason ?? ""}`).sort(),
    status: {
      replicas: status.replicas ?? 0,
      updatedReplicas: status.updatedReplicas ?? 0,
      readyReplicas: status.readyReplicas ?? 0,
      availableReplicas: status.availableReplicas ?? 0,
      unavailableReplicas: status.unavailableReplicas ?? 0,
    },
    sets: items
      .map((set) => ({
        image: imageOf(set.spec?.template),
        spec: set.spec?.replicas,
        replicas: set.status?.replicas ?? 0,
        ready: set.status?.readyReplicas ?? 0,
        available: set.status?.availableReplicas ?? 0,
        revision: note(set, "revision"),
        history: note(set, "revision-history"),
        desired: note(set, "desired-replicas"),
        max: note(set, "max-replicas"),
      }))
      .sort((a, b) => (a.image < b.image ? -1 : 1)),
  };
}

const data = new URL("../controllers/deployment/golden/deployment.jsonl", import.meta.url);
const scenarios: Scenario[] = readFileSync(data, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

test(`every step of ${scenarios.length} recorded scenarios comes out as Kubernetes decided`, async () => {
  let steps = 0;
  const differences: string[] = [];
  for (const scenario of scenarios) {
    const plane = await startVirtualControlPlane({
      controllers: [deploymentController, replicaSetController],
      seed: scenario.seed,
    });
    const tie = ties[scenario.seed];
    try {
      for (const [index, { op, state }] of scenario.steps.entries()) {
        await act(plane, op);
        if (tie && index === 0)
          await plane.client.patch(Deployment, { namespace, name }, "merge", { status: tie }, { subresource: "status" });
        await plane.clock.advance(tie ? 50 : 1500);
        steps++;
        try {
          assert.deepEqual(await stateOf(plane), state);
        } catch (error) {
          differences.push(`seed ${scenario.seed}, step ${index}, ${JSON.stringify(op)}: ${(error as Error).message}`);
          break;
        }
      }
    } finally {
      await plane.stop();
    }
  }
  assert.equal(differences.length, 0, `${differences.length} scenarios differ; the first:\n${differences.slice(0, 3).join("\n")}`);
  assert.equal(steps, scenarios.length * 15);
});
