/** The nginx images serve, proxy and cache with configuration that was written for the official ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEngine } from "../harness/engine.ts";
import { podReady } from "../harness/workloads.ts";

test("nginx", async (t) => {
  const engine = await startEngine(t, { images: ["nginx.tar"], files: new URL("manifests/", import.meta.url) });
  const { run } = engine;
  await run("kubectl apply -f nginx.yaml");
  const address = async (pod: string) => (await podReady(engine, pod)).status.podIP;
  const get = async (pod: string, path: string) =>
    run(`curl -si --retry 20 --retry-delay 1 --retry-connrefused http://${await address(pod)}${path}`);

  await t.test("a template is filled in with the environment, and nginx's own variables stay", async () => {
    assert.match(await get("content", "/hello"), /good morning from content$/);
    assert.match(await run("kubectl logs content"), /Running envsubst on \/etc\/nginx\/templates\/default\.conf\.template/);
  });

  await t.test("one mounted file and a read-only root are enough", async () => {
    assert.match(await get("single-file", "/index.html"), /X-Cache: MISS[\s\S]*It serves/);
  });

  await t.test("a proxy whose folder is mounted answers from its cache, also when what it stands for is away", async () => {
    assert.match(await get("proxy", "/index.html"), /X-Cache: MISS[\s\S]*It serves/);
    assert.match(await get("proxy", "/index.html"), /X-Cache: HIT[\s\S]*It serves/);
    await run("kubectl delete pod content --now");
    assert.match(await get("proxy", "/index.html"), /X-Cache: HIT[\s\S]*It serves/);
    assert.match(await get("proxy", "/status"), /Active connections: 1/);
    const log = await run("kubectl logs proxy");
    assert.match(log, /"GET \/index\.html HTTP\/1\.1" 200/);
  });

  await t.test("it stops as soon as it is told", async () => {
    // Whoever waited to be killed would be waited for in vain.
    await run("kubectl delete pod proxy single-file --grace-period=600");
  });
});
