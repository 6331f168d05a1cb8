/** Commands end when they are told to, and when nobody reads them any more: at once, quietly, with the code that a shell expects. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";

test("commands end as they should", async (t) => {
  const engine = await startEngine(t, { runtime: "simulated", images: [], files: new URL("manifests/", import.meta.url) });
  const { run, attempt } = engine;
  await run("kubectl apply -f web.yaml && kubectl rollout status deploy/web");
  await run('kubectl create cm stuck && kubectl patch cm stuck --type=merge -p \'{"metadata":{"finalizers":["x.y/z"]}}\'');

  /** Line, what it has said when it waits, and the code that Ctrl-C ends it with. */
  const table: [line: string, says: RegExp, code: number][] = [
    ["windlass wait --for=jsonpath='{.metadata.name}'=web deploy/web deploy/halted --timeout=5m", /web condition met/, 130],
    ["windlass delete cm stuck", /configmap "stuck" deleted/, 130],
    ["windlass rollout status deploy/halted", /Waiting for deployment/, 130],
    ["windlass logs -f deploy/web -c c", /Found 2 pods/, 130],
    ["windlass port-forward deploy/web 0:80", /Forwarding from/, 0],
  ];
  await run(
    "kubectl create deployment halted --image=nginx:1 --replicas=2 && kubectl rollout status deploy/halted && kubectl rollout pause deploy/halted && kubectl set image deploy/halted nginx=nginx:2",
  );
  for (const [line, says, code] of table) {
    await t.test(`Ctrl-C: ${line}`, async () => {
      const running = engine.start(`exec ${line}`);
      await until("it waits", () => says.test(running.output()));
      const ended = await running.end("SIGINT");
      assert.equal(ended.code, code, ended.output);
      assert.doesNotMatch(ended.output, /Error|error|\n\s+at /);
    });
  }

  await t.test("a reader that goes away is no error", async () => {
    const { code, stdout, stderr } = await attempt("windlass get pods -A -o yaml | head -1");
    assert.deepEqual([code, stdout, stderr], [0, "apiVersion: v1\n", ""]);
    const explained = await attempt("windlass explain pods --recursive | head -1");
    assert.deepEqual([explained.code, explained.stderr], [0, ""]);
  });

  await t.test("a command in a container ends with its own code, and what it is given reaches it", async () => {
    const lines = ["exec deploy/web -c c -- false", "exec deploy/web -c c -- sh -c 'exit 7'"];
    for (const line of lines) {
      const [stock, ours] = [await attempt(`kubectl ${line}`), await attempt(`windlass ${line}`)];
      assert.deepEqual(
        [ours.code, ours.stdout, ours.stderr.split("\n").at(-2)],
        [stock.code, stock.stdout, stock.stderr.split("\n").at(-2)],
      );
    }
  });

  await t.test("as a plugin of kubectl", async () => {
    await run('ln -s "$(readlink -f "$(command -v windlass)")" "$HOME/kubectl-windlass"');
    const plugin = (line: string): Promise<string> => run(`PATH=$HOME:$PATH kubectl windlass ${line}`);
    assert.equal(await plugin("rollout history deploy/web --plain"), await run("kubectl rollout history deploy/web"));
    assert.equal(await plugin("label deploy web plugged=in"), "deployment.apps/web labeled");
    assert.match(await plugin("set image deploy/web c=nginx:9 --record"), /image updated/);
    const cause = "kubectl get deploy web -o jsonpath='{.metadata.annotations.kubernetes\\.io/change-cause}'";
    assert.equal(await run(cause), "kubectl windlass set image deploy/web c=nginx:9 --record=true");
  });
});
