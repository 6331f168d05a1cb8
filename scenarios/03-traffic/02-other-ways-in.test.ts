/** Rolling updates seen from a Pod, through a node port, and by a download that takes longer than its Pod lives on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { startLoad } from "../harness/load.ts";
import { until } from "../harness/until.ts";
import { pods, podReady, rolledOut } from "../harness/workloads.ts";

test("other ways in", async (t) => {
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  const { run, start } = engine;
  await run("kubectl apply -f vweb/service.yaml -f exits-at-once.yaml -f client.yaml && kubectl rollout status deploy/vweb");
  await podReady(engine, "client");
  const roll = async (image: string): Promise<void> => {
    await run(`kubectl set image deploy/vweb web=${image} && kubectl rollout status deploy/vweb`);
    await rolledOut(engine);
  };

  await t.test("a Pod that asks by the Service's name gets an answer every time", async () => {
    await until("it asks", async () => (await run("kubectl logs client --tail=50")).split("\n").length === 50);
    const begin = (await run("kubectl logs client")).split("\n").length;
    await roll("kiamol/ch09-vweb:v2");
    await until("it has asked the new Pods", async () =>
      (await run("kubectl logs client --tail=50")).split("\n").every((line) => line === "v2"),
    );
    const answers = (await run("kubectl logs client")).split("\n").slice(begin);
    const counts = { v1: answers.filter((line) => line === "v1").length, v2: answers.filter((line) => line === "v2").length };
    assert.deepEqual(
      answers.filter((line) => !/^v[12]$/.test(line)),
      [],
      `beside ${JSON.stringify(counts)}`,
    );
    assert.ok(counts.v1 > 0 && counts.v2 > 0, JSON.stringify(counts));
    await run("kubectl delete pod client");
  });

  await t.test("a node port answers every time", async () => {
    const { nodePort } = (await engine.read(`${core}/services/vweb`)).spec.ports[0];
    const [pod] = await pods(engine, "app=vweb");
    const load = startLoad(`http://${pod.status.hostIP}:${nodePort}/v.txt`, { connections: "new" });
    await until("the load runs", () => load.answered() > 100);
    await roll("kiamol/ch09-vweb:v1");
    const { failures, order } = await load.stop();
    assert.deepEqual(failures, []);
    assert.deepEqual(order, ["v2", "v1"]);
  });

  await t.test("a download that is under way when its Pod is told to end is finished", async () => {
    await run("kubectl delete deploy vweb && kubectl apply -f vweb/update/vweb-v1-scale.yaml && kubectl rollout status deploy/vweb");
    await rolledOut(engine);
    for (const { metadata } of await pods(engine, "app=vweb")) {
      await run(`kubectl exec ${metadata.name} -- sh -c 'head -c 6000000 /dev/zero > /usr/share/nginx/html/large'`);
    }
    const download = start("curl -s --limit-rate 2M -o large http://localhost:8090/large && stat -c %s large");
    await until("it is under way", async () => Number(await run("stat -c %s large")) > 100_000);
    await roll("kiamol/ch09-vweb:v2");
    const { code, stdout } = await download.ended;
    assert.deepEqual([code, stdout], [0, "6000000\n"]);
  });
});
