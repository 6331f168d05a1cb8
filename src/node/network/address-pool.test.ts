import assert from "node:assert/strict";
import { test } from "node:test";
import { addressPool } from "./address-pool.ts";

test("an address given back is the last to be given out again, and a full range says so", () => {
  const pool = addressPool("10.1.2.0/29");
  assert.deepEqual([pool.take(), pool.take()], ["10.1.2.2", "10.1.2.3"]);
  pool.release("10.1.2.2");
  assert.deepEqual([pool.take(), pool.take(), pool.take(), pool.take()], ["10.1.2.4", "10.1.2.5", "10.1.2.6", "10.1.2.2"]);
  assert.throws(() => pool.take(), /no free address in 10\.1\.2\.0\/29/);
});

test("addresses found in the kernel are not given out", () => {
  const pool = addressPool("10.1.2.0/24");
  pool.hold("10.1.2.2");
  pool.hold("10.1.2.7");
  assert.equal(pool.take(), "10.1.2.8");
});
