import assert from "node:assert/strict";
import { test } from "node:test";
import { detachedOutput } from "./detached-output.ts";

test("what a detached engine reports while it starts does not stand before what it says", () => {
  const report = '2026-11-22T22:37:26.688000Z warn reconciling failed; will try again controller="replicaset-controller"\n';
  const words = "Windlass 0.1.0 is up: https://127.0.0.1:6443, 1 node, simulated Pods.\n  export KUBECONFIG=/home/kubeconfig\n";
  assert.deepEqual(detachedOutput(report + words), { said: words, reported: report });
  assert.deepEqual(detachedOutput(""), { said: "", reported: "" });
});
