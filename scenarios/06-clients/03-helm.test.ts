/** Helm installs, upgrades, rolls back, tests and uninstalls a chart, and waits for what it does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";

test("Helm", async (t) => {
  const engine = await startEngine(t, { files: new URL(".", import.meta.url) });
  const { run, attempt } = engine;
  const served = (): Promise<string> => run("curl -s http://localhost:8090/v.txt");

  await t.test("install waits until the app is there", async () => {
    const output = await run("helm install web chart --wait --timeout 30s");
    assert.match(output, /^STATUS: deployed$/m);
    assert.equal((await engine.read(`${apps}/deployments/web`)).status.availableReplicas, 2);
    assert.equal(await served(), "v1");
    assert.match(await run("helm list"), /^web\s+default\s+1\s+.*\sdeployed\s+vweb-0\.1\.0\s+v1\s*$/m);
    assert.match(await run("helm test web --timeout 30s"), /^Phase: +Succeeded$/m);
  });

  await t.test("upgrade rolls the Deployment, rollback takes it back", async () => {
    assert.match(await run("helm upgrade web chart --set version=v2,replicas=3 --wait --timeout 30s"), /^REVISION: 2$/m);
    await until("v2 is served", async () => (await served()) === "v2");
    assert.equal((await engine.read(`${apps}/deployments/web`)).spec.replicas, 3);
    await run("helm rollback web 1 --wait --timeout 30s");
    await until("v1 is served", async () => (await served()) === "v1");
    assert.deepEqual(
      (await run("helm history web"))
        .split("\n")
        .slice(1)
        .map((line) => line.split("\t").map((cell) => cell.trim()))
        .map(([revision, , status]) => [revision, status]),
      [
        ["1", "superseded"],
        ["2", "superseded"],
        ["3", "deployed"],
      ],
    );
    assert.equal(await run("kubectl get configmap web-about -o jsonpath='{.data.version}'"), "v1");
  });

  await t.test("an upgrade that never gets ready fails, and can be taken back by itself", async () => {
    const { code, stderr } = await attempt("helm upgrade web chart --set version=v3 --rollback-on-failure --timeout 5s", {
      patienceMs: 90_000,
    });
    assert.notEqual(code, 0);
    assert.match(stderr, /UPGRADE FAILED/);
    await until(
      "v1 alone is served",
      async () => (await served()) === "v1" && (await engine.read(`${apps}/deployments/web`)).status.updatedReplicas === 2,
    );
    assert.match(await run("helm status web"), /^STATUS: deployed$/m);
  });

  await t.test("uninstall leaves nothing", async () => {
    assert.match(await run("helm uninstall web --wait --timeout 30s"), /release "web" uninstalled/);
    assert.equal((await engine.read(`${core}/secrets`)).items.filter(({ type }: any) => type === "helm.sh/release.v1").length, 0);
    await until("its Pods are gone", async () => (await engine.read(`${core}/pods?labelSelector=app%3Dweb`)).items.length === 0);
    await run("kubectl delete pod web-answers --ignore-not-found");
  });
});
