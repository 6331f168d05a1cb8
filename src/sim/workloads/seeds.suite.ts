/** Lives through the first seeds of a workload; every promise has to hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawSpec } from "../draw-spec.ts";
import { runSpec } from "../run-spec.node.ts";
import type { Workload } from "./workload.ts";

/** So many seeds in one test: a failure says how to see it again. */
const batch = 50;

export function livesThrough(workload: Workload, seeds: number): void {
  for (let from = 1; from <= seeds; from += batch) {
    const to = Math.min(seeds, from + batch - 1);
    test(`${workload.name}: every promise holds in the worlds of seeds ${from} to ${to}`, async () => {
      for (let seed = from; seed <= to; seed++) {
        const { broken } = await runSpec(drawSpec(seed, workload));
        assert.equal(broken, undefined, `npm run sim -- --seed ${seed} --kind ${workload.name} --trace`);
      }
    });
  }
}
