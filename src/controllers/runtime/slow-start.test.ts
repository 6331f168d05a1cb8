import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { Expectations } from "./expectations.ts";
import { slowStart } from "./slow-start.ts";

test("RS-2: batches of 1, 2, 4, 8 … each at once, one after another", async () => {
  const batches: number[] = [];
  let running = 0;
  await slowStart(12, async () => {
    running++;
    await settle();
    if (running > 0) batches.push(running);
    running = 0;
  });
  assert.deepEqual(batches, [1, 2, 4, 5]);
});

test("RS-2: a failure ends the pass after its batch", async () => {
  const tried: number[] = [];
  const outcome = await slowStart(100, async (index) => {
    tried.push(index);
    if (index === 4) throw new Error("no more");
  });
  assert.deepEqual(tried, [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual({ ...outcome, error: (outcome.error as Error).message }, { succeeded: 6, skipped: 93, error: "no more" });
});

test("RS-3: expectations hold until everything was seen, or five minutes have passed", async () => {
  const clock = new VirtualClock(settle);
  const expectations = new Expectations(clock);
  assert.equal(expectations.satisfied("a"), true);
  expectations.expect("a", { creations: 2 });
  expectations.creationSeen("a");
  assert.equal(expectations.satisfied("a"), false);
  expectations.creationSeen("a");
  assert.equal(expectations.satisfied("a"), true);
  expectations.expect("a", { deletions: ["x", "y"] });
  expectations.deletionSeen("a", "x");
  expectations.deletionSeen("a", "x");
  assert.equal(expectations.satisfied("a"), false, "one deletion seen twice is one deletion");
  await clock.advance(300_001);
  assert.equal(expectations.satisfied("a"), true);
});
