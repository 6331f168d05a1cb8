/** Jobs in real containers: numbered, failing, tried again, suspended, too slow, gone by themselves, made by the clock and by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, type Engine, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";

const jobs = "/apis/batch/v1/namespaces/default/jobs";
const job = (engine: Engine, name: string): Promise<any> => engine.read(`${jobs}/${name}`);
const podsOf = async (engine: Engine, name: string): Promise<any[]> =>
  (await engine.read(`${core}/pods?labelSelector=batch.kubernetes.io%2Fjob-name%3D${name}`)).items;
const has = (object: any, type: string): any =>
  object.status.conditions?.find((condition: any) => condition.type === type && condition.status === "True");

test("jobs", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"], files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  await run("kubectl apply -f jobs.yaml");

  await t.test("one with indexes runs each to its end, and its logs stay", async () => {
    await run("kubectl wait --for=condition=Complete job/numbered --timeout=60s");
    const { status } = await job(engine, "numbered");
    assert.deepEqual([status.succeeded, status.completedIndexes], [3, "0-2"]);
    assert.match(await run("kubectl get job numbered"), /^NAME +STATUS +COMPLETIONS +DURATION +AGE\nnumbered +Complete +3\/3 +\d+s +\S+$/);
    for (const index of [0, 1, 2])
      assert.equal(
        await run(`kubectl logs -l batch.kubernetes.io/job-name=numbered,batch.kubernetes.io/job-completion-index=${index}`),
        `I am ${index} of numbered-${index}`,
      );
  });

  await t.test("one that fails is tried again as often as it may be, and says that it was", async () => {
    const failed = await until("it has failed", async () => has(await job(engine, "failing"), "Failed"), { withinMs: 60_000 });
    assert.deepEqual([failed.reason, failed.message], ["BackoffLimitExceeded", "Job has reached the specified backoff limit"]);
    const all = await podsOf(engine, "failing");
    assert.deepEqual(
      all.map(({ status }) => [status.phase, status.containerStatuses[0].state.terminated.exitCode]),
      [
        ["Failed", 3],
        ["Failed", 3],
      ],
    );
    assert.match(await run("kubectl get job failing"), /^failing +Failed +0\/1 /m);
    assert.match(
      await run("kubectl describe job failing"),
      /^ +Warning +BackoffLimitExceeded .*job-controller +Job has reached the specified backoff limit$/m,
    );
    assert.equal(await run(`kubectl logs ${all[0].metadata.name}`), "it is no use");
  });

  await t.test("one whose Pod starts its container again needs no other Pod", async () => {
    await run("kubectl wait --for=condition=Complete job/stubborn --timeout=60s");
    const all = await podsOf(engine, "stubborn");
    assert.deepEqual(
      all.map(({ status }) => [status.phase, status.containerStatuses[0].restartCount]),
      [["Succeeded", 1]],
    );
  });

  await t.test("one with a time to live goes by itself, with its Pod", async () => {
    await until("it has gone", async () => (await attempt("kubectl get job fleeting")).stderr.includes("not found"));
    await until("its Pod too", async () => (await podsOf(engine, "fleeting")).length === 0);
  });

  await t.test("one that is suspended has no Pods; resumed it runs, and no longer than it may", async () => {
    assert.equal((await podsOf(engine, "paused")).length, 0);
    assert.match(await run("kubectl get job paused"), /^paused +Suspended +0\/1 /m);
    await run(`kubectl patch job paused -p '{"spec":{"suspend":false}}'`);
    const failed = await until("its time is over", async () => has(await job(engine, "paused"), "Failed"));
    assert.deepEqual([failed.reason, failed.message], ["DeadlineExceeded", "Job was active longer than specified deadline"]);
    await until("nothing of it runs", async () =>
      (await podsOf(engine, "paused")).every(({ metadata, status }) => metadata.deletionTimestamp || status.phase === "Failed"),
    );
  });

  await t.test("one that is suspended while it runs loses its Pods, and goes on later", async () => {
    await run(
      "kubectl create job sleeper --image=kiamol/ch03-sleep --dry-run=client -o yaml | sed 's/restartPolicy: Never/&\\n      terminationGracePeriodSeconds: 0/' | sed 's/image: .*/&\\n        imagePullPolicy: IfNotPresent/' | kubectl apply -f -",
    );
    const [first] = await until("it runs", async () => {
      const all = await podsOf(engine, "sleeper");
      return all[0]?.status.phase === "Running" && all;
    });
    await run(`kubectl patch job sleeper -p '{"spec":{"suspend":true}}'`);
    await until("its Pod has gone", async () => (await podsOf(engine, "sleeper")).length === 0);
    assert.equal(has(await job(engine, "sleeper"), "Suspended").reason, "JobSuspended");
    await run(`kubectl patch job sleeper -p '{"spec":{"suspend":false}}'`);
    const [second] = await until("another runs", async () => {
      const all = await podsOf(engine, "sleeper");
      return all[0]?.status.phase === "Running" && all;
    });
    assert.notEqual(second.metadata.uid, first.metadata.uid);
    assert.equal((await job(engine, "sleeper")).status.failed ?? 0, 0);
    await run("kubectl delete job sleeper");
  });

  await t.test("a CronJob waits for its time; a Job is made of it by hand at once", async () => {
    assert.match(
      await run("kubectl get cronjob"),
      /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nby-the-clock +0 0 1 1 \* +<none> +False +0 +<none> +\S+$/,
    );
    assert.equal(await run("kubectl create job now --from=cronjob/by-the-clock"), "job.batch/now created");
    await run("kubectl wait --for=condition=Complete job/now --timeout=60s");
    assert.equal(await run("kubectl logs job/now"), "tick");
    assert.equal((await job(engine, "now")).metadata.ownerReferences[0].name, "by-the-clock");
    await run("kubectl delete cronjob by-the-clock");
    await until("its Job goes with it", async () => (await attempt("kubectl get job now")).stderr.includes("not found"));
  });

  await t.test("a Job that runs when the engine is killed is neither lost nor begun twice", async () => {
    await run(
      `kubectl create job steady --image=kiamol/ch03-sleep --dry-run=client -o yaml -- sh -c 'sleep 4; echo done' | sed 's/image: .*/&\\n        imagePullPolicy: IfNotPresent/' | kubectl apply -f -`,
    );
    await until("it runs", async () => (await podsOf(engine, "steady"))[0]?.status.phase === "Running");
    process.kill(engine.pid(), "SIGKILL");
    await until("the process is gone", async () => (await attempt("windlass status")).code === 3);
    await engine.up();
    await run("kubectl wait --for=condition=Complete job/steady --timeout=60s");
    assert.equal((await podsOf(engine, "steady")).length, 1);
    assert.equal(await run("kubectl logs job/steady"), "done");
    await run("kubectl delete job --all");
  });
});
