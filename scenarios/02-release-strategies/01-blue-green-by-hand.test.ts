/** Two Deployments side by side and one Service that names the version: changing the Service alone moves all traffic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../harness/engine.ts";
import { startLoad } from "../harness/load.ts";
import { until } from "../harness/until.ts";
import { pods } from "../harness/workloads.ts";

for (const kubectl of ["1.35", "windlass"] as const) {
  test(`blue-green by hand, with ${kubectl}`, async (t) => {
    const engine = await startEngine(t, { kubectl });
    const { run } = engine;
    const url = "http://localhost:8090/v.txt";
    const facts = async () =>
      (await pods(engine, "app=vweb"))
        .map(({ metadata, status }) => [metadata.uid, metadata.resourceVersion, status.containerStatuses[0].restartCount])
        .sort();
    await run("kubectl apply -f lab/v1/ && kubectl apply -f lab/solution/vweb-v2.yaml");
    await run("kubectl rollout status deploy/vweb-v1 && kubectl rollout status deploy/vweb-v2");

    await t.test("both versions run, four Pods each, and v1 is served", async () => {
      await until("eight Pods are ready", async () => {
        const all = await pods(engine, "app=vweb");
        return all.length === 8 && all.every(({ status }) => status.containerStatuses[0].ready);
      });
      assert.equal((await pods(engine, "version=v1")).length, 4);
      assert.equal((await pods(engine, "version=v2")).length, 4);
      assert.equal(await run(`curl -s ${url}`), "v1");
    });

    for (const connections of ["new", "kept"] as const) {
      await t.test(`the Service flips all traffic to v2 and back, without a failed request on ${connections} connections`, async () => {
        const before = await facts();
        const load = startLoad(url, { connections });
        const fresh = async (version: string): Promise<void> => {
          await until(`${version} is served`, async () => (await run(`curl -s ${url}`)) === version);
          // No request that starts now gets another answer.
          for (let n = 0; n < 20; n++) assert.equal(await run(`curl -s ${url}`), version);
        };
        assert.match(await run("kubectl apply -f lab/solution/service.yaml"), /^service\/vweb configured$/);
        await fresh("v2");
        assert.match(await run("kubectl apply -f lab/v1/service.yaml"), /^service\/vweb configured$/);
        await fresh("v1");
        const { failures, bodies } = await load.stop();
        assert.deepEqual(failures, []);
        assert.deepEqual(Object.keys(bodies).sort(), ["v1", "v2"]);
        assert.deepEqual(await facts(), before);
      });
    }

    await t.test("clean-up", async () => {
      await run("kubectl delete all -l kiamol=ch09");
      await until("its Pods are gone", async () => (await pods(engine, "app=vweb")).length === 0);
    });
  });
}
