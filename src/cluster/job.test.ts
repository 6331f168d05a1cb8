// What a user sees of Jobs, on the real server core in virtual time. The test says how Pods end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Event } from "../api/kinds/event/index.ts";
import { Job } from "../api/kinds/job/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { keyOf } from "../api/meta/object.ts";
import type { JobSpec, Pod as PodObject } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { garbageCollector } from "../controllers/garbage-collector/index.ts";
import { jobController } from "../controllers/job/job.ts";
import { kinds } from "../api/registry.ts";
import { isPodActive } from "../machinery/pods.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";
const key = { namespace, name: "work" };

async function setUp() {
  const plane = await startVirtualControlPlane({ controllers: [jobController, (deps) => garbageCollector(deps, kinds)] });
  const { client, clock } = plane;
  const create = async (spec: Partial<JobSpec> = {}) => {
    const template = { spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 0, containers: [{ name: "app", image: "v1" }] } };
    await client.create(Job, { apiVersion: "batch/v1", kind: "Job", metadata: key, spec: { template, ...spec } as JobSpec });
    await clock.advance(1000);
  };
  const pods = async () => (await client.list(Pod, { namespace })).items.toSorted((a, b) => (keyOf(a).name < keyOf(b).name ? -1 : 1));
  const active = async () => (await pods()).filter(isPodActive);
  const end = async (pod: PodObject | undefined, exitCode: number) => {
    assert.ok(pod);
    const terminated = { exitCode, finishedAt: formatTime(clock.now()) };
    const containerStatuses = [{ name: "app", image: "v1", imageID: "", ready: false, restartCount: 0, state: { terminated } }];
    const status = { phase: exitCode === 0 ? "Succeeded" : "Failed", containerStatuses };
    await client.patch(Pod, keyOf(pod), "strategic", { status }, { subresource: "status" });
    await clock.advance(1000);
  };
  const status = async () => (await client.get(Job, key)).status ?? {};
  const conditions = async () => (await status()).conditions?.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`);
  const patch = async (change: unknown) => {
    await client.patch(Job, key, "merge", change);
    await clock.advance(1000);
  };
  const events = async () => {
    await plane.events.flushed();
    return (await client.list(Event, { namespace })).items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  };
  return { ...plane, create, pods, active, end, status, conditions, patch, events };
}

test("a Job runs as many Pods at a time as it may until enough have succeeded", async () => {
  const { create, active, pods, end, status, conditions, events, stop } = await setUp();
  await create({ completions: 3, parallelism: 2 });
  assert.equal((await active()).length, 2);
  await end((await active())[0], 0);
  assert.equal((await active()).length, 2);
  await end((await active())[0], 0);
  assert.equal((await active()).length, 1);
  await end((await active())[0], 0);
  assert.deepEqual(await conditions(), ["SuccessCriteriaMet=True/CompletionsReached", "Complete=True/CompletionsReached"]);
  const { succeeded, active: running, completionTime, uncountedTerminatedPods } = await status();
  assert.deepEqual([succeeded, running, typeof completionTime, uncountedTerminatedPods], [3, undefined, "string", {}]);
  assert.ok((await pods()).every(({ metadata }) => metadata.finalizers === undefined));
  assert.ok((await events()).includes("Normal Completed Job completed"));
  await stop();
});

test("failed Pods are tried again ever more slowly, up to the limit", async () => {
  const { create, active, end, status, conditions, clock, events, stop } = await setUp();
  await create({ backoffLimit: 1 });
  await end((await active())[0], 1);
  assert.equal((await active()).length, 0);
  await clock.advance(10_000);
  assert.equal((await active()).length, 1);
  await end((await active())[0], 1);
  assert.deepEqual(await conditions(), ["FailureTarget=True/BackoffLimitExceeded", "Failed=True/BackoffLimitExceeded"]);
  assert.equal((await status()).failed, 2);
  assert.ok((await events()).includes("Warning BackoffLimitExceeded Job has reached the specified backoff limit"));
  await stop();
});

test("an Indexed Job gives each Pod an index and counts each index once", async () => {
  const { create, active, end, status, stop } = await setUp();
  await create({ completions: 4, parallelism: 3, completionMode: "Indexed" });
  const [first, second, third] = (await active()) as [PodObject, PodObject, PodObject];
  assert.deepEqual(
    [first, second, third].map(({ spec }) => spec?.hostname),
    ["work-0", "work-1", "work-2"],
  );
  assert.equal(first.metadata.annotations?.["batch.kubernetes.io/job-completion-index"], "0");
  assert.equal(first.spec?.containers[0]?.env?.[0]?.name, "JOB_COMPLETION_INDEX");
  await end(third, 0);
  await end(first, 0);
  assert.equal((await status()).completedIndexes, "0,2");
  await end(second, 0);
  assert.equal((await status()).completedIndexes, "0-2");
  await end((await active())[0], 0);
  assert.equal((await status()).completedIndexes, "0-3");
  assert.equal((await status()).succeeded, 4);
  await stop();
});

test("a deadline ends a Job, a suspension stops it and a resumption starts it anew", async () => {
  const { create, active, status, conditions, patch, clock, stop } = await setUp();
  await create({ activeDeadlineSeconds: 60, suspend: true });
  assert.deepEqual(await conditions(), ["Suspended=True/JobSuspended"]);
  assert.equal((await status()).startTime, undefined);
  await clock.advance(100_000);
  await patch({ spec: { suspend: false } });
  assert.equal((await active()).length, 1);
  await patch({ spec: { suspend: true } });
  assert.equal((await active()).length, 0);
  assert.equal((await status()).failed, undefined);
  await patch({ spec: { suspend: false } });
  await clock.advance(61_000);
  assert.ok((await conditions())?.includes("Failed=True/DeadlineExceeded"));
  assert.equal((await active()).length, 0);
  await stop();
});

test("a failure policy fails the Job at once, or overlooks a failure", async () => {
  const { create, active, end, status, conditions, clock, stop } = await setUp();
  const rules = [
    { action: "Ignore", onExitCodes: { operator: "In", values: [3] } },
    { action: "FailJob", onExitCodes: { operator: "In", values: [42] } },
  ];
  await create({ podFailurePolicy: { rules } });
  await end((await active())[0], 3);
  await clock.advance(20_000);
  assert.equal((await status()).failed, undefined);
  const [pod] = await active();
  await end(pod, 42);
  assert.ok((await conditions())?.includes("Failed=True/PodFailurePolicy"));
  const said = (await status()).conditions?.[0]?.message;
  assert.equal(said, `Container app for pod default/${pod?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`);
  await stop();
});

test("a finished Job goes after its time to live, and its Pods with it", async () => {
  const { client, create, active, pods, end, clock, stop } = await setUp();
  await create({ ttlSecondsAfterFinished: 30 });
  await end((await active())[0], 0);
  assert.equal((await client.list(Job, { namespace })).items.length, 1);
  await clock.advance(40_000);
  assert.equal((await client.list(Job, { namespace })).items.length, 0);
  assert.equal((await pods()).length, 0);
  await stop();
});

const byIndex = (pods: readonly PodObject[], index: number) =>
  pods.find(({ metadata }) => metadata.annotations?.["batch.kubernetes.io/job-completion-index"] === String(index));
const triesOf = (pod: PodObject | undefined) => pod?.metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"];

test("with a limit per index each index is tried as often as it may be, on its own", async () => {
  const { create, active, pods, end, status, conditions, clock, stop } = await setUp();
  await create({ completions: 4, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1 });
  assert.equal(triesOf(byIndex(await active(), 1)), "0");
  await end(byIndex(await active(), 0), 0);
  await end(byIndex(await active(), 1), 1);
  assert.equal((await status()).failedIndexes, "");
  // Index 2 runs; index 1 waits and keeps its place.
  assert.deepEqual([(await active()).length, byIndex(await active(), 2) !== undefined], [1, true]);
  await end(byIndex(await active(), 2), 0);
  assert.notEqual(byIndex(await active(), 3), undefined);
  await clock.advance(10_000);
  assert.equal(triesOf(byIndex(await active(), 1)), "1");
  await end(byIndex(await active(), 1), 1);
  assert.equal((await status()).failedIndexes, "1");
  await end(byIndex(await active(), 3), 1);
  await clock.advance(11_000);
  await end(byIndex(await active(), 3), 1);
  assert.deepEqual(await conditions(), ["FailureTarget=True/FailedIndexes", "Failed=True/FailedIndexes"]);
  const { failed, succeeded, failedIndexes, completedIndexes } = await status();
  assert.deepEqual([failed, succeeded, failedIndexes, completedIndexes], [4, 2, "1,3", "0,2"]);
  assert.ok((await pods()).every(({ metadata }) => metadata.finalizers === undefined));
  await stop();
});

test("a Job ends as soon as more indexes have failed than may", async () => {
  const { create, active, end, status, conditions, stop } = await setUp();
  await create({ completions: 4, parallelism: 1, completionMode: "Indexed", backoffLimitPerIndex: 0, maxFailedIndexes: 0 });
  await end(byIndex(await active(), 0), 1);
  assert.ok((await conditions())?.includes("Failed=True/MaxFailedIndexesExceeded"));
  assert.deepEqual([(await status()).failedIndexes, (await active()).length], ["0", 0]);
  await stop();
});

test("a failure policy gives an index up at once, and an overlooked failure is remembered and not counted", async () => {
  const { create, active, end, status, conditions, clock, stop } = await setUp();
  const rules = [
    { action: "FailIndex", onExitCodes: { operator: "In", values: [42] } },
    { action: "Ignore", onExitCodes: { operator: "In", values: [3] } },
  ];
  await create({ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1, podFailurePolicy: { rules } });
  await end(byIndex(await active(), 0), 3);
  await clock.advance(10_000);
  const again = byIndex(await active(), 0);
  assert.deepEqual([triesOf(again), again?.metadata.annotations?.["batch.kubernetes.io/job-index-ignored-failure-count"]], ["0", "1"]);
  await end(again, 0);
  await end(byIndex(await active(), 1), 42);
  assert.ok((await conditions())?.includes("Failed=True/FailedIndexes"));
  const { failed, failedIndexes, completedIndexes } = await status();
  assert.deepEqual([failed, failedIndexes, completedIndexes], [1, "1", "0"]);
  await stop();
});

test("a success policy ends a Job while other indexes still run or have failed", async () => {
  for (const rule of [{ succeededIndexes: "0" }, { succeededCount: 1 }, { succeededIndexes: "0-2", succeededCount: 1 }]) {
    const { create, active, end, status, conditions, events, stop } = await setUp();
    await create({ completions: 5, parallelism: 3, completionMode: "Indexed", successPolicy: { rules: [rule] } });
    await end(byIndex(await active(), 1), 1);
    assert.equal(await conditions(), undefined);
    await end(byIndex(await active(), 0), 0);
    assert.deepEqual(await conditions(), ["SuccessCriteriaMet=True/SuccessPolicy", "Complete=True/SuccessPolicy"]);
    const { completedIndexes, active: running, conditions: said } = await status();
    assert.deepEqual([completedIndexes, running, said?.[0]?.message], ["0", undefined, "Matched rules at index 0"]);
    assert.equal((await active()).length, 0);
    assert.ok((await events()).includes("Normal Completed Job completed"));
    await stop();
  }
});
