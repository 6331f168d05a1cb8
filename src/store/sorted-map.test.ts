import assert from "node:assert/strict";
import { test } from "node:test";
import { randomInt, seededRandom } from "../base/random.ts";
import { SortedMap } from "./sorted-map.ts";

/** A sorted array does all that a sorted map promises, slowly. */
function model() {
  const entries = new Map<string, number>();
  const sorted = () => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return { entries, sorted };
}

function firstFrom(map: SortedMap<number>, start: string): string | undefined {
  let first: string | undefined;
  map.walk(start, (key) => {
    first = key;
    return false;
  });
  return first;
}

for (const seed of [1, 2, 3]) {
  test(`a sorted map agrees with a sorted array through growth and shrinking (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const map = new SortedMap<number>();
    const { entries, sorted } = model();
    // Each phase prefers one operation, so that chunks split, empty and merge.
    for (const [steps, deleteShare, keySpace] of [
      [6000, 10, 20_000],
      [6000, 85, 20_000],
      [3000, 30, 500],
      [4000, 95, 20_000],
    ] as const) {
      for (let step = 0; step < steps; step++) {
        const key = `/k/${randomInt(random, 0, keySpace)}`;
        if (randomInt(random, 1, 100) <= deleteShare) {
          // Half of the deletions hit a key that is there.
          let victim = key;
          if (step % 2 === 0) victim = firstFrom(map, key) ?? key;
          assert.equal(map.delete(victim), entries.delete(victim));
        } else {
          map.set(key, step);
          entries.set(key, step);
        }
      }
      const expected = sorted();
      assert.equal(map.size, expected.length);
      const walked: [string, number][] = [];
      map.walk("", (key, value) => walked.push([key, value]) > 0);
      assert.deepEqual(walked, expected);
      for (let probe = 0; probe < 50; probe++) {
        const key = `/k/${randomInt(random, 0, keySpace)}`;
        assert.equal(map.rank(key), expected.filter(([other]) => other < key).length);
        assert.equal(map.get(key), entries.get(key));
        assert.equal(firstFrom(map, key), expected.find(([other]) => other >= key)?.[0]);
      }
    }
  });
}

test("keys are ordered by UTF-16 code unit, not by code point or locale", () => {
  const map = new SortedMap<number>();
  for (const key of ["é", "z", "Z", "\uffff", "😀", "a", ""]) map.set(key, 0);
  const keys: string[] = [];
  map.walk("", (key) => keys.push(key) > 0);
  assert.deepEqual(keys, ["", "Z", "a", "z", "é", "😀", "\uffff"]);
});

test("an empty map and a map that was emptied answer alike", () => {
  const map = new SortedMap<number>();
  for (let i = 0; i < 2000; i++) map.set(`${i}`, i);
  for (let i = 0; i < 2000; i++) map.delete(`${i}`);
  assert.equal(map.size, 0);
  assert.equal(map.rank("x"), 0);
  assert.equal(map.get("1"), undefined);
  map.walk("", () => assert.fail("nothing to visit"));
  map.set("again", 1);
  assert.equal(map.get("again"), 1);
});
