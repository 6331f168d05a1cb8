import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { WorkQueue } from "./work-queue.ts";

const setUp = () => {
  const clock = new VirtualClock(settle);
  return { clock, queue: new WorkQueue({ clock }) };
};
const drain = (queue: WorkQueue): string[] => {
  const keys: string[] = [];
  for (let key = queue.take(); key !== undefined; key = queue.take()) keys.push(key);
  return keys;
};

test("a key is queued once however often it is added, in the order of the first time", () => {
  const { queue } = setUp();
  for (const key of ["a", "b", "a", "c", "b"]) queue.add(key);
  assert.deepEqual(drain(queue), ["a", "b", "c"]);
});

test("a key added while a worker holds it is taken again only when the worker lets go", () => {
  const { queue } = setUp();
  queue.add("a");
  assert.equal(queue.take(), "a");
  queue.add("a");
  queue.add("a");
  assert.equal(queue.take(), undefined);
  queue.done("a");
  assert.deepEqual(drain(queue), ["a"]);
  queue.done("a");
  assert.equal(queue.take(), undefined);
});

test("of two appointments for one key the earlier one counts", async () => {
  const { clock, queue } = setUp();
  queue.addAfter("a", 1000);
  queue.addAfter("a", 100);
  queue.addAfter("a", 500);
  await clock.advance(99);
  assert.equal(queue.take(), undefined);
  await clock.advance(1);
  assert.equal(queue.take(), "a");
  queue.done("a");
  await clock.advance(10_000);
  assert.equal(queue.take(), undefined);
});

test("DEP-3: a failing key waits 5 ms, 10 ms, 20 ms … at most 1,000 s, and starts over when forgotten", async () => {
  const { clock, queue } = setUp();
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const before = clock.now();
    queue.addRateLimited("a");
    await clock.advanceUntil("the key is back", () => queue.size > 0);
    waits.push(clock.now() - before);
    queue.done(queue.take() as string);
  }
  assert.deepEqual(waits.slice(0, 4), [5, 10, 20, 40]);
  assert.equal(waits[19], 1_000_000);
  assert.equal(queue.failures("a"), 20);
  queue.forget("a");
  const before = clock.now();
  queue.addRateLimited("a");
  await clock.advanceUntil("the key is back", () => queue.size > 0);
  assert.equal(clock.now() - before, 5);
});

test("thousands of keys keep their order across the bulk dropping of taken ones", () => {
  const { queue } = setUp();
  const keys = Array.from({ length: 5000 }, (_, i) => `key-${i}`);
  for (const key of keys) queue.add(key);
  const first = Array.from({ length: 3000 }, () => queue.take() as string);
  queue.add("late");
  assert.deepEqual([...first, ...drain(queue)], [...keys, "late"]);
});

test("a closed queue forgets its keys and its appointments", async () => {
  const { clock, queue } = setUp();
  queue.add("a");
  queue.addAfter("b", 10);
  queue.close();
  queue.add("c");
  await clock.advance(100);
  assert.deepEqual(drain(queue), []);
});
