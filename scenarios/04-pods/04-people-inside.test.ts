/** What a person does with a running Pod: read its log, go in, reach its port, take files, debug it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { podReady } from "../harness/workloads.ts";

test("people inside", async (t) => {
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  const { run, attempt, start } = engine;
  await run("kubectl apply -f talks.yaml");
  await podReady(engine, "talks");

  await t.test("logs: all, the tail, a number of bytes, with times, since, by label, of every container", async () => {
    const all = await until("the app has written", async () => {
      const text = await run("kubectl logs talks -c main");
      return text.includes("to stderr") && text;
    });
    assert.deepEqual(
      all.split("\n").filter((line) => !/notice/.test(line)),
      ["line 1", "line 2", "line 3", "line 4", "line 5", "to stderr"],
    );
    await until("nginx has started", async () => (await run("kubectl logs talks -c main")).includes("start worker process"));
    assert.equal((await run("kubectl logs talks -c main --tail=2")).split("\n").length, 2);
    assert.equal(await run("kubectl logs talks -c main --limit-bytes=6"), "line 1");
    assert.match(await run("kubectl logs talks -c main --timestamps --limit-bytes=60"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z line 1$/m);
    assert.match(await run("kubectl logs talks -c main --since=1h"), /^line 1$/m);
    assert.match(await run("kubectl logs -l app=talks --prefix --all-containers --tail=-1"), /^\[pod\/talks\/main\] line 1$/m);
    const { code, stderr } = await attempt("kubectl logs talks -c nobody");
    assert.equal(code, 1);
    assert.equal(stderr, "error: container nobody is not valid for pod talks\n");
  });

  await t.test("logs -f goes on with what is written", async () => {
    const following = start("kubectl logs -f talks -c main --tail=0");
    const address = (await engine.read(`${core}/pods/talks`)).status.podIP;
    await until("a request is in the log", async () => {
      await run(`curl -s -A the-reader http://${address}/v.txt`);
      return following.output().includes("the-reader");
    });
    await following.end();
  });

  await t.test("logs --previous are those of the container before", async () => {
    await until(
      "it has been started again",
      async () => (await engine.read(`${core}/pods/restarts`)).status.containerStatuses?.[0].restartCount >= 1,
    );
    assert.match(await run("kubectl logs restarts --previous"), /^I am [0-9a-f-]{36}$/);
    assert.match((await attempt("kubectl logs talks -c main -p")).stderr, /previous terminated container "main" in pod "talks" not found/);
  });

  await t.test("exec: streams apart, standard input, exit code, terminal", async () => {
    const outcome = await attempt("kubectl exec talks -c main -- sh -c 'echo out; echo err >&2; exit 42'");
    assert.deepEqual([outcome.stdout, outcome.stderr], ["out\n", "err\ncommand terminated with exit code 42\n"]);
    assert.equal(outcome.code, 42);
    assert.equal((await attempt("kubectl exec -i talks -c main -- cat", { input: "through\n" })).stdout, "through\n");
    const big = "x".repeat(300_000);
    assert.equal((await attempt("kubectl exec -i talks -c main -- cat", { input: big })).stdout.length, big.length);
    assert.match(await run(`script -qec "kubectl exec -it talks -c main -- sh -c 'test -t 0 && echo terminal'" /dev/null`), /terminal/);
    const missing = await attempt("kubectl exec talks -c main -- not-there");
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /not-there/);
  });

  await t.test("attach reaches the standard input of the container", async () => {
    const attached = engine.start("(sleep 0.3; echo hello; sleep 1) | kubectl attach -i talks -c echoes");
    await until("it has answered", () => attached.output().includes("heard hello"));
    await attached.end();
  });

  await t.test("port-forward leads to the Pod, the Service and its port by name", async () => {
    await run("kubectl expose pod talks --port=8000 --target-port=http");
    for (const target of ["pod/talks :80", "pod/talks :http", "service/talks :8000"]) {
      const forward = start(`kubectl port-forward ${target}`);
      const port = await until("it listens", () => /Forwarding from 127\.0\.0\.1:(\d+)/.exec(forward.output())?.[1]);
      assert.equal(await run(`curl -s http://127.0.0.1:${port}/v.txt http://127.0.0.1:${port}/v.txt`), "v1\nv1");
      await forward.end();
    }
  });

  await t.test("cp takes files both ways", async () => {
    await run(
      "head -c 200000 /dev/urandom > there && kubectl cp there talks:/tmp/there -c main && kubectl cp talks:/tmp/there back -c main",
    );
    await run("cmp there back");
    await run("mkdir -p folder/below && echo deep > folder/below/file && kubectl cp folder talks:/tmp/folder -c main");
    assert.equal(await run("kubectl exec talks -c main -- cat /tmp/folder/below/file"), "deep");
  });

  await t.test("debug puts an ephemeral container into the Pod", async () => {
    const out = await attempt(
      "kubectl debug talks --image=kiamol/ch09-vweb:v2 --target=main -c helper --profile=general -- sh -c 'ps; sleep 300'",
    );
    assert.equal(out.code, 0, out.output);
    await until("it runs", async () => (await engine.read(`${core}/pods/talks`)).status.ephemeralContainerStatuses?.[0].state.running);
    // It shares the processes of the container that it was pointed at.
    await until("it sees nginx", async () => (await run("kubectl logs talks -c helper")).includes("nginx: master process"));
    assert.equal((await engine.read(`${core}/pods/talks`)).status.containerStatuses[0].restartCount, 0);
  });

  await t.test("run --rm -i ends with the exit code of its container", async () => {
    const hello = await attempt(
      "kubectl run once --rm -i --restart=Never --image=kiamol/ch09-vweb:v1 --command -- sh -c 'echo hello; exit 5'",
    );
    assert.match(hello.stdout, /^hello$/m);
    assert.equal(hello.code, 5, hello.output);
    assert.match((await attempt("kubectl get pod once")).stderr, /not found/);
  });

  await t.test("all of them go", async () => {
    await run("kubectl delete pod --all");
  });
});
