import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { deadlineCheckMs, pauseConditions, progressConditions } from "./progress.ts";

const start = 1_704_067_200_000;
const condition = (status: string, reason: string, atMs = start): DeploymentCondition => ({
  type: "Progressing",
  status,
  reason,
  message: "as before",
  lastUpdateTime: formatTime(atMs),
  lastTransitionTime: formatTime(start),
});
const deployment = (status: DeploymentStatus, spec: Partial<Deployment["spec"]> = {}): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", generation: 2 },
  spec: { replicas: 3, selector: {}, template: {}, progressDeadlineSeconds: 600, ...spec },
  status,
});
const newSet: ReplicaSet = { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "web-1" }, spec: { replicas: 3, selector: {} } };
const judge = (
  before: DeploymentStatus,
  counted: DeploymentStatus,
  nowMs: number,
  over: { spec?: Partial<Deployment["spec"]>; oldSets?: ReplicaSet[]; newSet?: ReplicaSet | undefined } = {},
) =>
  progressConditions({
    deployment: deployment(before, over.spec),
    counted: { observedGeneration: 2, ...counted, conditions: before.conditions ?? [] },
    newSet: "newSet" in over ? over.newSet : newSet,
    oldSets: over.oldSets ?? [],
    nowMs,
  });
const partial = { replicas: 4, updatedReplicas: 1, readyReplicas: 3, availableReplicas: 3 };
const complete = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };
const brief = (conditions: readonly DeploymentCondition[]) => conditions.map((c) => `${c.type}=${c.status}/${c.reason}: ${c.message}`);

const rows: [string, DeploymentStatus, DeploymentStatus, number, string[]][] = [
  [
    "DEP-91: a complete rollout",
    { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] },
    complete,
    5,
    ['Progressing=True/NewReplicaSetAvailable: ReplicaSet "web-1" has successfully progressed.'],
  ],
  [
    "DEP-94: one more new Pod is progress",
    { ...partial, conditions: [condition("True", "NewReplicaSetCreated")] },
    { ...partial, updatedReplicas: 2, replicas: 5 },
    5,
    ['Progressing=True/ReplicaSetUpdated: ReplicaSet "web-1" is progressing.'],
  ],
  [
    "DEP-94: one old Pod fewer is progress",
    { ...partial, conditions: [condition("True", "NewReplicaSetCreated")] },
    { ...partial, replicas: 3 },
    5,
    ['Progressing=True/ReplicaSetUpdated: ReplicaSet "web-1" is progressing.'],
  ],
  [
    "DEP-94: one Pod fewer available is none",
    { ...partial, conditions: [condition("True", "NewReplicaSetCreated")] },
    { ...partial, availableReplicas: 2 },
    5,
    ["Progressing=True/NewReplicaSetCreated: as before"],
  ],
  [
    "DEP-96: exactly at the deadline is not past it",
    { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] },
    partial,
    600,
    ["Progressing=True/ReplicaSetUpdated: as before"],
  ],
  [
    "DEP-96: past the deadline",
    { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] },
    partial,
    600.001,
    ['Progressing=False/ProgressDeadlineExceeded: ReplicaSet "web-1" has timed out progressing.'],
  ],
  [
    "DEP-96: once timed out it stays so",
    { ...partial, conditions: [condition("False", "ProgressDeadlineExceeded", start + 3_000_000)] },
    partial,
    3001,
    ["Progressing=False/ProgressDeadlineExceeded: as before"],
  ],
  [
    "DEP-97: until it moves again",
    { ...partial, conditions: [condition("False", "ProgressDeadlineExceeded")] },
    { ...partial, readyReplicas: 4 },
    3000,
    ['Progressing=True/ReplicaSetUpdated: ReplicaSet "web-1" is progressing.'],
  ],
  [
    "DEP-95: what succeeded is not judged again when its Pods fail",
    { ...complete, conditions: [condition("True", "NewReplicaSetAvailable")] },
    { replicas: 3, updatedReplicas: 3 },
    9000,
    ["Progressing=True/NewReplicaSetAvailable: as before"],
  ],
];
for (const [name, before, counted, seconds, expected] of rows) {
  test(name, () => assert.deepEqual(brief(judge(before, counted, start + seconds * 1000)), expected));
}

test("DEP-92: progress for the same reason moves the update time and keeps the transition time", () => {
  const [after] = judge(
    { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] },
    { ...partial, readyReplicas: 4 },
    start + 60_000,
  );
  assert.equal(after?.lastTransitionTime, formatTime(start));
  assert.equal(after?.lastUpdateTime, formatTime(start + 60_000));
});

test("DEP-99: without a deadline there is no Progressing condition", () => {
  const before = { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] };
  assert.deepEqual(judge(before, partial, start, { spec: { progressDeadlineSeconds: 2_147_483_647 } }), []);
});

test("DEP-91: without a new set the Deployment itself is the subject", () => {
  const before = { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] };
  const [after] = judge(before, partial, start + 700_000, { newSet: undefined });
  assert.equal(after?.message, 'Deployment "web" has timed out progressing.');
});

test("DEP-100: a failure of the new set is shown before those of old ones, and disappears with them", () => {
  const failing = (name: string): ReplicaSet => ({
    ...newSet,
    metadata: { name },
    status: {
      replicas: 0,
      conditions: [
        { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: name, lastTransitionTime: formatTime(start) },
      ],
    },
  });
  const before = { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] };
  const shown = judge(before, partial, start, { newSet: failing("new"), oldSets: [failing("old")] });
  assert.deepEqual(brief(shown)[1], "ReplicaFailure=True/FailedCreate: new");
  assert.deepEqual(brief(judge({ ...before, conditions: shown as DeploymentCondition[] }, partial, start)), [
    "Progressing=True/ReplicaSetUpdated: as before",
  ]);
});

test("DEP-98: a rollout that stands still is looked at one second after its deadline", () => {
  const status = { ...partial, conditions: [condition("True", "ReplicaSetUpdated")] };
  assert.equal(deadlineCheckMs(deployment(status), status, start + 100_000), 501_000);
  assert.equal(deadlineCheckMs(deployment(status), status, start + 599_900), 1100);
  const over = { ...partial, conditions: [condition("False", "ProgressDeadlineExceeded")] };
  assert.equal(deadlineCheckMs(deployment(over), over, start), undefined);
});

test("DEP-101: pausing and resuming are shown, but a missed deadline is not hidden by a pause", () => {
  const paused = pauseConditions(deployment({ conditions: [condition("True", "ReplicaSetUpdated")] }, { paused: true }), start);
  assert.deepEqual(brief(paused), ["Progressing=Unknown/DeploymentPaused: Deployment is paused"]);
  const resumed = pauseConditions(deployment({ conditions: paused as DeploymentCondition[] }), start + 5000);
  assert.deepEqual(brief(resumed), ["Progressing=Unknown/DeploymentResumed: Deployment is resumed"]);
  assert.equal(resumed[0]?.lastUpdateTime, formatTime(start + 5000));
  const missed = [condition("False", "ProgressDeadlineExceeded")];
  assert.equal(pauseConditions(deployment({ conditions: missed }, { paused: true }), start), missed);
});
