import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../api/types.ts";
import { isConditionTrue } from "./conditions.ts";
import { controllerOf, controllerReference, isControlledBy, ownerReference } from "./owners.ts";
import { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from "./pods.ts";

const pod = (status: Pod["status"], metadata: Pod["metadata"] = { name: "p" }): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata,
  status,
});
const readySince = (time: string, status = "True") =>
  pod({ phase: "Running", conditions: [{ type: "Ready", status, lastTransitionTime: time }] });
const noon = Date.parse("2026-01-01T12:00:00Z");

test("RS-9: a Pod is available only once it has been ready for longer than minReadySeconds", () => {
  const ready = readySince("2026-01-01T11:59:50Z");
  assert.equal(isPodReady(ready), true);
  assert.equal(isPodAvailable(ready, 0, noon), true);
  assert.equal(isPodAvailable(ready, 9, noon), true);
  assert.equal(isPodAvailable(ready, 10, noon), false);
  assert.equal(isPodAvailable(readySince("2026-01-01T11:00:00Z", "False"), 0, noon), false);
});

test("RS-1: ended and terminating Pods do not count as active", () => {
  assert.equal(isPodActive(pod({ phase: "Pending" })), true);
  assert.equal(isPodActive(pod(undefined)), true);
  assert.equal(isPodActive(pod({ phase: "Failed" })), false);
  assert.equal(isPodTerminal(pod({ phase: "Succeeded" })), true);
  assert.equal(isPodActive(pod({ phase: "Running" }, { name: "p", deletionTimestamp: "2026-01-01T00:00:00Z" })), false);
});

test("only the controller reference makes a controller, and only by uid", () => {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "rs", uid: "u1" } };
  const owned = pod(
    {},
    { name: "p", ownerReferences: [ownerReference({ ...owner, metadata: { name: "x", uid: "u0" } }), controllerReference(owner)] },
  );
  assert.equal(controllerOf(owned)?.name, "rs");
  assert.equal(isControlledBy(owned, owner), true);
  assert.equal(isControlledBy(owned, { ...owner, metadata: { name: "rs", uid: "u2" } }), false);
  assert.equal(isControlledBy(pod({}), owner), false);
});

test("a condition that is Unknown or absent is not true", () => {
  assert.equal(isConditionTrue([{ type: "A", status: "Unknown" }], "A"), false);
  assert.equal(isConditionTrue(undefined, "A"), false);
});
