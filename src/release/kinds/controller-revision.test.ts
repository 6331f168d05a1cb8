// Which ControllerRevision is the present template's, whatever the caches have seen of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControllerRevision, DaemonSet } from "../../api/types.ts";
import { daemonSetKind } from "./daemon-set.ts";

const template = (image: string, labels: object = { app: "web" }) => ({
  metadata: { labels },
  spec: { containers: [{ name: "app", image }] },
});
const daemonSet = (image: string): DaemonSet => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "web", generation: 3 },
  spec: { selector: { matchLabels: { app: "web" } }, template: template(image) as any },
  status: { observedGeneration: 3 } as any,
});
const named = (name: string, revision: number, data: object) => {
  const source = { apiVersion: "apps/v1", kind: "ControllerRevision", metadata: { name }, revision, data: { spec: { template: data } } };
  return { ...daemonSetKind.revision(daemonSet(""), source as unknown as ControllerRevision), name };
};

test("a revision that the cache does not hold yet is none, and never the one before", () => {
  const [old, bad] = [named("old", 1, template("v1")), named("bad", 2, template("v2-bad"))];
  assert.equal(daemonSetKind.targetOf(daemonSet("v3"), [bad, old]), undefined);
  assert.equal(daemonSetKind.targetOf(daemonSet("v1"), [bad, old]), "old", "brought back, and not numbered anew yet");
  assert.equal(daemonSetKind.targetOf(daemonSet("v2-bad"), [bad, old]), "bad");
});

test("what servers have written as null is as good as absent", () => {
  const recorded = { $patch: "replace", ...template("v1"), metadata: { creationTimestamp: null, labels: { app: "web" } } };
  assert.equal(daemonSetKind.targetOf(daemonSet("v1"), [named("old", 1, recorded)]), "old");
});
