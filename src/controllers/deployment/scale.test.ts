import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, ReplicaSet } from "../../api/types.ts";
import { isScalingEvent, scaledSizes } from "./scale.ts";

const deployment = (replicas: number, maxSurge: number | string, status?: Deployment["status"], type = "RollingUpdate"): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas,
    selector: {},
    template: {},
    strategy: type === "Recreate" ? { type } : { type, rollingUpdate: { maxSurge, maxUnavailable: 2 } },
  },
  ...(status && { status }),
});
interface Shape {
  readonly size: number;
  readonly available?: number;
  readonly desired?: number;
  readonly max?: number;
  readonly age?: number;
}
const set = (name: string, { size, available = size, desired, max, age = 0 }: Shape): ReplicaSet => ({
  apiVersion: "apps/v1",
  kind: "ReplicaSet",
  metadata: {
    name,
    uid: name,
    creationTimestamp: `2024-01-01T00:00:0${age}Z`,
    annotations: {
      ...(desired !== undefined && { "deployment.kubernetes.io/desired-replicas": String(desired) }),
      ...(max !== undefined && { "deployment.kubernetes.io/max-replicas": String(max) }),
    },
  },
  spec: { replicas: size, selector: {} },
  status: { replicas: size, availableReplicas: available },
});

const rows: [string, Deployment, Shape | undefined, Record<string, Shape>, Record<string, number>][] = [
  [
    "DEP-67: a stuck rollout of 8 old and 5 new Pods scaled from 10 to 30",
    deployment(30, 3),
    { size: 5, available: 0, desired: 10, max: 13, age: 1 },
    { old: { size: 8, desired: 10, max: 13 } },
    { old: 20, new: 13 },
  ],
  ["DEP-61: the only active set takes the whole size", deployment(7, 1), { size: 3, desired: 3, max: 4 }, { old: { size: 0 } }, { new: 7 }],
  ["DEP-61: with none active the new set takes it", deployment(7, 1), { size: 0 }, { old: { size: 0 } }, { new: 7 }],
  [
    "DEP-61: with neither, the newest old set",
    deployment(7, 1),
    undefined,
    { elder: { size: 0, age: 0 }, younger: { size: 0, age: 1 } },
    { younger: 7 },
  ],
  ["DEP-61: a size that is right already is left alone", deployment(3, 1), { size: 3, desired: 3, max: 4 }, {}, {}],
  [
    "DEP-66: a size that is right by chance is noted, or it would be a scaling event for ever",
    deployment(3, 1),
    { size: 3, desired: 5, max: 6 },
    {},
    { new: 3 },
  ],
  [
    "DEP-62: a saturated new set leaves nothing to the old ones",
    deployment(5, 1),
    { size: 5, desired: 5, max: 6 },
    { old: { size: 2, desired: 5, max: 6 } },
    { old: 0 },
  ],
  [
    "DEP-63: growing, equal sets are served newest first, and the first takes what rounding leaves over",
    deployment(6, 0),
    { size: 2, available: 0, desired: 4, max: 4, age: 1 },
    { old: { size: 2, desired: 4, max: 4, age: 0 } },
    { new: 3, old: 3 },
  ],
  [
    "DEP-63: shrinking, equal sets are served oldest first",
    deployment(1, 0),
    { size: 2, available: 0, desired: 4, max: 4, age: 1 },
    { old: { size: 2, desired: 4, max: 4, age: 0 } },
    { old: 0, new: 1 },
  ],
  [
    "DEP-64: scaled to zero every set goes to zero",
    deployment(0, 3),
    { size: 5, desired: 10, max: 13, age: 1 },
    { old: { size: 8, desired: 10, max: 13 } },
    { old: 0, new: 0 },
  ],
  [
    "DEP-64: without the annotation the Deployment's own size is the divisor",
    deployment(20, 0, { replicas: 10 }),
    { size: 5, available: 0, age: 1 },
    { old: { size: 5 } },
    { new: 10, old: 10 },
  ],
  [
    "DEP-65: a set of nothing gets nothing",
    deployment(20, 0),
    { size: 5, available: 0, max: 10, age: 2 },
    { old: { size: 5, max: 10, age: 1 }, gone: { size: 0 } },
    { new: 10, old: 10 },
  ],
  [
    "DEP-68: Recreate with several active sets leaves it to the strategy",
    deployment(9, 0, undefined, "Recreate"),
    { size: 2, available: 0 },
    { old: { size: 2 } },
    {},
  ],
  [
    "DEP-68: and sees to it that the strategy has its turn",
    deployment(5, 0, undefined, "Recreate"),
    { size: 2, available: 2, desired: 6 },
    { old: { size: 5, desired: 6 } },
    { old: 5, new: 2 },
  ],
];
for (const [name, subject, newShape, oldShapes, expected] of rows) {
  test(name, () => {
    const newSet = newShape && set("new", newShape);
    const oldSets = Object.entries(oldShapes).map(([oldName, shape]) => set(oldName, shape));
    const sizes = scaledSizes(subject, newSet, oldSets);
    assert.deepEqual(Object.fromEntries([...sizes].map(([one, size]) => [one.metadata.name, size])), expected);
  });
}

test("DEP-60: a scaling is seen by the annotation of an active set, and by nothing else", () => {
  const subject = deployment(5, 1);
  assert.equal(isScalingEvent(subject, [set("a", { size: 3, desired: 3 })]), true);
  assert.equal(isScalingEvent(subject, [set("a", { size: 3, desired: 5 })]), false);
  assert.equal(isScalingEvent(subject, [set("a", { size: 3 })]), false);
  assert.equal(isScalingEvent(subject, [set("a", { size: 0, desired: 3 })]), false);
});
