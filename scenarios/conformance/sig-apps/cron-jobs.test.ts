/** CronJobs through minutes of virtual time, as the official tests wait for them in real ones. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CronJob } from "../../../src/api/kinds/cron-job/index.ts";
import { Job } from "../../../src/api/kinds/job/index.ts";
import { startCluster } from "../../../src/testing.ts";

const namespace = "default";
const minuteMs = 60_000;

/** A cluster in which a CronJob has its turn each minute; its Pods run for ever unless told otherwise. */
async function started(t: TestContext, spec: Record<string, unknown>) {
  const cluster = await startCluster({ nodes: 1, clock: "virtual" });
  t.after(() => cluster.stop());
  const template = { spec: { restartPolicy: "OnFailure", containers: [{ name: "c", image: "busybox:1" }] } };
  await cluster.client.create(CronJob, {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { namespace, name: "turn" },
    spec: { schedule: "*/1 * * * *", jobTemplate: { spec: { template } }, ...spec } as any,
  });
  const active = async () => (await cluster.client.get(CronJob, { namespace, name: "turn" })).status?.active ?? [];
  const jobs = async () => (await cluster.client.list(Job, { namespace })).items;
  return { ...cluster, active, jobs };
}

test("CronJob should schedule multiple jobs concurrently", async (t) => {
  const { active, jobs, advance } = await started(t, { concurrencyPolicy: "Allow" });
  await advance(2 * minuteMs + 1000);
  assert.equal((await active()).length, 2);
  assert.ok((await jobs()).every(({ status }) => status?.active === 1));
});

test("CronJob should not schedule jobs when suspended", async (t) => {
  const { active, jobs, advance } = await started(t, { concurrencyPolicy: "Allow", suspend: true });
  await advance(5 * minuteMs);
  assert.deepEqual([await active(), await jobs()], [[], []]);
});

test("CronJob should not schedule new jobs when ForbidConcurrent", async (t) => {
  const { active, jobs, advance } = await started(t, { concurrencyPolicy: "Forbid" });
  await advance(minuteMs + 1000);
  const before = (await active()).map(({ name }) => name);
  assert.equal(before.length, 1);
  await advance(5 * minuteMs);
  assert.deepEqual(
    (await active()).map(({ name }) => name),
    before,
  );
  assert.equal((await jobs()).length, 1);
});

test("CronJob should replace jobs when ReplaceConcurrent", async (t) => {
  const { active, jobs, advance } = await started(t, { concurrencyPolicy: "Replace" });
  await advance(minuteMs + 1000);
  const [before] = await active();
  assert.ok(before);
  await advance(minuteMs);
  const after = await active();
  assert.equal(after.length, 1);
  assert.notEqual(after[0]?.name, before.name);
  assert.deepEqual(
    (await jobs()).map(({ metadata }) => metadata.name),
    [after[0]?.name],
  );
});
