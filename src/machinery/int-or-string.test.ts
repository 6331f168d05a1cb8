import assert from "node:assert/strict";
import { test } from "node:test";
import { isPercent, resolveIntOrPercent } from "./int-or-string.ts";

test("a percentage of the total is rounded as told", () => {
  assert.equal(resolveIntOrPercent("25%", 10, "up"), 3);
  assert.equal(resolveIntOrPercent("25%", 10, "down"), 2);
  assert.equal(resolveIntOrPercent("100%", 7, "down"), 7);
  assert.equal(resolveIntOrPercent(3, 10, "up"), 3);
  assert.equal(resolveIntOrPercent(undefined, 10, "up"), 0);
});

test("text that is no percentage is refused", () => {
  assert.equal(isPercent("25%"), true);
  for (const text of ["25", "%", "-5%", "2.5%", ""]) {
    assert.equal(isPercent(text), false);
    assert.throws(() => resolveIntOrPercent(text, 10, "up"), /invalid value for IntOrString/);
  }
});
