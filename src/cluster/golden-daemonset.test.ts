// Replays what a real Kubernetes decided (see the README beside the data) and compares every step.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ControllerRevision } from "../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../api/kinds/daemon-set/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { DaemonSetSpec, Pod as PodObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { daemonSetController } from "../controllers/daemonset/daemon-set.ts";
import { isPodActive, isPodReady } from "../machinery/pods.ts";
import { startVirtualControlPlane, type VirtualControlPlane } from "./virtual-control-plane.node.ts";

interface Op {
  readonly op: string;
  readonly spec?: DaemonSetSpec;
  readonly image?: string;
  readonly count?: number;
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
  const change = (spec: unknown) => client.patch(DaemonSet, { namespace, name }, "merge", { spec });
  const pods = (await client.list(Pod, { namespace })).items
    .filter((pod) => isPodActive(pod) && (op.image === "*" || imageOf(pod as never) === op.image))
    .sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1));
  const readyFirst = [...pods].sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
  const setPod = (pod: PodObject, ready: boolean) => {
    const condition = { status: ready ? "True" : "False", lastTransitionTime: formatTime(clock.now()) };
    const conditions = [
      { type: "Ready", ...condition },
      { type: "ContainersReady", ...condition },
    ];
    return client.patch(Pod, keyOf(pod), "strategic", { status: { phase: "Running", conditions } }, { subresource: "status" });
  };
  const each = async (some: readonly PodObject[], once: (pod: PodObject) => Promise<unknown>) => {
    await Promise.all(some.slice(0, op.count).map(once));
  };
  switch (op.op) {
    case "create":
      await client.create(DaemonSet, {
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: { name, namespace },
        spec: op.spec as DaemonSetSpec,
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
    case "template":
      await change({ template: { spec: { containers: [{ name: "c", image: op.image }] } } });
      return;
    case "update-strategy":
      await change({ updateStrategy: op.updateStrategy });
      return;
    default:
      assert.fail(`the recording has an operation "${op.op}" that this test does not know`);
  }
}

async function stateOf({ client }: VirtualControlPlane): Promise<unknown> {
  const { status } = await client.get(DaemonSet, { namespace, name });
  const revisions = (await client.list(ControllerRevision, { namespace })).items;
  const pods = (await client.list(Pod, { namespace })).items;
  return {
    status: {
      desiredNumberScheduled: status?.desiredNumberScheduled,
      currentNumberScheduled: status?.currentNumberScheduled,
      numberMisscheduled: status?.numberMisscheduled,
      numberReady: status?.numberReady,
      updatedNumberScheduled: status?.updatedNumberScheduled ?? 0,
      numberAvailable: status?.numberAvailable ?? 0,
      numberUnavailable: status?.numberUnavailable ?? 0,
    },
    revisions: revisions.map((each) => `${imageOf(each.data.spec.template)}#${each.revision}`).sort(),
    pods: pods
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((pod) => `${imageOf(pod as never)}${isPodReady(pod) ? " ready" : ""}`)
      .sort(),
  };
}

async function addNodes({ client }: VirtualControlPlane): Promise<void> {
  for (let index = 0; index < 5; index++) {
    const node = `node-${index}`;
    await client.create(Node, {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: node, labels: { "kubernetes.io/hostname": node } },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
  }
}

const data = new URL("../controllers/daemonset/golden/daemonset.jsonl", import.meta.url);
const scenarios: Scenario[] = readFileSync(data, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

test(`every step of ${scenarios.length} recorded scenarios comes out as Kubernetes decided`, async () => {
  let steps = 0;
  const differences: string[] = [];
  for (const scenario of scenarios) {
    const plane = await startVirtualControlPlane({ controllers: [daemonSetController], seed: scenario.seed });
    await addNodes(plane);
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
