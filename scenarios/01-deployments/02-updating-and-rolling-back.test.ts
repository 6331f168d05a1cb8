/** Updates by apply, what the history keeps of them, the way back, and configuration that goes with a rollout or without one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { startLoad } from "../harness/load.ts";
import { until } from "../harness/until.ts";
import { pods, replicaSets, rolledOut } from "../harness/workloads.ts";

for (const kubectl of ["1.35", "windlass"] as const) {
  test(`updating and rolling back Deployments, with ${kubectl}`, async (t) => {
    const engine = await startEngine(t, { kubectl });
    const { run, attempt } = engine;
    const revisions = async () => (await replicaSets(engine)).map(({ revision, version, image }) => [revision, version, image]);
    await run("kubectl apply -f vweb/ && kubectl apply -f vweb/update/vweb-v1-scale.yaml && kubectl rollout status deploy/vweb");
    await run("kubectl set image deployment/vweb web=kiamol/ch09-vweb:v2 && kubectl rollout status deploy/vweb");

    await t.test("1: a changed label is a third ReplicaSet, and its revision has the command as its cause", async () => {
      const { code, output } = await attempt("kubectl apply -f vweb/update/vweb-v11.yaml --record");
      assert.equal(code, 0, output);
      assert.match(output, /Flag --record has been deprecated/);
      assert.match(output, /deployment\.apps\/vweb configured/);
      const history = await until("the history has the revision", async () => {
        const text = await run("kubectl rollout history deploy/vweb");
        return text.includes("\n3 ") && text;
      });
      assert.deepEqual(
        history
          .split("\n")
          .slice(2, 5)
          .map((line) => line.split(/\s{2,}/)),
        [
          ["1", "<none>"],
          ["2", "<none>"],
          ["3", `${kubectl === "windlass" ? "windlass" : "kubectl"} apply --filename=vweb/update/vweb-v11.yaml --record=true`],
        ],
      );
      assert.deepEqual(await revisions(), [
        ["1", "v1", "kiamol/ch09-vweb:v1"],
        ["2", "v1", "kiamol/ch09-vweb:v2"],
        ["3", "v1.1", "kiamol/ch09-vweb:v1"],
      ]);
    });

    await t.test("2: each ReplicaSet shows its labels", async () => {
      const rows = (await run("kubectl get rs -l app=vweb --show-labels --no-headers")).split("\n").map((line) => line.split(/\s+/));
      for (const [name = "", , , , , labels] of rows) {
        assert.match(labels ?? "", new RegExp(`^app=vweb,pod-template-hash=${name.slice("vweb-".length)},version=v1(\\.1)?$`));
      }
      assert.deepEqual(rows.map(([, , , , , labels]) => labels?.split("version=")[1]).sort(), ["v1", "v1", "v1.1"]);
    });

    await t.test("3: rollout status ends with success", async () => {
      const status = await run("kubectl rollout status deploy/vweb");
      const lines = status.split("\n");
      assert.equal(lines.at(-1), 'deployment "vweb" successfully rolled out');
      for (const line of lines.slice(0, -1)) assert.match(line, /^Waiting for deployment "vweb" rollout to finish: /);
      await rolledOut(engine);
    });

    await t.test("4: custom columns show a revision for each ReplicaSet", async () => {
      const table = await run(
        "kubectl get rs -l app=vweb -o=custom-columns=NAME:.metadata.name,REPLICAS:.status.replicas,REVISION:.metadata.annotations.deployment\\\\.kubernetes\\\\.io/revision",
      );
      const [head, ...rows] = table.split("\n").map((line) => line.trim().split(/\s+/));
      assert.deepEqual(head, ["NAME", "REPLICAS", "REVISION"]);
      assert.deepEqual(rows.map(([, replicas, revision]) => [revision, replicas]).sort(), [
        ["1", "0"],
        ["2", "0"],
        ["3", "3"],
      ]);
    });

    await t.test("5: the Service has one address, which answers on this machine", async () => {
      await run("kubectl get svc vweb -o jsonpath='http://{.status.loadBalancer.ingress[0].*}:8090/v.txt' > url.txt");
      assert.match(await run("cat url.txt"), /^http:\/\/\S+:8090\/v\.txt$/);
      const { status } = await engine.read(`${core}/services/vweb`);
      assert.equal(status.loadBalancer.ingress.length, 1);
      assert.equal(await run("curl -s $(cat url.txt)"), "v1");
    });

    await t.test("6: v2 comes without a failed request", async () => {
      const load = startLoad("http://localhost:8090/v.txt", { connections: "new" });
      await run("kubectl apply -f vweb/update/vweb-v2.yaml --record && kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      const { failures, bodies, order } = await load.stop();
      assert.deepEqual(failures, []);
      assert.deepEqual(order, ["v1", "v2"]);
      assert.ok((bodies.v2 ?? 0) > 0);
      assert.equal(await run("curl -s $(cat url.txt)"), "v2");
    });

    await t.test("7: a dry run of undo says where it would go and goes nowhere", async () => {
      const before = await revisions();
      const { code, output } = await attempt("kubectl rollout undo deploy/vweb --dry-run");
      assert.equal(code, 0, output);
      assert.match(output, /deployment\.apps\/vweb.*\n/);
      assert.match(output, /version=v1\.1/);
      assert.match(output, /kiamol\/ch09-vweb:v1\b/);
      assert.deepEqual(await revisions(), before);
      assert.equal(await run("curl -s $(cat url.txt)"), "v2");
    });

    await t.test("8: undo to revision 2 serves its image, whatever its label says, and gives it the newest number", async () => {
      assert.equal(await run("kubectl rollout undo deploy/vweb --to-revision=2"), "deployment.apps/vweb rolled back");
      await run("kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      assert.equal(await run("curl -s $(cat url.txt)"), "v2");
      assert.deepEqual(await revisions(), [
        ["1", "v1", "kiamol/ch09-vweb:v1"],
        ["3", "v1.1", "kiamol/ch09-vweb:v1"],
        ["4", "v2", "kiamol/ch09-vweb:v2"],
        ["5", "v1", "kiamol/ch09-vweb:v2"],
      ]);
      const history = await run("kubectl rollout history deploy/vweb");
      assert.doesNotMatch(history, /^2 /m);
      assert.match(history, /^5 +<none>$/m);
    });

    await t.test("9: a file from a ConfigMap is served", async () => {
      await run("kubectl delete deploy vweb && kubectl apply -f vweb/update/vweb-v3-with-configMap.yaml --record");
      await run("kubectl rollout status deploy/vweb");
      assert.equal(await run("curl -s $(cat url.txt)"), "v3-from-config");
    });

    await t.test("10: a changed ConfigMap reaches the running Pods without a rollout", async () => {
      await rolledOut(engine);
      const facts = async () =>
        (await pods(engine, "app=vweb"))
          .map(({ metadata, status }) => [metadata.name, status.containerStatuses[0].restartCount, status.containerStatuses[0].containerID])
          .sort();
      const before = await facts();
      const history = await run("kubectl rollout history deploy/vweb");
      await run("kubectl apply -f vweb/update/vweb-configMap-v31.yaml --record");
      const addresses = (await pods(engine, "app=vweb")).map(({ status }) => status.podIP as string);
      assert.equal(addresses.length, 3);
      // The manifest asks for nothing quicker than the period in which volumes are looked at.
      await until(
        "every Pod serves the new file",
        async () => {
          for (const address of addresses) if ((await run(`curl -s http://${address}/v.txt`)) !== "v3.1") return false;
          return true;
        },
        { withinMs: 90_000 },
      );
      assert.equal(await run("curl -s $(cat url.txt)"), "v3.1");
      assert.deepEqual(await facts(), before);
      assert.equal(await run("kubectl rollout history deploy/vweb"), history);
    });

    await t.test("11: a new ConfigMap by a new name is a rollout with a revision", async () => {
      await run("kubectl delete deploy vweb");
      await run("kubectl apply -f vweb/update/vweb-v4-with-configMap.yaml && kubectl rollout status deploy/vweb");
      await until("v4 alone is served", async () => (await rolledOut(engine)).every(({ metadata }) => metadata.labels.version === "v4"));
      assert.equal(await run("curl -s $(cat url.txt)"), "v4-from-config");
      await run("kubectl apply -f vweb/update/vweb-v41-with-configMap.yaml && kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      assert.equal(await run("curl -s $(cat url.txt)"), "v4.1-from-config");
      assert.deepEqual(
        (await replicaSets(engine)).map(({ revision, version }) => [revision, version]),
        [
          ["1", "v4"],
          ["2", "v4.1"],
        ],
      );
    });

    await t.test("12: undo brings the earlier configuration back with the template", async () => {
      assert.equal(await run("kubectl rollout undo deploy/vweb"), "deployment.apps/vweb rolled back");
      await run("kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      assert.equal(await run("curl -s $(cat url.txt)"), "v4-from-config");
    });

    await t.test("clean-up leaves nothing of the app", async () => {
      await run("kubectl delete all -l kiamol=ch09");
      await run("kubectl delete cm -l kiamol=ch09");
      const { stdout, stderr } = await attempt("kubectl get all,cm -l kiamol=ch09");
      assert.equal(stdout + stderr, "No resources found in default namespace.\n");
      await until("its Pods are gone", async () => (await pods(engine, "app=vweb")).length === 0);
    });
  });
}
