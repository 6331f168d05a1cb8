/** The official client for Python against real containers: typed and dynamic objects, patches, a watch, and exec over WebSocket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startEngine } from "../harness/engine.ts";

const program = fileURLToPath(new URL("python/client.py", import.meta.url));

test("the Python client", async (t) => {
  const engine = await startEngine(t);
  const said = await engine.run(`/usr/bin/python3 ${program} ${engine.kubeconfig}`);
  const steps = Object.fromEntries(said.split("\n").map((line) => [JSON.parse(line).step, JSON.parse(line).result]));
  assert.deepEqual(steps, {
    create: "25%",
    watch: true,
    pods: ["Running", "Running"],
    exec: "out\n",
    shell: ["heard\n", 3],
    log: true,
    scale: 1,
    "json patch": { a: "b" },
    dynamic: "b",
    "not there": [404, 'pods "nothing" not found'],
    conflict: [409, "Conflict"],
    delete: 0,
  });
});
