/** Jobs whose Pods merely run, as the official tests take them through their lives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../conformance.ts";

const open = stage({ nodes: 1 });
const job = (name: string, spec: Record<string, unknown> = {}) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name },
  spec: {
    parallelism: 2,
    completions: 4,
    backoffLimit: 6,
    template: {
      metadata: { labels: { job: name } },
      spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 0, containers: [{ name: "c", image: "busybox:1" }] },
    },
    ...spec,
  },
});
const ownerOf = (object: any) => object.metadata.ownerReferences?.find((each: any) => each.controller === true);

async function running(): Promise<{ jobs: string; pods: string; uid: string }> {
  const namespace = await open.namespace();
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const made = await open.wire.create(jobs, job("foo"));
  await open.wire.until("two Pods run", pods, ({ items }) => items.filter(({ status }: any) => status.phase === "Running").length === 2);
  return { jobs, pods, uid: made.metadata.uid };
}

test("Job should delete a job", async () => {
  const { jobs, pods } = await running();
  await open.wire.remove(`${jobs}/foo`, { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Foreground" });
  await open.wire.gone(`${jobs}/foo`);
  assert.deepEqual((await open.wire.get(pods)).items, []);
});

test("Job should adopt matching orphans and release non-matching pods", async () => {
  const { pods, uid } = await running();
  const { name } = (await open.wire.get(pods)).items[0].metadata;
  await open.wire.patch(`${pods}/${name}`, "merge", { metadata: { ownerReferences: null } });
  await open.wire.until("it is adopted again", `${pods}/${name}`, (each) => ownerOf(each)?.uid === uid);
  await open.wire.patch(`${pods}/${name}`, "json", [{ op: "remove", path: "/metadata/labels" }]);
  await open.wire.until("it is released", `${pods}/${name}`, (each) => ownerOf(each) === undefined);
});

test("Job should apply changes to a job status", async () => {
  const { jobs } = await running();
  const startTime = "2026-01-02T03:04:05Z";
  await open.wire.until("it is counted", `${jobs}/foo`, ({ status }) => status.active === 2);
  const patched = await open.wire.patch(`${jobs}/foo/status`, "merge", {
    metadata: { annotations: { patchedstatus: "true" } },
    status: { conditions: [{ type: "CustomConditionType", status: "True" }] },
  });
  assert.equal(patched.metadata.annotations.patchedstatus, "true");
  assert.ok(patched.status.conditions.some((each: any) => each.type === "CustomConditionType"));
  await open.wire.until("the status can be replaced", `${jobs}/foo`, async () => {
    const now = await open.wire.get(`${jobs}/foo/status`);
    now.status.conditions = [
      ...(now.status.conditions ?? []),
      { type: "CustomConditionType2", status: "True", lastTransitionTime: startTime },
    ];
    const answer = await open.wire.ask("PUT", `${jobs}/foo/status`, now);
    return answer.status === 200 && answer.body.status.conditions.some((each: any) => each.type === "CustomConditionType2");
  });
});
