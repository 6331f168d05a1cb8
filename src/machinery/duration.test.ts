import assert from "node:assert/strict";
import { test } from "node:test";
import { humanAge, humanDuration } from "./duration.ts";

const s = 1000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

test("KR-56: an age is written with the units that matter at its size", () => {
  const rows: [number, string][] = [
    [-5 * s, "<invalid>"],
    [-1500, "0s"],
    [0, "0s"],
    [119 * s, "119s"],
    [2 * m, "2m"],
    [2 * m + 5 * s, "2m5s"],
    [9 * m + 59 * s, "9m59s"],
    [10 * m + 30 * s, "10m"],
    [179 * m, "179m"],
    [3 * h, "3h"],
    [3 * h + 10 * m, "3h10m"],
    [8 * h + 10 * m, "8h"],
    [47 * h, "47h"],
    [48 * h, "2d"],
    [49 * h, "2d1h"],
    [8 * d + h, "8d"],
    [729 * d, "729d"],
    [730 * d, "2y"],
    [731 * d, "2y1d"],
    [9 * 365 * d, "9y"],
  ];
  for (const [ms, text] of rows) assert.equal(humanDuration(ms), text, `${ms} ms`);
});

test("KR-56: an absent time has an unknown age", () => {
  assert.equal(humanAge(undefined, 0), "<unknown>");
  assert.equal(humanAge("2026-01-01T00:00:00Z", Date.UTC(2026, 0, 1, 0, 0, 42)), "42s");
});
