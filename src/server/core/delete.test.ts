import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeleteOptions } from "../../api/types.ts";
import {
  configMap,
  configMaps,
  context,
  deployment,
  deployments,
  inDefault,
  pod,
  pods,
  record,
  refusal,
  startApi,
} from "./fixture.suite.ts";

async function boundPod(name = "a") {
  const started = await startApi();
  await started.api.create(pods, "default", pod(name), context);
  const target = { apiVersion: "v1", kind: "Binding", metadata: { name }, target: { kind: "Node", name: "n1" } };
  await started.api.createSubresource(pods, inDefault(name), "binding", target, context);
  const remove = (options: DeleteOptions = {}) => started.api.delete(pods, inDefault(name), options, context);
  return { ...started, remove };
}

test("KUB-60: a Pod on a node gets its grace, and a second delete can only shorten it", async () => {
  const { remove, api, clock } = await boundPod();
  const first = await remove();
  assert.equal(first.gone, false);
  assert.equal(first.stored.object.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(first.stored.object.metadata.deletionTimestamp, "2024-01-01T00:00:30Z");
  await clock.advance(5000);
  assert.equal((await remove({ gracePeriodSeconds: 60 })).stored.object, first.stored.object, "longer changes nothing");
  assert.equal((await remove()).stored.object, first.stored.object, "the same changes nothing");
  const shorter = (await remove({ gracePeriodSeconds: 10 })).stored.object.metadata;
  assert.equal(shorter.deletionTimestamp, "2024-01-01T00:00:10Z");
  assert.equal(shorter.deletionGracePeriodSeconds, 10);
  assert.equal((await remove({ gracePeriodSeconds: 0 })).gone, true);
  await assert.rejects(api.get(pods, inDefault("a")), refusal(404, /not found/));
});

test("KUB-60: a Pod without node or past its end goes at once", async () => {
  const { api } = await startApi();
  await api.create(pods, "default", pod("unscheduled"), context);
  assert.equal((await api.delete(pods, inDefault("unscheduled"), {}, context)).gone, true);
  const { api: other, remove } = await boundPod();
  await other.patch(pods, inDefault("a"), "merge", { status: { phase: "Succeeded" } }, context, "status");
  assert.equal((await remove()).gone, true);
});

test("API-63: preconditions name both sides of the mismatch", async () => {
  const { api } = await startApi();
  const { object } = await api.create(configMaps, "default", configMap("a"), context);
  const { uid, resourceVersion } = object.metadata;
  await assert.rejects(
    api.delete(configMaps, inDefault("a"), { preconditions: { uid: "x" } }, context),
    refusal(
      409,
      `Operation cannot be fulfilled on configmaps "a": the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    ),
  );
  await assert.rejects(
    api.delete(configMaps, inDefault("a"), { preconditions: { resourceVersion: "1" } }, context),
    refusal(409, /the ResourceVersion in the precondition \(1\)/),
  );
  const preconditions = { uid: uid as string, resourceVersion: resourceVersion as string };
  assert.equal((await api.delete(configMaps, inDefault("a"), { preconditions }, context)).gone, true);
});

test("API-64: the policy decides the finalizer, and the finalizer keeps the object", async () => {
  const { api } = await startApi();
  const remove = (name: string, options: DeleteOptions) => api.delete(deployments, inDefault(name), options, context);
  for (const name of ["background", "foreground", "orphan", "legacy"]) await api.create(deployments, "default", deployment(name), context);
  assert.equal((await remove("background", {})).gone, true);
  const foreground = await remove("foreground", { propagationPolicy: "Foreground" });
  assert.deepEqual(foreground.stored.object.metadata.finalizers, ["foregroundDeletion"]);
  assert.equal(foreground.stored.object.metadata.generation, 2, "the beginning of the end is a new generation");
  assert.equal(foreground.stored.object.metadata.deletionGracePeriodSeconds, 0);
  assert.deepEqual((await remove("orphan", { propagationPolicy: "Orphan" })).stored.object.metadata.finalizers, ["orphan"]);
  assert.deepEqual((await remove("legacy", { orphanDependents: true })).stored.object.metadata.finalizers, ["orphan"]);
  assert.equal((await remove("foreground", { propagationPolicy: "Background" })).gone, true, "a second delete may change its mind");
  assert.equal((await remove("orphan", {})).gone, false, "without a policy the first one stays");
  await assert.rejects(
    remove("orphan", { propagationPolicy: "Sideways" }),
    refusal(422, /propagationPolicy: Unsupported value: "Sideways"/),
  );
  await assert.rejects(
    remove("orphan", { propagationPolicy: "Orphan", orphanDependents: true }),
    refusal(422, /orphanDependents and deletionPropagation cannot be both set/),
  );
});

test("API-66: a Pod with a finalizer goes when both grace and finalizer are over", async () => {
  const { api, remove } = await boundPod();
  await api.patch(pods, inDefault("a"), "merge", { metadata: { finalizers: ["example.com/hold"] } }, context);
  await remove();
  assert.equal((await remove({ gracePeriodSeconds: 0 })).gone, false);
  const watcher = record(api, pods, {});
  await api.patch(pods, inDefault("a"), "merge", { metadata: { finalizers: null } }, context);
  assert.deepEqual(watcher.seen, ["ADDED a", "DELETED a"]);
});

test("API-68: a collection is deleted by selector, under the policy", async () => {
  const { api } = await startApi();
  for (const name of ["a", "b", "c"])
    await api.create(configMaps, "default", configMap(name, {}, { labels: { keep: name === "b" ? "yes" : "no" } }), context);
  const deleted = await api.deleteCollection(configMaps, { namespace: "default", labelSelector: "keep=no" }, {}, context);
  assert.deepEqual(
    deleted.items.map(({ object }) => object.metadata.name),
    ["a", "c"],
  );
  assert.equal((await api.list(configMaps, {})).items.length, 1);
});
