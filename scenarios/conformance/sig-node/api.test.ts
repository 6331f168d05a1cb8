/** What a node's objects ask of the API server and of the control plane alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 2 });
const core = { group: "", version: "v1" };

test("ConfigMap should run through a ConfigMap lifecycle", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    ...core,
    plural: "configmaps",
    namespace,
    object: () => ({ apiVersion: "v1", kind: "ConfigMap", data: { valueName: "value" } }),
    change: {
      make: (object) => {
        object.data.valueName = "value1";
      },
      holds: ({ data }) => data?.valueName === "value1",
    },
  });
});

test("Secrets should patch a secret", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    ...core,
    plural: "secrets",
    namespace,
    object: () => ({ apiVersion: "v1", kind: "Secret", type: "Opaque", data: { key: "dmFsdWU=" } }),
    change: {
      make: (object) => {
        object.data.key = "dmFsdWUx";
      },
      holds: ({ data }) => data?.key === "dmFsdWUx",
    },
  });
});

for (const [sentence, plural, kind] of [
  ["ConfigMap should fail to create ConfigMap with empty key", "configmaps", "ConfigMap"],
  ["Secrets should fail to create secret due to empty secret key", "secrets", "Secret"],
] as const) {
  test(sentence, async () => {
    const namespace = await open.namespace();
    const object = { apiVersion: "v1", kind, metadata: { name: "empty-key" }, data: { "": "dmFsdWU=" } };
    const { reason } = await open.wire.refused(422, "POST", `/api/v1/namespaces/${namespace}/${plural}`, object);
    assert.equal(reason, "Invalid");
  });
}

test("PodTemplates should run the lifecycle of PodTemplates, replace a pod template and delete a collection of pod templates", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    ...core,
    plural: "podtemplates",
    namespace,
    object: () => ({ apiVersion: "v1", kind: "PodTemplate", template: { spec: { containers: [{ name: "nginx", image: "nginx:1" }] } } }),
  });
});

test("Lease lease API should be available", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    namespace,
    object: () => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      spec: {
        holderIdentity: "holder",
        leaseDurationSeconds: 30,
        acquireTime: "2026-01-02T03:04:05.000006Z",
        renewTime: "2026-01-02T03:04:06.000007Z",
        leaseTransitions: 0,
      },
    }),
    change: {
      make: (lease) => {
        lease.spec = {
          ...lease.spec,
          holderIdentity: "holder2",
          leaseDurationSeconds: 60,
          acquireTime: "2026-01-02T03:05:05.000008Z",
          leaseTransitions: 1,
        };
      },
      holds: ({ spec }) =>
        spec.holderIdentity === "holder2" && spec.acquireTime === "2026-01-02T03:05:05.000008Z" && spec.leaseTransitions === 1,
    },
  });
});

test("Node Lifecycle should run through the lifecycle of a node", async () => {
  await lifecycle(open.wire, {
    ...core,
    plural: "nodes",
    object: (index) => ({
      apiVersion: "v1",
      kind: "Node",
      spec: { unschedulable: true },
      metadata: { name: `e2e-fake-node-${index}` },
    }),
    status: { write: { phase: "Running" }, holds: ({ status }) => status.phase === "Running" },
  });
});

const runtimeClass = (name: string, rest: Record<string, unknown> = {}) => ({
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  metadata: { name },
  handler: "runc",
  ...rest,
});

test("RuntimeClass should support RuntimeClasses API operations", async () => {
  await lifecycle(open.wire, {
    group: "node.k8s.io",
    version: "v1",
    plural: "runtimeclasses",
    object: () => ({ ...runtimeClass(""), metadata: {} }),
  });
});

test("RuntimeClass should reject a Pod requesting a non-existent RuntimeClass", async () => {
  const namespace = await open.namespace();
  const { message } = await open.wire.refused(
    403,
    "POST",
    `/api/v1/namespaces/${namespace}/pods`,
    pod("p", {}, { runtimeClassName: "nonexistent" }),
  );
  assert.match(message, /RuntimeClass "nonexistent" not found/);
});

test("RuntimeClass should reject a Pod requesting a deleted RuntimeClass", async () => {
  const namespace = await open.namespace();
  await open.wire.create("/apis/node.k8s.io/v1/runtimeclasses", runtimeClass("deleted"));
  await open.wire.remove("/apis/node.k8s.io/v1/runtimeclasses/deleted");
  await open.wire.refused(403, "POST", `/api/v1/namespaces/${namespace}/pods`, pod("p", {}, { runtimeClassName: "deleted" }));
});

test("RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.create(
    "/apis/node.k8s.io/v1/runtimeclasses",
    runtimeClass("heavy", { overhead: { podFixed: { cpu: "10m", memory: "1Mi" } } }),
  );
  const made = await open.wire.create(pods, pod("p", {}, { runtimeClassName: "heavy" }));
  assert.deepEqual(made.spec.overhead, { cpu: "10m", memory: "1Mi" });
  await open.wire.until("it is scheduled", `${pods}/p`, ({ spec }) => spec.nodeName);
  const { message } = await open.wire.refused(403, "POST", pods, pod("q", {}, { runtimeClassName: "heavy", overhead: { cpu: "20m" } }));
  assert.match(message, /overhead/i);
});

test("RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.create("/apis/node.k8s.io/v1/runtimeclasses", runtimeClass("light"));
  assert.equal((await open.wire.create(pods, pod("p", {}, { runtimeClassName: "light" }))).spec.overhead, undefined);
  await open.wire.until("it is scheduled", `${pods}/p`, ({ spec }) => spec.nodeName);
});

test("Sysctls should reject invalid sysctls", async () => {
  const namespace = await open.namespace();
  const sysctls = ["foo-", "kernel.shmmax", "safe-and-unsafe", "bar.."].map((name) => ({ name, value: "1000" }));
  const { message } = await open.wire.refused(
    422,
    "POST",
    `/api/v1/namespaces/${namespace}/pods`,
    pod("p", {}, { securityContext: { sysctls } }),
  );
  assert.match(message, /Invalid value: "foo-"/);
  assert.match(message, /Invalid value: "bar\.\."/);
  assert.doesNotMatch(message, /safe-and-unsafe/);
  assert.doesNotMatch(message, /kernel\.shmmax/);
});

test("Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu", async () => {
  const namespace = await open.namespace();
  const amounts = { cpu: "100m", memory: "100Mi" };
  const containers = [{ name: "main", image: "agnhost:2", resources: { requests: amounts, limits: amounts } }];
  const made = await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("qos", {}, { containers }));
  assert.equal(made.status.qosClass, "Guaranteed");
});

test("Pods should be submitted and removed", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const selector = "labelSelector=time%3D1";
  const list = await open.wire.get(`${pods}?${selector}`);
  assert.equal(list.items.length, 0);
  const watch = await open.wire.watch(`${pods}?${selector}&resourceVersion=${list.metadata.resourceVersion}`);
  await open.wire.create(pods, pod("p", { time: "1" }, { terminationGracePeriodSeconds: 30 }));
  await watch.takeOf("ADDED", "p");
  await open.wire.until("it runs", `${pods}/p`, ({ status }) => status.phase === "Running");
  await open.wire.remove(`${pods}/p`, { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 30 });
  const deleted = await watch.takeOf("DELETED", "p");
  assert.ok(deleted.object.metadata.deletionTimestamp);
  assert.equal(deleted.object.metadata.deletionGracePeriodSeconds !== undefined, true);
  await open.wire.gone(`${pods}/p`);
  watch.close();
});

test("Pods should be updated", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}/pods/p`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("p", { time: "1" }));
  const running = await open.wire.until("it runs", path, ({ status }) => status.phase === "Running");
  running.metadata.labels.time = "2";
  await open.wire.update(path, running);
  const list = await open.wire.get(`/api/v1/namespaces/${namespace}/pods?labelSelector=time%3D2`);
  assert.equal(list.items.length, 1);
});

test("Pods should allow activeDeadlineSeconds to be updated", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}/pods/p`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("p"));
  await open.wire.until("it runs", path, ({ status }) => status.phase === "Running");
  const now = await open.wire.get(path);
  now.spec.activeDeadlineSeconds = 2;
  await open.wire.update(path, now);
  const { status } = await open.wire.until("its time is over", path, (each) => each.status.phase === "Failed");
  assert.equal(status.reason, "DeadlineExceeded");
});

test("Pods should delete a collection of pods", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (const name of ["a", "b", "c"]) await open.wire.create(pods, pod(name, { type: "Testing" }));
  await open.wire.remove(`${pods}?labelSelector=type%3DTesting`, { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 });
  await open.wire.until("none is left", `${pods}?labelSelector=type%3DTesting`, ({ items }) => items.length === 0);
});

test("Pods should get a host IP", async () => {
  const namespace = await open.namespace();
  await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("p"));
  const { status } = await open.wire.until("it runs", `/api/v1/namespaces/${namespace}/pods/p`, (each) => each.status.phase === "Running");
  assert.match(status.hostIP, /^\d+\.\d+\.\d+\.\d+$/);
  assert.equal(status.hostIPs[0].ip, status.hostIP);
});

test("Pods should patch a pod status", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}/pods/p`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("p", { e2e: "patched" }));
  await open.wire.until("it runs", path, ({ status }) => status.phase === "Running");
  await open.wire.patch(`${path}/status`, "strategic", {
    metadata: { annotations: { a: "1" } },
    status: { message: "Patched by e2e test", reason: "E2E" },
  });
  const { status } = await open.wire.get(path);
  assert.deepEqual([status.message, status.reason], ["Patched by e2e test", "E2E"]);
});

test("Pods should run through the lifecycle of Pods and PodStatus", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const watch = await open.wire.watch(`${pods}?labelSelector=test-pod-static%3Dtrue`);
  await open.wire.create(pods, pod("p", { "test-pod-static": "true" }, { terminationGracePeriodSeconds: 1 }));
  await watch.takeOf("ADDED", "p");
  await watch.take("running", ({ object }) => object.status?.phase === "Running");
  await open.wire.patch(`${pods}/p`, "strategic", {
    metadata: { labels: { "test-pod": "patched" } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: "agnhost:3" }] },
  });
  await watch.take("patched", ({ object }) => object.metadata.labels["test-pod"] === "patched");
  const now = await open.wire.get(`${pods}/p/status`);
  assert.equal(now.status.phase, "Running");
  await open.wire.until("its status can be replaced", `${pods}/p`, async () => {
    const fresh = await open.wire.get(`${pods}/p/status`);
    const ready = fresh.status.conditions.find((each: any) => each.type === "Ready");
    ready.status = "False";
    return (await open.wire.ask("PUT", `${pods}/p/status`, fresh)).status === 200;
  });
  await watch.take("not ready", ({ object }) =>
    object.status.conditions.some((each: any) => each.type === "Ready" && each.status === "False"),
  );
  await open.wire.remove(`${pods}?labelSelector=test-pod-static%3Dtrue`, {
    apiVersion: "v1",
    kind: "DeleteOptions",
    gracePeriodSeconds: 1,
  });
  await watch.takeOf("DELETED", "p");
  watch.close();
});

test("Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const named = pod("p", {}, { terminationGracePeriodSeconds: 5 });
  const made = await open.wire.create(pods, {
    ...named,
    metadata: { ...named.metadata, generation: 100, finalizers: ["example.com/hold"] },
  });
  assert.equal(made.metadata.generation, 1);
  await open.wire.until("it runs", `${pods}/p`, ({ status }) => status.phase === "Running");
  await open.wire.remove(`${pods}/p`);
  const deleted = await open.wire.get(`${pods}/p`);
  assert.equal(deleted.metadata.generation, 2);
  await open.wire.patch(`${pods}/p`, "merge", { metadata: { finalizers: null } });
  await open.wire.gone(`${pods}/p`);
});

test("Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}/pods/p`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("p"));
  const observed = (generation: number) =>
    open.wire.until(
      `generation ${generation} is observed`,
      path,
      ({ metadata, status }) => metadata.generation === generation && status.observedGeneration === generation,
    );
  await observed(1);
  const { tolerations } = (await open.wire.get(path)).spec;
  const changes: [Record<string, unknown>, number][] = [
    [{ metadata: { labels: { a: "b" } } }, 1],
    [{ spec: { tolerations: [...tolerations, { key: "foo-1", operator: "Exists" }] } }, 2],
    [{ spec: { activeDeadlineSeconds: 1000 } }, 3],
    [{ spec: { containers: [{ name: "main", image: "agnhost:9" }] } }, 4],
    [{ spec: { containers: [{ name: "main", image: "agnhost:9" }] } }, 4],
  ];
  for (const [change, generation] of changes) {
    assert.equal((await open.wire.patch(path, "strategic", change)).metadata.generation, generation);
    await observed(generation);
  }
});

test("Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge", async () => {
  const namespace = await open.namespace();
  const path = `/api/v1/namespaces/${namespace}/pods/p`;
  await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod("p"));
  for (let index = 0; index < 499; index++) {
    await open.wire.patch(path, "merge", { spec: { activeDeadlineSeconds: 10_000 - index } });
  }
  await open.wire.until(
    "both come to 500",
    path,
    ({ metadata, status }) => metadata.generation === 500 && status.observedGeneration === 500,
  );
});

const taint = { key: "kubernetes.io/e2e-evict-taint-key", value: "evictTaintVal", effect: "NoExecute" };
const tolerating = (seconds: number) => [{ ...taint, operator: "Equal", tolerationSeconds: seconds }];
const taintNode = (node: string, taints: unknown[]) => open.wire.patch(`/api/v1/nodes/${node}`, "merge", { spec: { taints } });

test("NoExecuteTaintManager Multiple Pods evicts pods with minTolerationSeconds", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (const [name, seconds] of [
    ["soon", 1],
    ["later", 3],
  ] as const) {
    await open.wire.create(pods, pod(name, {}, { nodeName: "node-1", tolerations: tolerating(seconds) }));
    await open.wire.until("it runs", `${pods}/${name}`, ({ status }) => status.phase === "Running");
  }
  await taintNode("node-1", [taint]);
  try {
    await open.wire.gone(`${pods}/soon`);
    assert.equal((await open.wire.ask("GET", `${pods}/later`)).status, 200, "the patient Pod outlives the other");
    await open.wire.gone(`${pods}/later`);
  } finally {
    await taintNode("node-1", []);
  }
});

test("NoExecuteTaintManager Single Pod removing taint cancels eviction", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.create(pods, pod("p", {}, { nodeName: "node-2", tolerations: tolerating(2) }));
  await open.wire.create(pods, pod("witness", {}, { nodeName: "node-2", tolerations: tolerating(1) }));
  await open.wire.until("both run", pods, ({ items }) => items.every(({ status }: any) => status.phase === "Running"));
  await taintNode("node-2", [taint]);
  await open.wire.gone(`${pods}/witness`);
  await taintNode("node-2", []);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await open.wire.get(`${pods}/p`)).metadata.deletionTimestamp, undefined);
});
