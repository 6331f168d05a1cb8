import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  isQuantity,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from "./quantity.ts";

const rows: readonly [quantity: string | number, canonical: string, value: number, milli: number][] = [
  ["0", "0", 0, 0],
  ["1", "1", 1, 1000],
  [2, "2", 2, 2000],
  ["100m", "100m", 1, 100],
  ["0.5", "500m", 1, 500],
  ["1000m", "1", 1, 1000],
  [".5", "500m", 1, 500],
  ["1500", "1500", 1500, 1_500_000],
  ["2000", "2k", 2000, 2_000_000],
  ["1.5Gi", "1536Mi", 1_610_612_736, 1_610_612_736_000],
  ["1024Mi", "1Gi", 1_073_741_824, 1_073_741_824_000],
  ["1Ki", "1Ki", 1024, 1_024_000],
  ["0.5Ki", "512", 512, 512_000],
  ["3e6", "3e6", 3_000_000, 3_000_000_000],
  ["1E", "1E", 1e18, 1e21],
  ["-1", "-1", -1, -1000],
  ["0.0000000001", "1n", 1, 1],
  ["+5", "5", 5, 5000],
];
for (const [quantity, canonical, value, milli] of rows) {
  test(`${quantity} is spelt ${canonical} and counts ${value}`, () => {
    assert.equal(canonicalQuantity(quantity), canonical);
    assert.equal(quantityValue(quantity), value);
    assert.equal(quantityMilliValue(quantity), milli);
  });
}

test("text that is no quantity is told apart", () => {
  for (const text of ["", "1.2.3", "abc", "1 Gi", "1gi", "--1", "1e", "Ki", ".", "1".repeat(100), null, {}, Number.NaN]) {
    assert.equal(isQuantity(text), false, String(text));
  }
  assert.throws(() => quantityValue("abc"), /quantities must match/);
});

test("quantities are compared by value whatever their spelling", () => {
  assert.equal(compareQuantities("1", "1000m"), 0);
  assert.ok(compareQuantities("1Gi", "1G") > 0);
  assert.ok(compareQuantities("999m", "1") < 0);
});

test("sums and differences keep the form of the first operand that is not zero", () => {
  assert.equal(addQuantities("512Mi", "512Mi"), "1Gi");
  assert.equal(addQuantities("0", "64Mi"), "64Mi");
  assert.equal(addQuantities("100m", "0.9"), "1");
  assert.equal(subtractQuantities("1Gi", "512Mi"), "512Mi");
  assert.equal(subtractQuantities("1", "1"), "0");
});

test("a monstrous exponent neither hangs nor overflows", () => {
  assert.equal(isQuantity("1e999999999"), true);
  assert.equal(compareQuantities("1e999999999", "1E") > 0, true);
  assert.equal(quantityMilliValue("1e-999999999"), 1);
});
