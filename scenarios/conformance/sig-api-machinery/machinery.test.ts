/** The API itself: discovery, watches, chunks, field validation, garbage, namespaces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage, template } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 1 });
const configMap = (name: string, labels: Record<string, string> = {}, data: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
  data,
});
const aggregated = { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json" };

test("server version should find the server version", async () => {
  const { major, minor, gitVersion } = await open.wire.get("/version");
  assert.match(major, /^\d+$/);
  assert.match(minor, /^\d+$/);
  assert.match(gitVersion, /^v\d+\.\d+\.\d+/);
});

test("Discovery should validate PreferredVersion for each APIGroup", async () => {
  const { groups } = await open.wire.get("/apis");
  assert.ok(groups.length > 10);
  for (const group of groups) {
    const one = await open.wire.get(`/apis/${group.name}`);
    assert.ok(one.preferredVersion.groupVersion.startsWith(`${group.name}/`));
    assert.ok(
      one.versions.some((each: any) => each.groupVersion === one.preferredVersion.groupVersion),
      group.name,
    );
    assert.deepEqual(group.preferredVersion, one.preferredVersion);
  }
});

test("Discovery should locate the groupVersion and a resource within each APIGroup", async () => {
  const { groups } = await open.wire.get("/apis");
  for (const { versions } of groups) {
    for (const { groupVersion } of versions) {
      const list = await open.wire.get(`/apis/${groupVersion}`);
      assert.deepEqual([list.kind, list.groupVersion], ["APIResourceList", groupVersion]);
      assert.ok(list.resources.length > 0, groupVersion);
    }
  }
});

test("AggregatedDiscovery should support aggregated discovery interface and raw aggregated discovery endpoint Accept headers", async () => {
  const { body, headers } = await open.wire.ask("GET", "/apis", undefined, { headers: aggregated });
  assert.match(String(headers["content-type"]), /as=APIGroupDiscoveryList/);
  const { groups } = await open.wire.get("/apis");
  assert.deepEqual(body.items.map((each: any) => each.metadata.name).sort(), groups.map((each: any) => each.name).sort());
  for (const { metadata, versions } of body.items) {
    for (const { version, resources } of versions) {
      const plain = await open.wire.get(`/apis/${metadata.name}/${version}`);
      const names = resources.flatMap((each: any) => [
        each.resource,
        ...(each.subresources ?? []).map((sub: any) => `${each.resource}/${sub.subresource}`),
      ]);
      assert.deepEqual(names.sort(), plain.resources.map((each: any) => each.name).sort(), `${metadata.name}/${version}`);
    }
  }
  const core = await open.wire.ask("GET", "/api", undefined, { headers: aggregated });
  assert.ok(core.body.items[0].versions[0].resources.some((each: any) => each.resource === "pods"));
});

test("Servers with support for API chunking should return chunks of results for list calls", async () => {
  const namespace = await open.namespace();
  const templates = `/api/v1/namespaces/${namespace}/podtemplates`;
  const total = 40;
  for (let index = 0; index < total; index++) {
    const name = `template-${String(index).padStart(4, "0")}`;
    await open.wire.create(templates, {
      apiVersion: "v1",
      kind: "PodTemplate",
      metadata: { name },
      template: { spec: { containers: [{ name: "test", image: "test2" }] } },
    });
  }
  let seen = 0;
  let version: string | undefined;
  let token = "";
  for (let page = 0; page === 0 || token !== ""; page++) {
    const limit = 17;
    const list = await open.wire.get(`${templates}?limit=${limit}${token && `&continue=${encodeURIComponent(token)}`}`);
    version ??= list.metadata.resourceVersion;
    assert.equal(list.metadata.resourceVersion, version);
    assert.ok(list.items.length <= limit);
    for (const item of list.items) assert.equal(item.metadata.name, `template-${String(seen++).padStart(4, "0")}`);
    if (list.metadata.continue) assert.equal(list.metadata.remainingItemCount, total - seen);
    else assert.equal(list.metadata.remainingItemCount, undefined);
    token = list.metadata.continue ?? "";
  }
  assert.equal(seen, total);
  const all = await open.wire.get(`${templates}?resourceVersion=${version}`);
  assert.equal(all.items.length, total);
  assert.equal(all.metadata.remainingItemCount, undefined);
});

test("Servers with support for Table transformation should return a 406 for a backend which does not implement metadata", async () => {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { nonResourceAttributes: { path: "/", verb: "get" } },
  };
  const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const { reason } = await open.wire.refused(406, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, {
    headers,
    as: "json",
  });
  assert.equal(reason, "NotAcceptable");
});

test("Servers with support for Table transformation should return pod details, chunks of table results and generic metadata details", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.create(pods, pod("pod-1"));
  const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const table = await open.wire.get(pods, { headers });
  assert.equal(table.kind, "Table");
  assert.ok(table.columnDefinitions.length > 2);
  assert.equal(table.rows[0].cells[0], "pod-1");
  assert.equal(table.rows[0].object.kind, "PartialObjectMetadata");
  assert.equal(table.rows[0].object.metadata.name, "pod-1");
  const nodes = await open.wire.get("/api/v1/nodes", { headers });
  assert.ok(nodes.rows.length > 0 && nodes.rows.every((row: any) => row.cells.length === nodes.columnDefinitions.length));
});

test("Watchers should observe add, update, and delete watch notifications on configmaps", async () => {
  const namespace = await open.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const label = "watch-this-configmap";
  const a = await open.wire.watch(`${maps}?labelSelector=${label}%3Da`);
  const b = await open.wire.watch(`${maps}?labelSelector=${label}%3Db`);
  const both = await open.wire.watch(`${maps}?labelSelector=${encodeURIComponent(`${label} in (a,b)`)}`);
  await open.wire.create(maps, configMap("map-a", { [label]: "a" }));
  await open.wire.patch(`${maps}/map-a`, "merge", { data: { mutation: "1" } });
  await open.wire.patch(`${maps}/map-a`, "merge", { data: { mutation: "2" } });
  await open.wire.remove(`${maps}/map-a`);
  await open.wire.create(maps, configMap("map-b", { [label]: "b" }));
  await open.wire.remove(`${maps}/map-b`);
  await both.takeOf("DELETED", "map-b");
  await a.takeOf("DELETED", "map-a");
  await b.takeOf("DELETED", "map-b");
  const told = (watch: typeof a): string[] =>
    watch.events.map(({ type, object }) => `${type} ${object.metadata.name} ${object.data?.mutation ?? ""}`);
  const ofA = ["ADDED map-a ", "MODIFIED map-a 1", "MODIFIED map-a 2", "DELETED map-a 2"];
  const ofB = ["ADDED map-b ", "DELETED map-b "];
  assert.deepEqual(told(a), ofA);
  assert.deepEqual(told(b), ofB);
  assert.deepEqual(told(both), [...ofA, ...ofB]);
  for (const watch of [a, b, both]) watch.close();
});

test("Watchers should be able to start watching from a specific resource version", async () => {
  const namespace = await open.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  await open.wire.create(maps, configMap("map", { w: "1" }));
  const first = await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "1" } });
  await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "2" } });
  await open.wire.remove(`${maps}/map`);
  const watch = await open.wire.watch(`${maps}?labelSelector=w%3D1&resourceVersion=${first.metadata.resourceVersion}`);
  await watch.takeOf("DELETED", "map");
  assert.deepEqual(
    watch.events.map(({ type }) => type),
    ["MODIFIED", "DELETED"],
  );
  assert.equal(watch.events[0]?.object.data.mutation, "2");
  watch.close();
});

test("Watchers should be able to restart watching from the last resource version observed by the previous watch", async () => {
  const namespace = await open.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const watch = await open.wire.watch(`${maps}?labelSelector=w%3D1`);
  await open.wire.create(maps, configMap("map", { w: "1" }));
  await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "1" } });
  const last = await watch.takeOf("MODIFIED", "map");
  watch.close();
  await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "2" } });
  const again = await open.wire.watch(`${maps}?labelSelector=w%3D1&resourceVersion=${last.object.metadata.resourceVersion}`);
  await open.wire.remove(`${maps}/map`);
  await again.takeOf("DELETED", "map");
  assert.deepEqual(
    again.events.map(({ type, object }) => [type, object.data.mutation]),
    [
      ["MODIFIED", "2"],
      ["DELETED", "2"],
    ],
  );
  again.close();
});

test("Watchers should observe an object deletion if it stops meeting the requirements of the selector", async () => {
  const namespace = await open.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const watch = await open.wire.watch(`${maps}?labelSelector=w%3Dyes`);
  await open.wire.create(maps, configMap("map", { w: "yes" }));
  await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "1" } });
  await open.wire.patch(`${maps}/map`, "merge", { metadata: { labels: { w: "no" } } });
  await watch.takeOf("DELETED", "map");
  await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "2" } });
  await open.wire.patch(`${maps}/map`, "merge", { metadata: { labels: { w: "yes" } } });
  await open.wire.patch(`${maps}/map`, "merge", { data: { mutation: "3" } });
  await open.wire.remove(`${maps}/map`);
  await watch.takeOf("DELETED", "map");
  assert.deepEqual(
    watch.events.map(({ type, object }) => `${type} ${object.data?.mutation ?? ""}`),
    ["ADDED ", "MODIFIED 1", "DELETED 1", "ADDED 2", "MODIFIED 3", "DELETED 3"],
  );
  watch.close();
});

test("Watchers should receive events on concurrent watches in same order", async () => {
  const namespace = await open.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const all = await open.wire.watch(`${maps}?resourceVersion=${(await open.wire.get(maps)).metadata.resourceVersion}`);
  const writing = (async () => {
    for (let index = 0; index < 60; index++) {
      const name = `map-${index % 7}`;
      if ((await open.wire.ask("POST", maps, configMap(name))).status === 409) {
        if (index % 3 === 0) await open.wire.remove(`${maps}/${name}`);
        else await open.wire.patch(`${maps}/${name}`, "merge", { data: { index: String(index) } });
      }
    }
  })();
  const watches = [];
  for (let index = 0; index < 10; index++) {
    const event = await all.take("another event", () => true);
    watches.push(await open.wire.watch(`${maps}?resourceVersion=${event.object.metadata.resourceVersion}`));
  }
  await writing;
  const last = await open.wire.create(maps, configMap("the-last"));
  await all.takeOf("ADDED", "the-last");
  const versions = (watch: typeof all): string[] => watch.events.map(({ object }) => object.metadata.resourceVersion);
  const order = versions(all);
  for (const watch of watches) {
    await watch.takeOf("ADDED", "the-last");
    const own = versions(watch);
    assert.deepEqual(own, order.slice(order.length - own.length));
  }
  assert.equal(order.at(-1), last.metadata.resourceVersion);
  for (const watch of [all, ...watches]) watch.close();
});

const deployment = (name: string, replicas = 2, labels: Record<string, string> = { app: name }) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, labels },
  spec: { replicas, selector: { matchLabels: labels }, template: template(labels) },
});

test("FieldValidation should detect unknown and duplicate fields of a typed object", async () => {
  const namespace = await open.namespace();
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const text = JSON.stringify(deployment("fields")).replace('"replicas":2', '"replicas":2,"unknownField":"x","replicas":3');
  const body = { headers: { "content-type": "application/json" } };
  const strict = await open.wire.refused(400, "POST", `${deployments}?fieldValidation=Strict`, text, body);
  assert.match(strict.message, /strict decoding error: .*unknown field "spec\.unknownField"/);
  assert.match(strict.message, /duplicate field "spec\.replicas"/);
  const warned = await open.wire.ask("POST", `${deployments}?fieldValidation=Warn`, text, body);
  assert.equal(warned.status, 201);
  assert.match(String(warned.headers["warning"]), /unknown field \\"spec\.unknownField\\"/);
});

test("FieldValidation should detect unknown metadata fields of a typed object", async () => {
  const namespace = await open.namespace();
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const made = deployment("metadata");
  const spoilt = {
    ...made,
    metadata: { ...made.metadata, unknownMeta: "unknown" },
    spec: { ...made.spec, template: { ...made.spec.template, metadata: { ...made.spec.template.metadata, unknownSubMeta: "x" } } },
  };
  const { message } = await open.wire.refused(400, "POST", `${deployments}?fieldValidation=Strict`, spoilt, { as: "json" });
  assert.match(message, /unknown field "metadata\.unknownMeta"/);
  assert.match(message, /unknown field "spec\.template\.metadata\.unknownSubMeta"/);
  const applied = await open.wire.ask("PATCH", `${deployments}/metadata?fieldValidation=Strict&fieldManager=m`, spoilt, {
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  assert.ok(applied.status === 400 || applied.status === 422 || applied.status === 500, String(applied.status));
});

const owners = (object: any): any[] => object.metadata.ownerReferences ?? [];
const withPolicy = (propagationPolicy: string) => ({ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy });
const replicationController = (name: string, replicas: number) => ({
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name },
  spec: { replicas, selector: { rc: name }, template: template({ rc: name }) },
});

for (const [policy, sentence] of [
  ["Background", "delete RS created by deployment when not orphaning"],
  ["Orphan", "orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan"],
] as const) {
  test(`Garbage collector should ${sentence}`, async () => {
    const namespace = await open.namespace();
    const sets = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
    await open.wire.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, deployment("simpletest"));
    await open.wire.until("its set is there", sets, ({ items }) => items.length === 1 && owners(items[0]).length === 1);
    await open.wire.remove(`/apis/apps/v1/namespaces/${namespace}/deployments/simpletest`, withPolicy(policy));
    await open.wire.gone(`/apis/apps/v1/namespaces/${namespace}/deployments/simpletest`);
    if (policy === "Background") {
      await open.wire.until("all is gone", sets, ({ items }) => items.length === 0);
      await open.wire.until("the Pods too", `/api/v1/namespaces/${namespace}/pods`, ({ items }) => items.length === 0);
    } else
      await open.wire.until("the set stays, without an owner", sets, ({ items }) => items.length === 1 && owners(items[0]).length === 0);
  });
}

test("Garbage collector should delete pods created by rc when not orphaning", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/replicationcontrollers`, replicationController("simple", 2));
  await open.wire.until("it has its Pods", pods, ({ items }) => items.length === 2);
  await open.wire.remove(`/api/v1/namespaces/${namespace}/replicationcontrollers/simple`, withPolicy("Background"));
  await open.wire.until("they go", pods, ({ items }) => items.length === 0);
});

test("Garbage collector should orphan pods created by rc if delete options say so", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/replicationcontrollers`, replicationController("simple", 10));
  await open.wire.until(
    "it has its Pods",
    `/api/v1/namespaces/${namespace}/replicationcontrollers/simple`,
    ({ status }) => status.replicas === 10,
  );
  await open.wire.remove(`/api/v1/namespaces/${namespace}/replicationcontrollers/simple`, withPolicy("Orphan"));
  await open.wire.gone(`/api/v1/namespaces/${namespace}/replicationcontrollers/simple`);
  await open.wire.until(
    "all stay, without an owner",
    pods,
    ({ items }) => items.length === 10 && items.every((each: any) => owners(each).length === 0),
  );
});

test("Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const path = `/api/v1/namespaces/${namespace}/replicationcontrollers/simple`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/replicationcontrollers`, replicationController("simple", 3));
  const { items } = await open.wire.until("it has its Pods", pods, (list) => list.items.length === 3);
  const held = items[0].metadata.name;
  await open.wire.patch(`${pods}/${held}`, "merge", { metadata: { finalizers: ["example.com/hold"] } });
  await open.wire.remove(path, withPolicy("Foreground"));
  await open.wire.until("one Pod is left", pods, (list) => list.items.length === 1);
  const kept = await open.wire.get(path);
  assert.ok(kept.metadata.deletionTimestamp);
  assert.deepEqual(kept.metadata.finalizers, ["foregroundDeletion"]);
  await open.wire.patch(`${pods}/${held}`, "merge", { metadata: { finalizers: null } });
  await open.wire.gone(path);
});

test("Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const controllers = `/api/v1/namespaces/${namespace}/replicationcontrollers`;
  await open.wire.create(controllers, replicationController("to-be-deleted", 4));
  const stay = await open.wire.create(controllers, replicationController("to-stay", 0));
  const { items } = await open.wire.until("it has its Pods", pods, (list) => list.items.length === 4);
  const shared = items.slice(0, 2).map((each: any) => each.metadata.name);
  for (const name of shared) {
    const reference = { apiVersion: "v1", kind: "ReplicationController", name: "to-stay", uid: stay.metadata.uid };
    await open.wire.patch(`${pods}/${name}`, "strategic", { metadata: { ownerReferences: [reference] } });
  }
  await open.wire.remove(`${controllers}/to-be-deleted`, withPolicy("Foreground"));
  await open.wire.gone(`${controllers}/to-be-deleted`);
  const left = await open.wire.until("only the shared ones stay", pods, (list) => list.items.length === 2);
  assert.deepEqual(left.items.map((each: any) => each.metadata.name).sort(), [...shared].sort());
  assert.ok(left.items.every((each: any) => owners(each).length === 1 && each.metadata.deletionTimestamp === undefined));
});

test("Garbage collector should not be blocked by dependency circle", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const made = [];
  for (const index of [1, 2, 3]) made.push(await open.wire.create(pods, pod(`pod${index}`)));
  for (const [index, each] of made.entries()) {
    const owner = made[(index + 2) % 3];
    const reference = {
      apiVersion: "v1",
      kind: "Pod",
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    };
    await open.wire.patch(`${pods}/${each.metadata.name}`, "strategic", { metadata: { ownerReferences: [reference] } });
  }
  await open.wire.remove(`${pods}/pod1`, withPolicy("Foreground"));
  await open.wire.until("all three go", pods, ({ items }) => items.length === 0);
});

test("Namespaces should apply changes to a namespace status, an update and a patch", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}`;
  const now = await open.wire.get(`${path}/status`);
  assert.equal(now.status.phase, "Active");
  const condition = { type: "StatusPatch", status: "True", reason: "E2E", message: "Patched by an e2e test" };
  const patched = await open.wire.patch(`${path}/status`, "merge", { status: { conditions: [condition] } });
  assert.ok(patched.status.conditions.some((each: any) => each.type === "StatusPatch"));
  patched.status.conditions.push({ ...condition, type: "StatusUpdate" });
  const updated = await open.wire.update(`${path}/status`, patched);
  assert.ok(updated.status.conditions.some((each: any) => each.type === "StatusUpdate"));
  updated.metadata.labels[namespace] = "updated";
  assert.equal((await open.wire.update(path, updated)).metadata.labels[namespace], "updated");
  assert.equal(
    (await open.wire.patch(path, "strategic", { metadata: { labels: { testLabel: "testValue" } } })).metadata.labels.testLabel,
    "testValue",
  );
});

test("Namespaces should apply a finalizer to a Namespace", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}`;
  const now = await open.wire.get(path);
  assert.deepEqual(now.spec.finalizers, ["kubernetes"]);
  now.spec.finalizers = ["kubernetes", "e2e.example.com/fakeFinalizer"];
  const held = await open.wire.update(`${path}/finalize`, now);
  assert.deepEqual(held.spec.finalizers, ["kubernetes", "e2e.example.com/fakeFinalizer"]);
  held.spec.finalizers = ["kubernetes"];
  assert.deepEqual((await open.wire.update(`${path}/finalize`, held)).spec.finalizers, ["kubernetes"]);
});

test("Namespaces should ensure that all pods and services are removed when a namespace is deleted", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}`;
  await open.wire.create(`${path}/pods`, pod("test-pod"));
  await open.wire.create(`${path}/services`, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "test-service" },
    spec: { ports: [{ port: 80 }] },
  });
  await open.wire.until("the Pod runs", `${path}/pods/test-pod`, ({ status }) => status.phase === "Running");
  await open.wire.remove(path);
  await open.wire.gone(path);
  await open.wire.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  for (const plural of ["pods", "services"]) assert.deepEqual((await open.wire.get(`${path}/${plural}`)).items, []);
});

test("OrderedNamespaceDeletion namespace deletion should delete pod first", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}`;
  const held = pod("test-pod");
  await open.wire.create(`${path}/pods`, { ...held, metadata: { ...held.metadata, finalizers: ["e2e.example.com/finalizer"] } });
  await open.wire.create(`${path}/configmaps`, configMap("test-configmap"));
  await open.wire.remove(path);
  await open.wire.until("the Pod is being deleted", `${path}/pods/test-pod`, ({ metadata }) => metadata.deletionTimestamp);
  const waiting = await open.wire.until("the namespace says what it waits for", path, ({ status }) =>
    status.conditions?.some((each: any) => each.type === "NamespaceDeletionContentFailure" || each.type === "NamespaceContentRemaining"),
  );
  assert.equal(waiting.status.phase, "Terminating");
  const kept = await open.wire.get(`${path}/configmaps/test-configmap`);
  assert.equal(kept.metadata.deletionTimestamp, undefined);
  await open.wire.patch(`${path}/pods/test-pod`, "merge", { metadata: { finalizers: null } });
  await open.wire.gone(path);
});

test("Servers should generate a name that nobody has, 512 times over", async () => {
  const namespace = await open.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  const names = new Set<string>();
  await Promise.all(
    Array.from({ length: 512 }, async () => {
      const made = await open.wire.create(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "generated-" } });
      names.add(made.metadata.name);
    }),
  );
  assert.equal(names.size, 512);
});

const flow = { group: "flowcontrol.apiserver.k8s.io", version: "v1" };
const condition = { type: "Dangling", status: "True", reason: "E2E", message: "set", lastTransitionTime: "2026-01-02T03:04:05Z" };
const holdsCondition = ({ status }: any): boolean => status.conditions?.some((each: any) => each.reason === "E2E");

test("API priority and fairness should support FlowSchema API operations", async () => {
  await lifecycle(open.wire, {
    ...flow,
    plural: "flowschemas",
    object: () => ({
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      kind: "FlowSchema",
      spec: {
        matchingPrecedence: 10_000,
        priorityLevelConfiguration: { name: "global-default" },
        distinguisherMethod: { type: "ByUser" },
        rules: [
          {
            subjects: [{ kind: "User", user: { name: "example-e2e-non-existent-user" } }],
            nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
          },
        ],
      },
    }),
    status: { write: { conditions: [condition] }, holds: holdsCondition },
  });
});

test("API priority and fairness should support PriorityLevelConfiguration API operations", async () => {
  await lifecycle(open.wire, {
    ...flow,
    plural: "prioritylevelconfigurations",
    object: () => ({
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      kind: "PriorityLevelConfiguration",
      spec: { type: "Limited", limited: { nominalConcurrencyShares: 2, limitResponse: { type: "Reject" } } },
    }),
    status: { write: { conditions: [condition] }, holds: holdsCondition },
  });
});
