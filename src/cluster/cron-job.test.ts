// What a user sees of CronJobs, on the real server core in virtual time. The test says when Jobs end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CronJob } from "../api/kinds/cron-job/index.ts";
import { Event } from "../api/kinds/event/index.ts";
import { Job } from "../api/kinds/job/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { CronJobSpec, Job as JobObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { cronJobController } from "../controllers/cron-job/cron-job.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "tick" };
const minuteMs = 60_000;

async function setUp() {
  const plane = await startVirtualControlPlane({ controllers: [cronJobController] });
  const { client, clock } = plane;
  const create = async (spec: Partial<CronJobSpec> = {}) => {
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "app", image: "v1" }] } };
    const whole = { schedule: "* * * * *", jobTemplate: { spec: { template } }, ...spec };
    await client.create(CronJob, { apiVersion: "batch/v1", kind: "CronJob", metadata: key, spec: whole as CronJobSpec });
  };
  const jobs = async () => (await client.list(Job, { namespace })).items;
  const end = async (job: JobObject | undefined) => {
    assert.ok(job);
    const time = formatTime(clock.now());
    const ended = [
      { type: "SuccessCriteriaMet", status: "True" },
      { type: "Complete", status: "True" },
    ];
    const status = { startTime: time, completionTime: time, conditions: ended };
    await client.patch(Job, keyOf(job), "merge", { status }, { subresource: "status" });
    await clock.advance(100);
  };
  const status = async () => (await client.get(CronJob, key)).status;
  const events = async () => {
    await plane.events.flushed();
    return (await client.list(Event, { namespace })).items.map(({ reason, message }) => `${reason} ${message}`);
  };
  return { ...plane, create, jobs, end, status, events };
}

test("a Job is made each minute, named for it, and the history is limited", async () => {
  const { clock, create, jobs, end, status, events, stop } = await setUp();
  await create({ successfulJobsHistoryLimit: 2 });
  await clock.advance(minuteMs);
  const [first] = await jobs();
  assert.equal(first?.metadata.name, `tick-${Math.floor(clock.now() / minuteMs)}`);
  assert.equal((await status())?.active?.[0]?.name, first?.metadata.name);
  await end(first);
  assert.equal((await status())?.active, undefined);
  assert.ok((await status())?.lastSuccessfulTime);
  for (let round = 0; round < 3; round++) {
    await clock.advance(minuteMs);
    await end((await jobs()).find((job) => job.status?.conditions === undefined));
  }
  assert.equal((await jobs()).length, 2);
  const said = await events();
  assert.ok(said.includes(`SuccessfulCreate Created job ${first?.metadata.name}`));
  assert.ok(said.includes(`SawCompletedJob Saw completed job: ${first?.metadata.name}, condition: Complete`));
  assert.ok(said.includes(`SuccessfulDelete Deleted job ${first?.metadata.name}`));
  await stop();
});

test("Forbid waits for the Job before, Replace ends it, Allow lets both run", async () => {
  const running = async (concurrencyPolicy: string) => {
    const { clock, create, jobs, status, stop } = await setUp();
    await create({ concurrencyPolicy });
    await clock.advance(3 * minuteMs);
    const names = (await jobs()).map(({ metadata }) => metadata.name);
    assert.deepEqual(
      (await status())?.active?.map(({ name }) => name),
      names,
    );
    const last = `tick-${Math.floor(clock.now() / minuteMs)}`;
    await stop();
    return { count: names.length, hasLast: names.includes(last) };
  };
  assert.deepEqual(await running("Allow"), { count: 3, hasLast: true });
  assert.deepEqual(await running("Forbid"), { count: 1, hasLast: false });
  assert.deepEqual(await running("Replace"), { count: 1, hasLast: true });
});

test("a suspended CronJob makes nothing; resumed, it makes one Job and not all that were missed", async () => {
  const { client, clock, create, jobs, stop } = await setUp();
  await create({ suspend: true });
  await clock.advance(10 * minuteMs);
  assert.equal((await jobs()).length, 0);
  await client.patch(CronJob, key, "merge", { spec: { suspend: false } });
  await clock.advance(1000);
  assert.equal((await jobs()).length, 1);
  await stop();
});
