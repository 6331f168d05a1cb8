// Which template is a new release where a controller whose cache was late has given one number to two revisions.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Revision, WorkloadSnapshot } from "../workload.ts";
import { openRelease, opensRelease } from "./open-release.ts";
import { emptyHistory } from "./release.ts";

const startMs = 1_700_000_000_000;
const revision = (name: string, number: number, second: number, resourceVersion = "1"): Revision => ({
  name,
  uid: name,
  number,
  hash: name,
  createdMs: startMs + second * 1000,
  role: "new",
  template: { spec: { containers: [{ name: "app", image: name }] } } as any,
  object: { apiVersion: "apps/v1", kind: "ControllerRevision", metadata: { name, resourceVersion } },
});
const snapshot = (revisions: readonly Revision[], takenMs: number) =>
  ({
    object: { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "web" } },
    revisions,
    takenMs,
    complete: false,
  }) as unknown as WorkloadSnapshot;

const [first, broken, repaired] = [revision("v1", 1, 0), revision("v2", 2, 60, "7"), revision("v3", 2, 60, "9")];
const newestFirst = [repaired, broken, first];
const opened = (target: Revision, history = emptyHistory, revisions = newestFirst) =>
  openRelease(snapshot(revisions, startMs + 61_000), target, { history, authors: undefined });
const images = ({ releases }: typeof emptyHistory): string[] => releases.map((release) => release.images.app as string);

test("a revision that was left before anybody looked is told of, though its number was given out again", () => {
  assert.deepEqual(images(opened(repaired, opened(first, emptyHistory, [first]))), ["v1", "v2", "v3"]);
});

test("the second one of a number is a release of its own, and neither is told twice", () => {
  const told = opened(broken, opened(first, emptyHistory, [first]), [broken, first]);
  assert.deepEqual(images(told), ["v1", "v2"]);
  assert.equal(opensRelease(repaired, told, newestFirst), true);
  const both = opened(repaired, told);
  assert.deepEqual(images(both), ["v1", "v2", "v3"]);
  assert.equal(opensRelease(broken, both, newestFirst), false);
});

test("what came after the template that is looked at is not told of as before it", () => {
  const late = opened(broken, opened(first, emptyHistory, [first]));
  assert.deepEqual(images(late), ["v1", "v2"]);
  assert.equal(opensRelease(repaired, late, newestFirst), true);
});
