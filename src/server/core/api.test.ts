import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../api/errors.ts";
import type { AnyObject } from "../../api/meta/object.ts";
import {
  configMap,
  configMaps,
  context,
  deployment,
  deployments,
  inDefault,
  namespaces,
  parseBytes,
  pod,
  pods,
  record,
  refusal,
  startApi,
} from "./fixture.suite.ts";

test("an object goes through create, get, list, watch, update and delete", async () => {
  const { api } = await startApi();
  const { resourceVersion } = await api.list(configMaps, {});
  const watcher = record(api, configMaps, { resourceVersion });
  const created = await api.create(configMaps, "default", configMap("a", { k: "1" }), context);
  assert.deepEqual(parseBytes(created.json), created.object);
  const got = await api.get(configMaps, inDefault("a"));
  assert.equal(got.object, created.object, "objects are shared");
  const updated = await api.update(configMaps, inDefault("a"), { ...got.object, data: { k: "2" } }, context);
  assert.equal(updated.object.data.k, "2");
  assert.deepEqual(parseBytes(updated.json), updated.object);
  assert.equal((await api.list(configMaps, { namespace: "default" })).items.length, 1);
  const { gone } = await api.delete(configMaps, inDefault("a"), {}, context);
  assert.equal(gone, true);
  await assert.rejects(api.get(configMaps, inDefault("a")), refusal(404, 'configmaps "a" not found'));
  assert.deepEqual(watcher.seen, ["ADDED a", "MODIFIED a", "DELETED a"]);
  assert.ok(Number(watcher.objects[2]?.metadata.resourceVersion) > Number(updated.object.metadata.resourceVersion));
  assert.equal(watcher.objects[2]?.data.k, "2", "the last state");
});

test("objects written before a restart are read as they were", async () => {
  const { api, store, clock } = await startApi();
  const { object } = await api.create(deployments, "default", deployment("web"), context);
  const { createApi } = await import("./api.ts");
  const { kinds } = await import("../../api/registry.ts");
  // A store that has lost its companions is what a restart leaves.
  const reopened = new Proxy(store, {
    get(target, name) {
      if (name === "get") return (key: string) => ({ ...target.get(key), companion: undefined });
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const { seededRandom } = await import("../../base/random.ts");
  const { silentLog } = await import("../../base/log.ts");
  const again = createApi({ store: reopened, kinds, world: { clock, random: seededRandom(1), log: silentLog } });
  const read = await again.get(deployments, inDefault("web"));
  assert.deepEqual(read.object, object);
  assert.deepEqual(parseBytes(read.json), object);
});

test("API-50: a generated name has five characters after its base, and another is tried when it is taken", async () => {
  const { api } = await startApi();
  const { object } = await api.create(configMaps, "default", configMap("", {}, { name: undefined, generateName: "web-" }), context);
  assert.match(object.metadata.name as string, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  const constant = { uint32: () => 5 };
  const { clock } = await startApi();
  const stuck = await startApi({ world: { clock, random: constant, log: { debug() {}, info() {}, warn() {}, error() {} } } });
  await stuck.api.create(configMaps, "default", configMap("", {}, { name: undefined, generateName: "web-" }), context);
  await assert.rejects(
    stuck.api.create(configMaps, "default", configMap("", {}, { name: undefined, generateName: "web-" }), context),
    refusal(409, /^configmaps "web-\w+" already exists, the server was not able to generate a unique name for the object$/),
  );
});

test("API-51: the server sets uid, times and version, clears status, and holds the body to the path", async () => {
  const { api } = await startApi();
  const body = { ...deployment("web"), status: { replicas: 9 } };
  const { object } = await api.create(deployments, "default", body, context);
  assert.match(object.metadata.uid as string, /^[0-9a-f-]{36}$/);
  assert.equal(object.metadata.creationTimestamp, "2024-01-01T00:00:00Z");
  assert.equal(object.metadata.generation, 1);
  assert.equal(object.metadata.namespace, "default");
  assert.equal(object.status?.replicas, undefined);
  const elsewhere = configMap("x", {}, { namespace: "other" });
  await assert.rejects(
    api.create(configMaps, "default", elsewhere, context),
    refusal(400, "the namespace of the provided object does not match the namespace sent on the request"),
  );
  await assert.rejects(
    api.update(deployments, inDefault("web"), { ...object, metadata: { ...object.metadata, name: "other" } }, context),
    refusal(400, "the name of the object (other) does not match the name on the URL (web)"),
  );
});

test("API-52, API-84: a create over an object says whether it is on its way out", async () => {
  const { api } = await startApi();
  await api.create(configMaps, "default", configMap("a", {}, { finalizers: ["example.com/hold"] }), context);
  await assert.rejects(api.create(configMaps, "default", configMap("a"), context), refusal(409, 'configmaps "a" already exists'));
  await api.delete(configMaps, inDefault("a"), {}, context);
  await assert.rejects(
    api.create(configMaps, "default", configMap("a"), context),
    refusal(409, 'object is being deleted: configmaps "a" already exists'),
  );
});

test("API-53: a stale update conflicts, one without version does not", async () => {
  const { api } = await startApi();
  const first = await api.create(deployments, "default", deployment("web"), context);
  const scaled = (replicas: number, metadata: object) => ({
    ...first.object,
    metadata: { ...first.object.metadata, ...metadata },
    spec: { ...first.object.spec, replicas },
  });
  await api.update(deployments, inDefault("web"), scaled(4, {}), context);
  await assert.rejects(
    api.update(deployments, inDefault("web"), scaled(5, {}), context),
    refusal(
      409,
      'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
    ),
  );
  const unconditional = await api.update(deployments, inDefault("web"), scaled(6, { resourceVersion: "" }), context);
  assert.equal(unconditional.object.spec.replicas, 6);
  await assert.rejects(
    api.update(deployments, inDefault("web"), scaled(7, { resourceVersion: "", uid: "other" }), context),
    refusal(409, /UID in precondition: other/),
  );
});

test("API-54: what the server keeps in its hands is filled in, ignored or refused", async () => {
  const { api } = await startApi();
  const { object } = await api.create(configMaps, "default", configMap("a", {}, { finalizers: ["example.com/hold"] }), context);
  const meddled = { ...object.metadata, generation: 99, deletionTimestamp: "2020-01-01T00:00:00Z", selfLink: "/x" };
  const same = await api.update(configMaps, inDefault("a"), { ...object, metadata: meddled }, context);
  assert.deepEqual(same.object, object);
  await assert.rejects(
    api.update(
      configMaps,
      inDefault("a"),
      { ...object, metadata: { ...object.metadata, creationTimestamp: "2020-01-01T00:00:00Z" } },
      context,
    ),
    refusal(422, /^ConfigMap "a" is invalid: metadata.creationTimestamp: Invalid value: "2020-01-01T00:00:00Z": field is immutable$/),
  );
  const { stored } = await api.delete(configMaps, inDefault("a"), {}, context);
  const added = { ...stored.object.metadata, finalizers: ["example.com/hold", "example.com/more"] };
  await assert.rejects(
    api.update(configMaps, inDefault("a"), { ...stored.object, metadata: added }, context),
    refusal(
      422,
      /metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example.com\/more"\}$/,
    ),
  );
});

test("API-55: a write that changes nothing makes no version and no event", async () => {
  const { api, clock } = await startApi();
  const { object } = await api.create(deployments, "default", deployment("web"), context);
  const watcher = record(api, deployments, { resourceVersion: object.metadata.resourceVersion as string });
  await clock.advance(5000);
  const { resourceVersion: _, ...metadata } = object.metadata;
  const put = await api.update(deployments, inDefault("web"), { ...object, metadata } as AnyObject, context);
  const patched = await api.patch(deployments, inDefault("web"), "merge", { spec: { replicas: 3 } }, context);
  assert.equal(put.object, object);
  assert.equal(patched.object, object);
  assert.deepEqual(watcher.seen, []);
});

test("DEP-119: a change of spec or annotations is a new generation, labels and status are not", async () => {
  const { api } = await startApi();
  await api.create(deployments, "default", deployment("web"), context);
  const patch = async (body: object, subresource?: string) =>
    (await api.patch(deployments, inDefault("web"), "merge", body, context, subresource)).object.metadata.generation;
  assert.equal(await patch({ metadata: { labels: { a: "b" } } }), 1);
  assert.equal(await patch({ status: { replicas: 1 } }, "status"), 1);
  assert.equal(await patch({ metadata: { annotations: { a: "b" } } }), 2);
  assert.equal(await patch({ spec: { replicas: 5 } }), 3);
});

test("API-60, API-61: status and the rest are written through different doors", async () => {
  const { api } = await startApi();
  const { object } = await api.create(deployments, "default", deployment("web"), context);
  const mixed = {
    ...object,
    metadata: { ...object.metadata, labels: { new: "label" }, annotations: { new: "annotation" } },
    spec: { ...object.spec, replicas: 9 },
    status: { replicas: 2, observedGeneration: 1 },
  };
  const status = (await api.update(deployments, inDefault("web"), mixed, context, "status")).object;
  assert.equal(status.spec.replicas, 3);
  assert.equal(status.status.replicas, 2);
  assert.equal(status.metadata.labels?.["new"], undefined, "labels are the main resource's");
  assert.equal(status.metadata.annotations?.["new"], "annotation");
  const main = (await api.patch(deployments, inDefault("web"), "merge", { spec: { replicas: 9 }, status: { replicas: 7 } }, context))
    .object;
  assert.equal(main.spec.replicas, 9);
  assert.equal(main.status.replicas, 2);
  assert.deepEqual(
    main.metadata.managedFields?.map(({ manager, subresource }) => [manager, subresource]),
    [
      ["test", undefined],
      ["test", "status"],
    ],
  );
});

test("API-61: scale is one form for every kind that has replicas", async () => {
  const { api } = await startApi();
  await api.create(deployments, "default", deployment("web"), context);
  const scale = (await api.get(deployments, inDefault("web"), "scale")).object;
  assert.equal(scale.kind, "Scale");
  assert.deepEqual(scale["spec"], { replicas: 3 });
  assert.equal(scale["status"].selector, "app=web");
  const written = await api.update(deployments, inDefault("web"), { ...scale, spec: { replicas: 8 } }, context, "scale");
  assert.deepEqual(written.object["spec"], { replicas: 8 });
  await assert.rejects(
    api.update(deployments, inDefault("web"), { ...scale, spec: { replicas: 1 } }, context, "scale"),
    refusal(409, /the object has been modified/),
  );
  const patched = await api.patch(deployments, inDefault("web"), "merge", { spec: { replicas: 2 } }, context, "scale");
  assert.deepEqual(patched.object["spec"], { replicas: 2 });
  const object = (await api.get(deployments, inDefault("web"))).object;
  assert.equal(object.spec.replicas, 2);
  assert.equal(object.metadata.generation, 3);
  await assert.rejects(
    api.patch(deployments, inDefault("web"), "merge", { spec: { replicas: -1 } }, context, "scale"),
    refusal(422, /^Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0$/),
  );
  await assert.rejects(api.get(pods, inDefault("x"), "scale"), refusal(404, /could not find the requested resource/));
});

test("API-66: the last finalizer takes the object with it", async () => {
  const { api } = await startApi();
  await api.create(configMaps, "default", configMap("a", { k: "v" }, { finalizers: ["example.com/hold"] }), context);
  const { stored, gone } = await api.delete(configMaps, inDefault("a"), {}, context);
  assert.equal(gone, false);
  assert.equal(stored.object.metadata.deletionTimestamp, "2024-01-01T00:00:00Z");
  const watcher = record(api, configMaps, { resourceVersion: stored.object.metadata.resourceVersion as string });
  await api.patch(configMaps, inDefault("a"), "json", [{ op: "remove", path: "/metadata/finalizers/0" }], context);
  await assert.rejects(api.get(configMaps, inDefault("a")), refusal(404, /not found/));
  assert.deepEqual(watcher.seen, ["DELETED a"]);
});

test("API-67: a dry run shows what would be and leaves no trace", async () => {
  const { api, store } = await startApi();
  const before = store.version;
  const dry = { ...context, dryRun: true };
  const { object } = await api.create(pods, "default", pod("a"), dry);
  assert.ok(object.metadata.uid);
  assert.equal(object.metadata.resourceVersion, undefined);
  assert.equal(store.version, before);
  await api.create(configMaps, "default", configMap("a"), context);
  await assert.rejects(api.create(configMaps, "default", configMap("a"), dry), refusal(409, /already exists/));
  const written = store.version;
  const patched = await api.patch(configMaps, inDefault("a"), "merge", { data: { k: "v" } }, dry);
  assert.equal(patched.object.data.k, "v");
  assert.equal((await api.delete(configMaps, inDefault("a"), {}, dry)).gone, true);
  assert.equal(store.version, written);
});

test("API-70: apply creates, owns, conflicts and takes over", async () => {
  const { api } = await startApi();
  const apply = (manager: string, body: object, force = false) =>
    api.patch(deployments, inDefault("web"), "apply", body, { ...context, fieldManager: manager, force });
  const first = await apply("kubectl", deployment("web", 2));
  assert.equal(first.created, true);
  assert.equal(first.object.metadata.managedFields?.[0]?.operation, "Apply");
  const again = await apply("kubectl", deployment("web", 2));
  assert.equal(again.created, undefined);
  assert.equal(again.object.metadata.resourceVersion, first.object.metadata.resourceVersion);
  const partial = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 5 } };
  await assert.rejects(apply("other", partial), refusal(409, 'Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas'));
  assert.equal((await apply("other", partial, true)).object.spec.replicas, 5);
  await assert.rejects(apply("x", { ...partial, spec: { foo: 1 } }), refusal(400, /\.spec\.foo: field not declared in schema/));
  await assert.rejects(apply("", partial), refusal(422, /fieldManager: Required value: is required for apply patch/));
});

test("API-80: a patch with an unknown field is refused, warned of or taken, as asked", async () => {
  const { api } = await startApi();
  await api.create(deployments, "default", deployment("web"), context);
  const patch = (fieldValidation: "Strict" | "Warn" | "Ignore", warn?: (text: string) => void) =>
    api.patch(
      deployments,
      inDefault("web"),
      "merge",
      { spec: { foo: 1, replicas: 4 } },
      { ...context, fieldValidation, ...(warn && { warn }) },
    );
  await assert.rejects(
    patch("Strict"),
    refusal(422, / is invalid: patch: Invalid value: .*strict decoding error: unknown field "spec.foo"$/),
  );
  const warnings: string[] = [];
  const { object } = await patch("Warn", (text) => void warnings.push(text));
  assert.deepEqual(warnings, ['unknown field "spec.foo"']);
  assert.equal(object.spec.foo, undefined);
  await patch("Ignore", (text) => assert.fail(text));
  await assert.rejects(
    api.patch(deployments, inDefault("web"), "merge", { spec: { replicas: "many" } }, context),
    refusal(422, /cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32/),
  );
});

test("metadata is held to the API's rules in its own words", async () => {
  const { api } = await startApi();
  const create = (metadata: object) => api.create(configMaps, "default", configMap("a", {}, metadata), context);
  await assert.rejects(
    create({ name: "Nope" }),
    refusal(422, /^ConfigMap "Nope" is invalid: metadata.name: Invalid value: "Nope": a lowercase RFC 1123 subdomain must consist of/),
  );
  await assert.rejects(create({ name: undefined }), refusal(422, /metadata.name: Required value: name or generateName is required/));
  await assert.rejects(
    create({ labels: { "a b": "c" } }),
    refusal(422, /metadata.labels: Invalid value: "a b": name part must consist of/),
  );
  await assert.rejects(create({ labels: { a: "b c" } }), refusal(422, /metadata.labels: Invalid value: "b c": a valid label must be/));
  await assert.rejects(
    create({ annotations: { a: "x".repeat(300_000) } }),
    refusal(422, /metadata.annotations: Too long: may not be more than 262144 bytes/),
  );
  await assert.rejects(create({ finalizers: ["a b"] }), refusal(422, /metadata.finalizers: Invalid value: "a b": name part/));
  await assert.rejects(
    create({ ownerReferences: [{ apiVersion: "", kind: "", name: "", uid: "" }] }),
    refusal(
      422,
      /metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty, .*uid: Invalid value: "": must not be empty/,
    ),
  );
});

test("an object that is too large for the store is refused", async () => {
  const { api } = await startApi();
  await assert.rejects(
    api.patch(configMaps, inDefault("a"), "apply", configMap("a", { k: "x".repeat(1_000_000), l: "x".repeat(1_000_000) }), context),
    (error: unknown) => error instanceof ApiError && (error.code === 413 || error.code === 422),
  );
});

test("writers of one object are served one after another and none is lost", async () => {
  const { api } = await startApi();
  await api.create(configMaps, "default", configMap("a"), context);
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => api.patch(configMaps, inDefault("a"), "merge", { data: { [`k${i}`]: "v" } }, context)),
  );
  assert.equal(Object.keys((await api.get(configMaps, inDefault("a"))).object.data).length, 50);
});

test("API-95, API-96: a namespace goes through Terminating and finalize", async () => {
  const { api } = await startApi();
  const created = await api.create(namespaces, undefined, { apiVersion: "v1", kind: "Namespace", metadata: { name: "x" } }, context);
  assert.equal(created.object.metadata.labels?.["kubernetes.io/metadata.name"], "x");
  assert.deepEqual(created.object.spec.finalizers, ["kubernetes"]);
  await assert.rejects(api.create(configMaps, "nowhere", configMap("a"), context), refusal(404, 'namespaces "nowhere" not found'));
  const { stored, gone } = await api.delete(namespaces, { name: "x" }, {}, context);
  assert.equal(gone, false);
  assert.equal(stored.object.status.phase, "Terminating");
  await assert.rejects(api.create(configMaps, "x", configMap("a"), context), (error: unknown) => {
    refusal(403, 'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated')(error);
    assert.equal((error as ApiError).status.details?.causes?.[0]?.reason, "NamespaceTerminating");
    return true;
  });
  await api.update(namespaces, { name: "x" }, { ...stored.object, spec: { finalizers: [] } }, context);
  assert.equal((await api.get(namespaces, { name: "x" })).object.spec.finalizers.length, 1, "only finalize takes them off");
  await api.update(namespaces, { name: "x" }, { ...stored.object, spec: { finalizers: [] } }, context, "finalize");
  await assert.rejects(api.get(namespaces, { name: "x" }), refusal(404, 'namespaces "x" not found'));
  await assert.rejects(api.delete(namespaces, { name: "default" }, {}, context), refusal(403, /this namespace may not be deleted/));
});
