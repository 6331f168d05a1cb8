// A Pod of an earlier DaemonSet of the name was taken for up to date, because both had counted as many changes of their templates.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DaemonSet, Pod } from "../../api/types.ts";
import { isUpToDate } from "./eligibility.ts";

const daemonSet: DaemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "agent", creationTimestamp: "2024-01-01T00:01:00Z", annotations: { "deprecated.daemonset.template.generation": "2" } },
};
const pod = (creationTimestamp: string, hash: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "agent-1", creationTimestamp, labels: { "controller-revision-hash": hash, "pod-template-generation": "2" } },
});

test("DS-4: how often the template had changed says nothing of a Pod that is older than its DaemonSet", () => {
  assert.equal(isUpToDate(pod("2024-01-01T00:00:30Z", "old"), daemonSet, "new"), false);
  assert.equal(isUpToDate(pod("2024-01-01T00:00:30Z", "new"), daemonSet, "new"), true);
  assert.equal(isUpToDate(pod("2024-01-01T00:01:30Z", "old"), daemonSet, "new"), true);
});
