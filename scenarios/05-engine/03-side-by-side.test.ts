/** Two engines on one machine, each with its own objects, addresses and traffic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../harness/engine.ts";
import { until } from "../harness/until.ts";
import { pods } from "../harness/workloads.ts";

test("two engines side by side", async (t) => {
  const first = await startEngine(t);
  const second = await startEngine(t, { nodes: 2 });
  await first.run("kubectl apply -f vweb/ && kubectl rollout status deploy/vweb");
  await second.run("kubectl create deployment vweb --image=kiamol/ch09-vweb:v2 --replicas=4 && kubectl rollout status deploy/vweb");

  await t.test("both serve, on ports of their own", async () => {
    await second.run("kubectl expose deployment vweb --type=LoadBalancer --port=8091 --target-port=80");
    await until(
      "the second one has an address",
      async () => (await second.read(`${core}/services/vweb`)).status.loadBalancer.ingress?.length === 1,
    );
    await until("both answer", async () => {
      const answers = [await first.run("curl -s http://localhost:8090/v.txt"), await first.run("curl -s http://localhost:8091/v.txt")];
      return answers.join() === "v1,v2";
    });
  });

  await t.test("addresses never meet, and Pods of both nodes answer", async () => {
    const addresses = async (engine: typeof first): Promise<string[]> => (await pods(engine, "app=vweb")).map(({ status }) => status.podIP);
    const [ofFirst, ofSecond] = [await addresses(first), await addresses(second)];
    assert.equal(ofFirst.filter((address) => ofSecond.includes(address)).length, 0);
    assert.equal(new Set((await pods(second, "app=vweb")).map(({ spec }) => spec.nodeName)).size, 2);
    for (const address of ofSecond) assert.equal(await second.run(`curl -s --max-time 2 http://${address}/v.txt`), "v2");
    // From a Pod on one node to a Pod on the other, by its name in cluster DNS and by the Service's address.
    const names = await second.run("kubectl get pods -l app=vweb -o name");
    for (const name of names.split("\n")) {
      assert.equal(await second.run(`kubectl exec ${name} -- wget -qO- http://vweb:8091/v.txt`), "v2");
    }
  });

  await t.test("a port that the other one has is not given twice, and an event says so", async () => {
    await second.run(`kubectl patch service vweb --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":8090}]'`);
    await until("an event tells of it", async () =>
      /8090/.test(await second.run("kubectl get events --field-selector involvedObject.kind=Service -o custom-columns=:.message")),
    );
    assert.equal(await first.run("curl -s http://localhost:8090/v.txt"), "v1");
    await second.run(`kubectl patch service vweb --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":8091}]'`);
  });

  await t.test("one that goes does not touch the other", async () => {
    await first.run("windlass down");
    await until("the other one answers", async () => (await second.run("curl -s http://localhost:8091/v.txt")) === "v2");
    for (const { status } of await pods(second, "app=vweb")) assert.equal(status.containerStatuses[0].restartCount, 0);
    assert.equal((await second.attempt("curl -s --max-time 2 http://localhost:8090/v.txt")).code, 7);
  });
});
