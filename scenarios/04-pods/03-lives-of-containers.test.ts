/** How containers start, are asked how they are, are started again, and end. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podEnded, podReady } from "../harness/workloads.ts";

test("lives of containers", async (t) => {
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  const host = join(engine.directory, "host-directory");
  await run(`sed "s#HOST_DIRECTORY#${host}#" lives.yaml | kubectl apply -f -`);
  await run("kubectl apply -f probed.yaml");
  const pod = (name: string): Promise<any> => engine.read(`${core}/pods/${name}`);

  await t.test("init containers run in order, with the sidecar started between them", async () => {
    await podReady(engine, "ordered");
    assert.deepEqual(readFileSync(join(host, "order"), "utf8").trim().split("\n"), ["first", "beside", "second", "main"]);
    assert.equal(readFileSync(join(host, "hook"), "utf8"), "started\n");
    assert.match(await run("kubectl get pod ordered --no-headers"), /^ordered +2\/2 +Running +0 /);
  });

  await t.test("the end comes in order too: hook, app, sidecar", async () => {
    await run("kubectl delete pod ordered");
    const order = readFileSync(join(host, "order"), "utf8").trim().split("\n").slice(4);
    assert.deepEqual(order, ["hook", "main ends", "beside ends"]);
  });

  await t.test("a Pod whose init container fails for good has failed, with the words of its termination message", async () => {
    const { status } = await podEnded(engine, "fails-at-first");
    assert.equal(status.phase, "Failed");
    const { exitCode, message, reason } = status.initContainerStatuses[0].state.terminated;
    assert.deepEqual([exitCode, message, reason], [3, "why\n", "Error"]);
    assert.match(await run("kubectl get pod fails-at-first --no-headers"), /^fails-at-first +0\/1 +Init:Error +0 /);
  });

  await t.test("OnFailure starts what failed again and leaves what succeeded", async () => {
    const done = await podEnded(engine, "done");
    assert.deepEqual([done.status.phase, done.status.containerStatuses[0].restartCount], ["Succeeded", 0]);
    const again = await podEnded(engine, "tries-again");
    const [container] = again.status.containerStatuses;
    assert.deepEqual([again.status.phase, container.restartCount, container.state.terminated.exitCode], ["Succeeded", 1, 0]);
    assert.match(await run("kubectl get pod done --no-headers"), /^done +0\/1 +Completed +0 /);
  });

  await t.test("activeDeadlineSeconds ends a Pod", async () => {
    const { status } = await podEnded(engine, "too-long");
    assert.deepEqual(
      [status.phase, status.reason, status.message],
      ["Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"],
    );
  });

  await t.test("a container that does not heed TERM is killed after its grace", async () => {
    await podReady(engine, "stubborn");
    const deleting = engine.start("kubectl delete pod stubborn");
    await until("it is being deleted", async () => (await pod("stubborn")).metadata.deletionGracePeriodSeconds === 2);
    assert.match(await run("kubectl get pod stubborn --no-headers"), /^stubborn +1\/1 +Terminating /);
    assert.equal((await deleting.ended).code, 0);
    assert.match((await attempt("kubectl get pod stubborn")).stderr, /pods "stubborn" not found/);
  });

  await t.test("an HTTP probe keeps a Pod from being ready until it is answered", async () => {
    await until(
      "the other container is up",
      async () => (await pod("probed")).status.containerStatuses?.find(({ name }: any) => name === "exec").started,
    );
    const http = async () => (await pod("probed")).status.containerStatuses.find(({ name }: any) => name === "http");
    assert.deepEqual([(await http()).ready, (await http()).started], [false, true]);
    await until("the event gives the answer", async () =>
      (await run("kubectl describe pod probed")).includes("Readiness probe failed: HTTP probe failed with statuscode: 404"),
    );
    await run("kubectl exec probed -c http -- touch /usr/share/nginx/html/ready.txt");
    await podReady(engine, "probed");
    await run("kubectl exec probed -c http -- rm /usr/share/nginx/html/ready.txt");
    await until("it is no longer ready", async () => !(await http()).ready);
    assert.equal((await http()).restartCount, 0);
  });

  await t.test("a container whose liveness probe fails is started again", async () => {
    await run("kubectl exec probed -c exec -- rm /tmp/alive");
    await until("it has been started again", async () => {
      const container = (await pod("probed")).status.containerStatuses.find(({ name }: any) => name === "exec");
      return container.restartCount === 1 && container.started && container.lastState.terminated.exitCode === 137;
    });
    const described = await run("kubectl describe pod probed");
    assert.match(described, /Liveness probe failed: cat: can't open '\/tmp\/alive': No such file or directory/);
    assert.match(described, /Container exec failed liveness probe, will be restarted/);
  });

  await t.test("a container that does not pass its startup probe is started again", async () => {
    await until("it has been started again", async () => (await pod("never-starts")).status.containerStatuses?.[0].restartCount >= 1);
    assert.match(
      await run("kubectl describe pod never-starts"),
      /Startup probe failed: dial tcp \d+\.\d+\.\d+\.\d+:81: connect: connection refused/,
    );
  });

  await t.test("a gRPC probe of what does not speak it fails", async () => {
    await until("the event says so", async () => (await run("kubectl describe pod grpc")).includes("Readiness probe failed: "));
    assert.equal((await pod("grpc")).status.containerStatuses[0].ready, false);
  });

  await t.test("all of them go", async () => {
    await run("kubectl delete pod --all");
  });
});
