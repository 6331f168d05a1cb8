// Replays what a real Kubernetes decided (see the README beside the data) and compares every step.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { StatefulSet } from "../api/kinds/stateful-set/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { Pod as PodObject, StatefulSetSpec } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { statefulSetController } from "../controllers/statefulset/stateful-set.ts";
import { isPodActive, isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane, type VirtualControlPlane } from "./virtual-control-plane.node.ts";

interface Op {
  readonly op: string;
  readonly spec?: StatefulSetSpec;
  readonly image?: string;
  readonly count?: number;
  readonly ordinal?: number;
  readonly replicas?: number;
  readonly updateStrategy?: unknown;
}
interface Scenario {
  readonly seed: number;
  readonly steps: readonly { readonly op: Op; readonly state: unknown }[];
}

const namespace = "default";
const name = "w";
const imageOf = (template: { spec?: { containers?: { image?: string }[] } } | undefined): string =>
  template?.spec?.containers?.[0]?.image ?? "";

async function act(plane: VirtualControlPlane, op: Op): Promise<void> {
  const { client, clock } = plane;
  const change = (spec: unknown) => client.patch(StatefulSet, { namespace, name }, "merge", { spec });
  const pods = (await client.list(Pod, { namespace })).items
    .filter(isPodActive)
    .sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1));
  const one = pods.find(({ metadata }) => metadata.name === `${name}-${op.ordinal}`);
  const setPod = async (pod: PodObject | undefined, ready: boolean, phase = "Running"): Promise<void> => {
    if (!pod) return;
    const condition = { status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) };
    const conditions = [
      { type: "Ready", ...condition },
      { type: "ContainersReady", ...condition },
    ];
    await client.patch(Pod, keyOf(pod), "strategic", { status: { phase, conditions } }, { subresource: "status" });
  };
  switch (op.op) {
    case "create":
      await client.create(StatefulSet, {
        apiVersion: "apps/v1",
        kind: "StatefulSet",
        metadata: { name, namespace },
        spec: op.spec as StatefulSetSpec,
      });
      return;
    case "ready":
      await Promise.all(
        pods
          .filter((pod) => !isPodReady(pod))
          .slice(0, op.count)
          .map((pod) => setPod(pod, true)),
      );
      return;
    case "ordinal-ready":
      return setPod(one, true);
    case "ordinal-unready":
      return setPod(one, false);
    case "ordinal-fail":
      return setPod(one, false, "Failed");
    case "ordinal-kill":
      if (one) await client.delete(Pod, keyOf(one), { gracePeriodSeconds: 0 });
      return;
    case "template":
      await change({ template: { spec: { containers: [{ name: "c", image: op.image }] } } });
      return;
    case "scale":
      await change({ replicas: op.replicas });
      return;
    case "update-strategy":
      await change({ updateStrategy: op.updateStrategy });
      return;
    default:
      assert.fail(`the recording has an operation "${op.op}" that this test does not know`);
  }
}

async function stateOf({ client }: VirtualControlPlane): Promise<unknown> {
  const { spec, status = { replicas: 0 } } = await client.get(StatefulSet, { namespace, name });
  const revisions = (await client.list(ControllerRevision, { namespace })).items.map((each) => ({
    name: each.metadata.name,
    image: imageOf(each.data.spec.template),
    number: each.revision,
  }));
  const pods = (await client.list(Pod, { namespace })).items;
  return {
    replicas: spec?.replicas,
    status: {
      replicas: status.replicas,
      readyReplicas: status.readyReplicas ?? 0,
      currentReplicas: status.currentReplicas ?? 0,
      updatedReplicas: status.updatedReplicas ?? 0,
    },
    current: revisions.find((each) => each.name === status.currentRevision)?.image,
    update: revisions.find((each) => each.name === status.updateRevision)?.image,
    revisions: revisions.map(({ image, number }) => `${image}#${number}`).sort(),
    pods: pods.map((pod) => `${pod.metadata.name} ${imageOf(pod as never)} ${pod.status?.phase}${isPodReady(pod) ? " ready" : ""}`).sort(),
  };
}

const data = new URL("../controllers/statefulset/golden/statefulset.jsonl", import.meta.url);
const scenarios: Scenario[] = readFileSync(data, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

test(`every step of ${scenarios.length} recorded scenarios comes out as Kubernetes decided`, async () => {
  let steps = 0;
  const differences: string[] = [];
  for (const scenario of scenarios) {
    const plane = await startVirtualControlPlane({ controllers: [statefulSetController], seed: scenario.seed });
    try {
      for (const [index, { op, state }] of scenario.steps.entries()) {
        await act(plane, op);
        await plane.clock.advance(1500);
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
