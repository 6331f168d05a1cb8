/** Jobs whose containers succeed and fail by their index, as the official tests have them; all run side by side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, type Engine, startEngine } from "../../harness/engine.ts";
import { until } from "../../harness/until.ts";
import { create, shellContainer } from "../containers.ts";

const jobs = "/apis/batch/v1/namespaces/default/jobs";
const patienceMs = 120_000;
const evenSucceeds = "exit $(($JOB_COMPLETION_INDEX % 2))";

const job = (name: string, line: string, spec: Record<string, unknown>, pod: Record<string, unknown> = {}) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name },
  spec: {
    parallelism: 2,
    completions: 4,
    ...spec,
    template: { spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [shellContainer(line)], ...pod } },
  },
});
const indexed = (name: string, line: string, spec: Record<string, unknown>) => job(name, line, { completionMode: "Indexed", ...spec });
const onExitCode = (action: string, values: number[]) => ({ rules: [{ action, onExitCodes: { operator: "In", values } }] });
const disrupted = { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] };

const all = [
  indexed("indexed", "exit 0", {}),
  indexed("all-succeed", "exit 0", { completions: 2, successPolicy: { rules: [{ succeededCount: 2 }] } }),
  indexed("one-index", evenSucceeds, { completions: 5, successPolicy: { rules: [{ succeededIndexes: "0" }] } }),
  indexed("one-of-all", evenSucceeds, { completions: 5, parallelism: 1, successPolicy: { rules: [{ succeededCount: 1 }] } }),
  indexed("limit-per-index", evenSucceeds, { backoffLimitPerIndex: 1 }),
  indexed("most-failed", "exit 1", { parallelism: 1, backoffLimitPerIndex: 0, maxFailedIndexes: 0 }),
  indexed("fail-index", evenSucceeds, { completions: 2, backoffLimitPerIndex: 1, podFailurePolicy: onExitCode("FailIndex", [1]) }),
  job("fail-job", "exit 1", { backoffLimit: 0, podFailurePolicy: onExitCode("FailJob", [1]) }),
  job(
    "fail-once",
    "if [ -e /data/seen ]; then exit 0; fi; touch /data/seen; exit 1",
    {},
    {
      restartPolicy: "OnFailure",
      containers: [
        shellContainer("if [ -e /data/seen ]; then exit 0; fi; touch /data/seen; exit 1", {
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        }),
      ],
      volumes: [{ name: "data", emptyDir: {} }],
    },
  ),
  // Fails when it is sent away, and succeeds when it is told to.
  indexed("disrupted", "trap 'exit 1' TERM; trap 'exit 0' USR1; while true; do sleep 0.2; done", {
    completions: 1,
    parallelism: 1,
    backoffLimit: 0,
    podFailurePolicy: disrupted,
  }),
];

const statusOf = async (engine: Engine, name: string): Promise<any> => (await engine.read(`${jobs}/${name}`)).status;
const podsOf = async (engine: Engine, name: string): Promise<any[]> =>
  (await engine.read(`${core}/pods?labelSelector=batch.kubernetes.io%2Fjob-name%3D${name}`)).items;
const conditionOf = (status: any, type: string): any =>
  status.conditions?.find((each: any) => each.type === type && each.status === "True");

/** Waits for a Job's end and returns its status, in which no Pod runs any more. */
async function ended(engine: Engine, name: string, type: "Complete" | "Failed", reason: string): Promise<any> {
  const status = await until(
    `Job ${name} is ${type}`,
    async () => {
      const seen = await statusOf(engine, name);
      return (conditionOf(seen, "Complete") ?? conditionOf(seen, "Failed")) && seen;
    },
    { withinMs: patienceMs },
  );
  assert.equal(conditionOf(status, type)?.reason, reason, JSON.stringify(status));
  assert.equal(conditionOf(status, type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget")?.reason, reason);
  assert.deepEqual([status.active ?? 0, status.ready, status.terminating], [0, 0, 0]);
  return status;
}

test("jobs", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  await create(engine, all);

  await t.test("Job should create pods for an Indexed job with completion indexes and specified hostname", async () => {
    const status = await ended(engine, "indexed", "Complete", "CompletionsReached");
    assert.deepEqual([status.succeeded, status.completedIndexes], [4, "0-3"]);
    const pods = await podsOf(engine, "indexed");
    const indexes = pods.map(({ metadata, spec }) => [metadata.annotations["batch.kubernetes.io/job-completion-index"], spec.hostname]);
    assert.deepEqual(
      indexes.sort(),
      ["0", "1", "2", "3"].map((index) => [index, `indexed-${index}`]),
    );
  });

  await t.test("Job with successPolicy should succeeded when all indexes succeeded", async () => {
    const status = await ended(engine, "all-succeed", "Complete", "SuccessPolicy");
    assert.deepEqual([status.succeeded, status.failed ?? 0], [2, 0]);
  });

  await t.test("Job with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending", async () => {
    assert.equal(
      conditionOf(await ended(engine, "one-index", "Complete", "SuccessPolicy"), "Complete").message,
      "Matched rules at index 0",
    );
  });

  await t.test("Job with successPolicy succeededCount rule should succeeded even when some indexes remain pending", async () => {
    const status = await ended(engine, "one-of-all", "Complete", "SuccessPolicy");
    assert.deepEqual([status.succeeded, status.completedIndexes], [1, "0"]);
  });

  await t.test("Job should execute all indexes despite some failing when using backoffLimitPerIndex", async () => {
    const status = await ended(engine, "limit-per-index", "Failed", "FailedIndexes");
    assert.deepEqual([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded], ["1,3", "0,2", 4, 2]);
  });

  await t.test("Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes", async () => {
    const status = await ended(engine, "most-failed", "Failed", "MaxFailedIndexesExceeded");
    assert.deepEqual([status.failedIndexes, status.failed], ["0", 1]);
  });

  await t.test("Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy", async () => {
    const status = await ended(engine, "fail-index", "Failed", "FailedIndexes");
    assert.deepEqual([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded], ["1", "0", 1, 1]);
  });

  await t.test("Job should allow to use the pod failure policy on exit code to fail the job early", async () => {
    const status = await ended(engine, "fail-job", "Failed", "PodFailurePolicy");
    assert.match(
      conditionOf(status, "Failed").message,
      /^Container main for pod default\/\S+ failed with exit code 1 matching FailJob rule at index 0$/,
    );
  });

  await t.test("Job should run a job to completion when tasks sometimes fail and are locally restarted", async () => {
    const status = await ended(engine, "fail-once", "Complete", "CompletionsReached");
    assert.equal(status.succeeded, 4);
    for (const pod of await podsOf(engine, "fail-once")) assert.equal(pod.status.containerStatuses[0].restartCount, 1);
  });

  await t.test("Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition", async () => {
    const running = (pods: any[]) => pods.find(({ metadata, status }) => status.phase === "Running" && !metadata.deletionTimestamp);
    const first = await until("its Pod runs", async () => running(await podsOf(engine, "disrupted")), { withinMs: patienceMs });
    const { name, uid } = first.metadata;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "default" } };
    await engine.run(`kubectl create --raw ${core}/pods/${name}/eviction -f -`, { input: JSON.stringify(eviction) });
    const next = await until(
      "another Pod runs in its place",
      async () => {
        const found = running(await podsOf(engine, "disrupted"));
        return found && found.metadata.uid !== uid && found;
      },
      { withinMs: patienceMs },
    );
    assert.equal((await statusOf(engine, "disrupted")).failed ?? 0, 0);
    assert.equal(next.metadata.annotations["batch.kubernetes.io/job-completion-index"], "0");
    await engine.run(`kubectl exec ${next.metadata.name} -- sh -c 'kill -USR1 1'`);
    await ended(engine, "disrupted", "Complete", "CompletionsReached");
  });
});
