import assert from "node:assert/strict";
import { test } from "node:test";
import type { Release } from "../records/release.ts";
import { releasesWithImage } from "./find-image.ts";

const release = (number: number, image: string, digest: string): Release => ({
  number,
  template: String(number),
  images: { web: image },
  imageIds: { web: `${image.replace(/:[^:]*$/, "")}@sha256:${digest}` },
  configuration: [],
  startedMs: number,
  outcome: "completed",
});
const releases = [
  release(1, "kiamol/ch09-vweb:v1", "aaa1"),
  release(2, "kiamol/ch09-vweb:v2", "bbb2"),
  release(3, "registry:5000/shop/cart:v2", "ccc3"),
];

for (const [query, numbers] of [
  ["kiamol/ch09-vweb:v2", [2]],
  ["ch09-vweb:v2", [2]],
  ["ch09-vweb", [1, 2]],
  ["kiamol/ch09-vweb", [1, 2]],
  [":v2", [2, 3]],
  ["sha256:ccc", [3]],
  ["cart", [3]],
  ["registry:5000/shop/cart", [3]],
  ["vweb", []],
  ["v2", []],
  ["", []],
] as const) {
  test(`${JSON.stringify(query)} means ${numbers.length === 0 ? "none" : numbers.join(" and ")}`, () => {
    assert.deepEqual(
      releasesWithImage(releases, query).map(({ number }) => number),
      numbers,
    );
  });
}
