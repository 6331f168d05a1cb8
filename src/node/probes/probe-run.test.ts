import assert from "node:assert/strict";
import { test } from "node:test";
import type { Probe } from "../../api/types.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import type { ProbeKind } from "./probe-run.ts";
import { runProbe } from "./probe-run.ts";

/** Runs a probe against a container that answers by `healthy(secondsSinceStart)`; gives what happened, by second. */
async function trace(kind: ProbeKind, probe: Probe, healthy: (second: number) => boolean, seconds: number, initial = kind === "liveness") {
  const clock = new VirtualClock(settle);
  const start = clock.now();
  const at = (): number => (clock.now() - start) / 1000;
  const changes: [number, boolean][] = [];
  const troubles: number[] = [];
  let attempts = 0;
  const run = runProbe({
    clock,
    kind,
    probe,
    initial,
    attempt: async () => {
      attempts++;
      return healthy(at()) ? { result: "success", message: "" } : { result: "failure", message: "no" };
    },
    onChange: (success) => changes.push([at(), success]),
    onTrouble: () => troubles.push(at()),
  });
  await clock.advance(seconds * 1000);
  run.stop();
  return { changes, troubles, attempts };
}

test("readiness is seen within 100 ms of its coming, and lost only after failureThreshold periods (KUB-21, KUB-23)", async () => {
  const seen = await trace("readiness", { periodSeconds: 10, failureThreshold: 3 }, (second) => second >= 0.45 && second < 15, 60);
  const [[readyAt, ready], ...later] = seen.changes as [[number, boolean], ...[number, boolean][]];
  assert.equal(ready, true);
  assert.ok(readyAt >= 0.45 && readyAt <= 0.55, `seen at ${readyAt} s`);
  assert.deepEqual(later, [[41, false]]);
  assert.deepEqual(seen.troubles, [21, 31, 41, 51]);
});

test("a container that takes longer than ten seconds is looked at every period from then on", async () => {
  const { changes, troubles } = await trace("readiness", { periodSeconds: 10 }, (second) => second >= 25, 60);
  assert.deepEqual(changes, [[31, true]]);
  assert.deepEqual(troubles, [1, 11, 21]);
});

test("initialDelaySeconds holds the first attempt back", async () => {
  const { changes, troubles } = await trace("readiness", { initialDelaySeconds: 5 }, () => true, 20);
  assert.deepEqual(changes, [[5, true]]);
  assert.deepEqual(troubles, []);
});

test("successThreshold counts whole periods, never the quick attempts", async () => {
  const { changes } = await trace("readiness", { periodSeconds: 5, successThreshold: 3 }, () => true, 30);
  assert.deepEqual(changes, [[11, true]]);
});

test("liveness fails after failureThreshold periods in a row; one success starts the count again (KUB-23)", async () => {
  const { changes } = await trace(
    "liveness",
    { periodSeconds: 10, failureThreshold: 3 },
    (second) => second < 5 || (second > 25 && second < 35),
    80,
  );
  assert.deepEqual(changes, [[60, false]]);
});

test("a startup probe gives up after its threshold though nothing had changed before (KUB-22)", async () => {
  const { changes } = await trace("startup", { periodSeconds: 2, failureThreshold: 4 }, () => false, 8);
  assert.deepEqual(changes, [[7, false]]);
});
