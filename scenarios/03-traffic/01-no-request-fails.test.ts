/** Rolling updates under load: whatever the app does when it starts and ends, every request gets its answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Engine, startEngine } from "../harness/engine.ts";
import { type LoadReport, startLoad } from "../harness/load.ts";
import { until } from "../harness/until.ts";
import { pods, rolledOut } from "../harness/workloads.ts";

const url = "http://localhost:8090/v.txt";
const perSecond = 220;

/** Runs `change` under load on new and on kept connections, until it is rolled out. Resolves with what both saw. */
async function underLoad(engine: Engine, change: string): Promise<Record<"new" | "kept", LoadReport>> {
  const loads = { new: startLoad(url, { connections: "new", perSecond }), kept: startLoad(url, { connections: "kept", perSecond }) };
  // A few answers first, so that connections are open when the change comes.
  await until("the load runs", () => loads.new.answered() > perSecond / 2 && loads.kept.answered() > perSecond / 2);
  await engine.run(`${change} && kubectl rollout status deploy/vweb`);
  await rolledOut(engine);
  return { new: await loads.new.stop(), kept: await loads.kept.stop() };
}

function assertAllAnswered(reports: Record<"new" | "kept", LoadReport>, versions: readonly string[]): void {
  for (const [connections, { failures, order, sent }] of Object.entries(reports)) {
    assert.deepEqual(failures, [], `${failures.length} of ${sent} requests on ${connections} connections failed`);
    assert.deepEqual(order, versions, `on ${connections} connections`);
  }
}

test("no request fails while Deployments roll", async (t) => {
  const engine = await startEngine(t, { files: new URL("manifests/", import.meta.url) });
  await engine.run("kubectl apply -f vweb/service.yaml");

  const apps = [
    { name: "an app without a hook", start: "kubectl apply -f vweb/update/vweb-v1-scale.yaml" },
    { name: "an app that listens a second after its start", start: "kubectl apply -f slow-to-listen.yaml" },
    { name: "an app that drops everything on TERM", start: "kubectl apply -f exits-at-once.yaml" },
  ];
  for (const { name, start } of apps) {
    await engine.run("kubectl delete deploy vweb --ignore-not-found");
    await until("earlier Pods are gone", async () => (await pods(engine, "app=vweb")).length === 0);
    await engine.run(`${start} && kubectl rollout status deploy/vweb`);
    await t.test(`${name}: set image`, async () => {
      const reports = await underLoad(engine, "kubectl set image deploy/vweb web=kiamol/ch09-vweb:v2");
      assertAllAnswered(reports, ["v1", "v2"]);
    });
    await t.test(`${name}: undo`, async () => {
      const reports = await underLoad(engine, "kubectl rollout undo deploy/vweb");
      assertAllAnswered(reports, ["v2", "v1"]);
    });
    await t.test(`${name}: restart`, async () => {
      const reports = await underLoad(engine, "kubectl rollout restart deploy/vweb");
      assertAllAnswered(reports, ["v1"]);
    });
  }

  await t.test("an app that is scaled to one and back", async () => {
    const reports = await underLoad(
      engine,
      "kubectl scale deploy/vweb --replicas=1 && kubectl rollout status deploy/vweb && kubectl scale deploy/vweb --replicas=4",
    );
    assertAllAnswered(reports, ["v1"]);
  });
});
