import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../../base/settle.node.ts";
import { latestOnly } from "./latest-only.ts";

/** Each application waits until it is told how to end. */
function setUp() {
  const applied: string[] = [];
  const endings: ((error?: Error) => void)[] = [];
  const states = latestOnly<string>((state) => {
    applied.push(state);
    return new Promise((resolve, reject) => endings.push((error) => (error ? reject(error) : resolve())));
  });
  const next = async (error?: Error) => {
    await settle();
    assert.ok(endings.length <= 1, "never two at a time");
    endings.shift()?.(error);
  };
  return { applied, states, next };
}

test("one at a time, and of those that wait only the newest", async () => {
  const { applied, states, next } = setUp();
  const all = ["a", "b", "c"].map((state) => states.submit(state));
  let isSettled = false;
  const settled = states.settled().then(() => (isSettled = true));
  await next();
  await all[0];
  assert.equal(isSettled, false);
  await next();
  await Promise.all([...all, settled]);
  assert.deepEqual(applied, ["a", "c"]);
});

test("a failure is told to those who asked for that state, and ends nothing", async () => {
  const { applied, states, next } = setUp();
  const [first, second] = [states.submit("a"), states.submit("b")];
  await next(new Error("no"));
  await assert.rejects(first, /no/);
  await next();
  await second;
  await states.settled();
  assert.deepEqual(applied, ["a", "b"]);
});

test("a state that comes just as another has ended does not run beside the one that waited", async () => {
  const { applied, states, next } = setUp();
  const first = states.submit("a");
  const second = states.submit("b");
  const third = first.then(() => states.submit("c"));
  for (let turn = 0; turn < 3; turn++) await next();
  await Promise.all([first, second, third]);
  assert.deepEqual(applied, ["a", "b", "c"]);
});
