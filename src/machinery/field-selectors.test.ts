import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldSelector } from "./field-selectors.ts";

test("terms are separated by commas, and == is =", () => {
  assert.deepEqual(parseFieldSelector("metadata.name=web,status.phase!=Running,a==b,"), [
    { field: "metadata.name", operator: "=", value: "web" },
    { field: "status.phase", operator: "!=", value: "Running" },
    { field: "a", operator: "=", value: "b" },
  ]);
  assert.deepEqual(parseFieldSelector(""), []);
});

test("a backslash makes a comma, an equals sign or a backslash part of the value", () => {
  assert.deepEqual(parseFieldSelector(String.raw`a=x\,y\=z\\`), [{ field: "a", operator: "=", value: String.raw`x,y=z\ `.trim() }]);
});

test("a term without an operator is refused", () => {
  assert.throws(() => parseFieldSelector("a=b,web"), /invalid selector: 'a=b,web'; can't understand 'web'/);
});

test("a value with a stray operator or escape is refused", () => {
  assert.throws(() => parseFieldSelector("a=b=c"), /unescaped character/);
  assert.throws(() => parseFieldSelector(String.raw`a=\n`), /invalid escape sequence/);
});
