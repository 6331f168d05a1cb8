/** A rollout is a ReplicaSet for each template: scaling makes none, a new image makes one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../harness/engine.ts";
import { pods, replicaSets, rolledOut } from "../harness/workloads.ts";

for (const kubectl of ["1.35", "windlass"] as const) {
  test(`how rollouts are managed, with ${kubectl}`, async (t) => {
    const engine = await startEngine(t, { kubectl });
    const { run } = engine;

    await t.test("1: apply creates the Service and the Deployment", async () => {
      assert.equal(await run("kubectl apply -f vweb/"), "service/vweb created\ndeployment.apps/vweb created");
      assert.match(await run("kubectl rollout status deploy/vweb"), /deployment "vweb" successfully rolled out$/);
      const running = await pods(engine, "app=vweb,version=v1");
      assert.deepEqual(
        running.map(({ spec, status }) => [spec.containers[0].image, status.phase]),
        [
          ["kiamol/ch09-vweb:v1", "Running"],
          ["kiamol/ch09-vweb:v1", "Running"],
        ],
      );
    });

    let first = "";
    await t.test("2: one ReplicaSet, named for the hash of its template, with two Pods", async () => {
      const [head, ...rows] = (await run("kubectl get rs -l app=vweb")).split("\n").map((line) => line.split(/\s+/));
      assert.deepEqual(head, ["NAME", "DESIRED", "CURRENT", "READY", "AGE"]);
      assert.equal(rows.length, 1);
      first = rows[0]?.[0] ?? "";
      assert.match(first, /^vweb-[a-z0-9]+$/);
      assert.deepEqual(rows[0]?.slice(1, 4), ["2", "2", "2"]);
      const hash = first.slice("vweb-".length);
      assert.equal(await run("kubectl get rs -l app=vweb -o jsonpath='{.items[0].metadata.labels.pod-template-hash}'"), hash);
    });

    await t.test("3: scaling keeps the ReplicaSet and the revision", async () => {
      assert.equal(await run("kubectl apply -f vweb/update/vweb-v1-scale.yaml"), "deployment.apps/vweb configured");
      await rolledOut(engine);
      const sets = await replicaSets(engine);
      assert.deepEqual(
        sets.map(({ name, revision, desired, ready }) => ({ name, revision, desired, ready })),
        [{ name: first, revision: "1", desired: 3, ready: 3 }],
      );
    });

    await t.test("4: the history knows one revision without a cause", async () => {
      assert.equal(await run("kubectl rollout history deploy/vweb"), "deployment.apps/vweb \nREVISION  CHANGE-CAUSE\n1         <none>\n");
    });

    await t.test("5: a new image makes a new ReplicaSet, and the old one is kept at 0", async () => {
      assert.equal(await run("kubectl set image deployment/vweb web=kiamol/ch09-vweb:v2"), "deployment.apps/vweb image updated");
      await run("kubectl rollout status deploy/vweb");
      await rolledOut(engine);
      const sets = await replicaSets(engine);
      assert.deepEqual(
        sets.map(({ revision, desired, current, ready, image }) => [revision, desired, current, ready, image]),
        [
          ["1", 0, 0, 0, "kiamol/ch09-vweb:v1"],
          ["2", 3, 3, 3, "kiamol/ch09-vweb:v2"],
        ],
      );
      assert.equal(sets[0]?.name, first);
      assert.match(await run("kubectl rollout history deploy/vweb"), /^1 +<none>\n2 +<none>$/m);
      assert.equal(await run("curl -s http://localhost:8090/v.txt"), "v2");
    });
  });
}
