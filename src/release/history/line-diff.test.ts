import assert from "node:assert/strict";
import { test } from "node:test";
import { randomInt, seededRandom } from "../../base/random.ts";
import { lineDiff } from "./line-diff.ts";

const marks = { same: " ", removed: "-", added: "+", skip: "…" };
const shown = (before: string, after: string, context?: number): string[] =>
  lineDiff(before, after, context).map(({ type, text }) => `${marks[type]}${text}`);

test("a changed line is removed and added, with what stands around it", () => {
  assert.deepEqual(shown("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", 1), ["…", " b", "-c", "+X", " d", "…"]);
});

test("equal texts have no difference, and empty ones have no lines", () => {
  assert.deepEqual(shown("a\n", "a\n"), []);
  assert.deepEqual(shown("", "a\nb"), ["+a", "+b"]);
  assert.deepEqual(shown("a\nb\n", ""), ["-a", "-b"]);
});

test("whatever the texts, taking the removed lines and the added lines away gives them back", () => {
  const random = seededRandom(7);
  const text = (): string => Array.from({ length: randomInt(random, 1, 12) }, () => "abc"[randomInt(random, 0, 2)]).join("\n");
  for (let round = 0; round < 300; round++) {
    const [before, after] = [text(), text()];
    if (before === after) continue;
    const lines = lineDiff(before, after, 100);
    const without = (type: string): string =>
      lines
        .filter((line) => line.type !== type)
        .map((line) => line.text)
        .join("\n");
    assert.equal(without("added"), before);
    assert.equal(without("removed"), after);
  }
});
