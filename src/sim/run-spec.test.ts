// The simulation itself: it repeats itself exactly, makes failing plans smaller, and keeps those that once failed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplicaSet } from "../api/kinds/replica-set/index.ts";
import type { KindRef } from "../api/kind.ts";
import { runCommand } from "./command.node.ts";
import { drawSpec } from "./draw-spec.ts";
import { readPinned } from "./pinned.node.ts";
import { misreads } from "./planted.suite.ts";
import { runSpec } from "./run-spec.node.ts";
import { shrink } from "./shrink.ts";
import { workloads } from "./workloads/all.ts";

test("the same seed gives the same trace, line by line; another seed gives another", async () => {
  const digests = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) {
    const [first, second] = [await runSpec(drawSpec(seed), { keepsTrace: true }), await runSpec(drawSpec(seed), { keepsTrace: true })];
    assert.deepEqual(second.lines, first.lines, `seed ${seed}`);
    assert.equal(second.digest, first.digest);
    digests.add(first.digest);
  }
  assert.equal(digests.size, 12);
});

test("whether lines are kept changes nothing", async () => {
  assert.equal((await runSpec(drawSpec(3))).digest, (await runSpec(drawSpec(3), { keepsTrace: true })).digest);
});

test("a plan that breaks a promise is made smaller while it does", async () => {
  const greedy = misreads("replicaset-controller", ReplicaSet as unknown as KindRef, (spec) => ({ ...spec, replicas: 12 }));
  const spec = drawSpec(
    7,
    workloads.find(({ name }) => name === "replicaset"),
  );
  assert.ok(spec.steps.length > 0);
  const broken = async (each: typeof spec) => (await runSpec(each, { actors: greedy })).broken;
  const smallest = await shrink(spec, { broken });
  assert.match((await broken(smallest)) ?? "", /^a ReplicaSet has what it asks for/);
  assert.deepEqual(
    { ...smallest, manifest: undefined },
    { ...smallest, manifest: undefined, steps: [], writeFaults: [], ending: "none", nodes: 1, watchDelayMaxMs: 0, latencyMaxMs: 0 },
  );
});

for (const { why, spec } of readPinned()) {
  test(`pinned: ${why}`, async () => {
    assert.equal((await runSpec(spec)).broken, undefined);
  });
}

async function typed(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const code = await runCommand(args, {
    write(more) {
      text += more;
    },
  });
  return { code, text };
}

test("the command says how many seeds it lived through, and how fast", async () => {
  const { code, text } = await typed("--seeds", "2", "--from", "11", "--kind", "replicaset");
  assert.equal(code, 0);
  assert.match(text, /^2 seeds in \d+\.\d s \(\d+\.\d seeds\/s\), 0 broke a promise\n$/);
});

test("the trace of a seed shows its plan and what happened", async () => {
  const { text } = await typed("--seed", "11", "--kind", "replicaset", "--trace");
  assert.match(text, /^plan \{"seed":11,"workload":"replicaset"/);
  assert.match(text, /0:00\.000 {2}user creates ReplicaSet web: replicas \d/);
});

test("a wrong command line is refused with the usage", async () => {
  for (const args of [
    ["--sneeds", "3"],
    ["--kind", "cronjob"],
    ["--seeds", "many"],
  ]) {
    const { code, text } = await typed(...args);
    assert.equal(code, 2);
    assert.match(text, /^error: .*\n\nnpm run sim/);
  }
});
