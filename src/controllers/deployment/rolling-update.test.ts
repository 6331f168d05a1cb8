import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Deployment, ReplicaSet } from "../../api/types.ts";
import { boundsOf } from "./replica-sets.ts";
import { grownSize, shrunkSizes } from "./rolling-update.ts";

const deployment = (replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { replicas, selector: {}, template: {}, strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } } },
});
/** `age` is the order of creation: 0 is the oldest. */
const set = (name: string, age: number, replicas: number, availableReplicas: number): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: { name, uid: name, creationTimestamp: `2024-01-01T00:00:0${age}Z` },
  spec: { replicas, selector: {} },
  status: { replicas, availableReplicas },
});

const bounds: [string, number, number | string, number | string, number, number][] = [
  ["DEP-42: one replica with the defaults surges by one and never goes down", 1, "25%", "25%", 1, 0],
  ["DEP-42: three replicas with the defaults", 3, "25%", "25%", 1, 0],
  ["DEP-42: four replicas with the defaults", 4, "25%", "25%", 1, 1],
  ["DEP-42: ten replicas with the defaults", 10, "25%", "25%", 3, 2],
  ["DEP-41: both zero would never move, so one may be unavailable", 5, 0, 0, 0, 1],
  ["DEP-41: both percentages come to zero", 5, "0%", "10%", 0, 1],
  ["DEP-41: unavailability is capped at the replicas", 2, 0, 9, 0, 2],
  ["DEP-41: nothing can be unavailable of nothing", 0, "25%", "25%", 0, 0],
];
for (const [name, replicas, surge, unavailable, maxSurge, maxUnavailable] of bounds) {
  test(name, () => assert.deepEqual(boundsOf(deployment(replicas, surge, unavailable)), { maxSurge, maxUnavailable }));
}

const growths: [string, [replicas: number, surge: number, total: number, size: number], number][] = [
  ["DEP-43: the first Pods of a first rollout all come at once", [3, 1, 0, 0], 3],
  ["DEP-43: the new set grows into the surge", [10, 3, 10, 0], 3],
  ["DEP-43: at the ceiling nothing grows", [10, 3, 13, 3], 3],
  ["DEP-43: above the ceiling nothing grows either", [10, 0, 13, 3], 3],
  ["DEP-43: never beyond what is wanted", [10, 3, 9, 9], 10],
  ["DEP-49: a third set starts at zero where the ceiling is reached", [10, 3, 13, 0], 0],
];
for (const [name, [replicas, surge, total, size], expected] of growths) {
  test(name, () => assert.equal(grownSize(replicas, surge, total, size), expected));
}

const shrinkings: [string, number, number, ReplicaSet, ReplicaSet[], Record<string, number>][] = [
  ["DEP-44: without budget nothing goes", 10, 2, set("new", 5, 3, 0), [set("old", 0, 8, 8)], {}],
  ["DEP-46: available old Pods go as new ones become available", 10, 2, set("new", 5, 5, 2), [set("old", 0, 8, 8)], { old: 6 }],
  [
    "DEP-45: a broken old set goes first, however many available ones there are",
    10,
    2,
    set("new", 5, 3, 0),
    [set("good", 0, 5, 5), set("bad", 1, 5, 0)],
    { bad: 3 },
  ],
  ["DEP-45: even when availability is below the minimum", 10, 2, set("new", 5, 0, 0), [set("old", 0, 10, 4)], { old: 8 }],
  [
    "DEP-46: the oldest set goes first",
    4,
    1,
    set("new", 5, 2, 2),
    [set("younger", 1, 2, 2), set("elder", 0, 2, 2)],
    { elder: 0, younger: 1 },
  ],
  ["DEP-45: the budget is shared, oldest first", 10, 2, set("new", 5, 0, 0), [set("b", 1, 5, 2), set("a", 0, 8, 6)], { a: 6, b: 2 }],
  [
    "DEP-46: a set that has just shrunk still reports what is about to go, and nobody counts on that",
    6,
    2,
    set("new", 5, 2, 0),
    [set("old", 0, 5, 6)],
    { old: 4 },
  ],
  ["everything old goes when the new set is complete", 3, 1, set("new", 5, 3, 3), [set("old", 0, 1, 1)], { old: 0 }],
];
for (const [name, replicas, maxUnavailable, newSet, oldSets, expected] of shrinkings) {
  test(name, () => {
    const sizes = shrunkSizes(replicas, { maxSurge: 0, maxUnavailable }, newSet, oldSets);
    assert.deepEqual(Object.fromEntries([...sizes].map(([one, size]) => [one.metadata.name, size])), expected);
  });
}

test("no step of a rolling update wants more than the ceiling or takes available Pods below the minimum", () => {
  const one = fc.record({ size: fc.integer({ min: 0, max: 20 }), up: fc.integer({ min: 0, max: 100 }) });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }),
      fc.nat(5),
      fc.nat(20),
      one,
      fc.array(one, { maxLength: 4 }),
      (replicas, surge, down, fresh, old) => {
        const limits = boundsOf(deployment(replicas, surge, down));
        const make = (name: string, age: number, { size, up }: { size: number; up: number }) =>
          set(name, age, size, Math.floor((size * up) / 100));
        const newSet = make("new", 9, { ...fresh, size: Math.min(fresh.size, replicas) });
        const oldSets = old.map((each, i) => make(`old-${i}`, i, each)).filter(({ spec }) => (spec?.replicas ?? 0) > 0);
        const total = oldSets.reduce((sum, each) => sum + (each.spec?.replicas ?? 0), newSet.spec?.replicas ?? 0);
        const grown = grownSize(replicas, limits.maxSurge, total, newSet.spec?.replicas ?? 0);
        assert.ok(grown <= replicas && total - (newSet.spec?.replicas ?? 0) + grown <= Math.max(total, replicas + limits.maxSurge));

        const sizes = shrunkSizes(replicas, limits, newSet, oldSets);
        let available = newSet.status?.availableReplicas ?? 0;
        let before = available;
        for (const each of oldSets) {
          const had = each.status?.availableReplicas ?? 0;
          const size = sizes.get(each) ?? each.spec?.replicas ?? 0;
          assert.ok(size >= 0 && size <= (each.spec?.replicas ?? 0));
          before += had;
          // Unready Pods go first (RS-5), so available ones go only when the set becomes smaller than their number.
          available += Math.min(had, size);
        }
        assert.ok(available >= Math.min(before, replicas - limits.maxUnavailable), `${available} available of ${before}`);
      },
    ),
    { numRuns: 500, seed: 7 },
  );
});
