/** PodDisruptionBudgets and evictions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage, template } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 2 });
const labels = { foo: "bar" };
const budget = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name },
  spec: { selector: { matchLabels: labels }, ...spec },
});
const budgetsIn = (namespace: string): string => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;

async function running(namespace: string, count: number): Promise<string> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (let index = 0; index < count; index++) await open.wire.create(pods, pod(`pod-${index}`, labels));
  await open.wire.until("all Pods run", pods, ({ items }) =>
    items.every(({ status }: any) => status.conditions?.some((each: any) => each.type === "Ready" && each.status === "True")),
  );
  return pods;
}

test("DisruptionController should create a PodDisruptionBudget", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "policy",
    version: "v1",
    plural: "poddisruptionbudgets",
    namespace,
    object: () => ({ ...budget("", { minAvailable: "1%" }), metadata: {} }),
    change: {
      make: (object) => {
        object.spec.minAvailable = "2%";
      },
      holds: ({ spec }) => spec.minAvailable === "2%",
    },
  });
});

test("DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets", async () => {
  const [one, other] = [await open.namespace(), await open.namespace()];
  await open.wire.create(budgetsIn(one), budget("foo1", { minAvailable: 1 }));
  await open.wire.create(budgetsIn(one), budget("foo2", { minAvailable: "1%" }));
  await open.wire.create(budgetsIn(other), budget("foo3", { minAvailable: 2 }));
  assert.equal((await open.wire.get("/apis/policy/v1/poddisruptionbudgets")).items.length, 3);
  await open.wire.remove(budgetsIn(one));
  assert.equal((await open.wire.get("/apis/policy/v1/poddisruptionbudgets")).items.length, 1);
});

test("DisruptionController should observe PodDisruptionBudget status updated", async () => {
  const namespace = await open.namespace();
  await open.wire.create(budgetsIn(namespace), budget("foo", { minAvailable: 1 }));
  await running(namespace, 3);
  await open.wire.until(
    "two may go",
    `${budgetsIn(namespace)}/foo`,
    ({ status }) => status.disruptionsAllowed === 2 && status.currentHealthy === 3,
  );
});

test("DisruptionController should update/patch PodDisruptionBudget status", async () => {
  const namespace = await open.namespace();
  const path = `${budgetsIn(namespace)}/foo`;
  await open.wire.create(budgetsIn(namespace), budget("foo", { minAvailable: 1 }));
  await running(namespace, 1);
  await open.wire.until("it is counted", path, ({ status }) => status.currentHealthy === 1 && status.observedGeneration === 1);
  await open.wire.until("the status can be replaced", path, async () => {
    const now = await open.wire.get(`${path}/status`);
    now.status.disruptedPods = { "pod-0": "2026-01-02T03:04:05Z" };
    const answer = await open.wire.ask("PUT", `${path}/status`, now);
    return answer.status === 200 && answer.body.status.disruptedPods["pod-0"];
  });
  const patched = await open.wire.patch(`${path}/status`, "merge", { status: { disruptedPods: null } });
  assert.equal(patched.status.disruptedPods, undefined);
});

for (const [sentence, spec] of [
  ["minAvailable", { minAvailable: 3 }],
  ["maxUnavailable", { maxUnavailable: 0 }],
] as const) {
  test(`DisruptionController should block an eviction until the PDB is updated to allow it (${sentence})`, async () => {
    const namespace = await open.namespace();
    await open.wire.create(budgetsIn(namespace), budget("foo", spec));
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await open.wire.create(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: { name: "rs" },
      spec: { replicas: 3, selector: { matchLabels: labels }, template: template(labels) },
    });
    await open.wire.until(
      "none may go",
      `${budgetsIn(namespace)}/foo`,
      ({ status }) => status.currentHealthy === 3 && status.disruptionsAllowed === 0,
    );
    const name = (await open.wire.get(pods)).items[0].metadata.name;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    const refusal = await open.wire.refused(429, "POST", `${pods}/${name}/eviction`, eviction);
    assert.equal(refusal.reason, "TooManyRequests");
    assert.equal(refusal.details.causes[0].reason, "DisruptionBudget");
    const change = sentence === "minAvailable" ? { minAvailable: 2 } : { maxUnavailable: 1 };
    await open.wire.patch(`${budgetsIn(namespace)}/foo`, "merge", { spec: change });
    await open.wire.until(
      "one may go",
      `${budgetsIn(namespace)}/foo`,
      ({ status, metadata }) => status.disruptionsAllowed === 1 && status.observedGeneration === metadata.generation,
    );
    await open.wire.create(`${pods}/${name}/eviction`, eviction);
    await open.wire.gone(`${pods}/${name}`);
  });
}
