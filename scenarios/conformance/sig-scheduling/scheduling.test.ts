/** Where Pods go, who gives way, and what a namespace gives and allows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage, template } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const capacity = { cpu: "2", memory: "4Gi", pods: "110", "ephemeral-storage": "500Gi", "example.com/fakecpu": "1000" };
const open = stage({ nodes: 2, node: { capacity, allocatable: capacity } });
const isScheduled = ({ spec }: any) => spec.nodeName;
const isUnschedulable = ({ status }: any) =>
  status.conditions?.some((each: any) => each.type === "PodScheduled" && each.status === "False" && each.reason === "Unschedulable");
const asking = (requests: Record<string, string>, limits = requests) => ({
  containers: [{ name: "main", image: "agnhost:2", resources: { requests, limits } }],
});
const fake = (amount: string) => asking({ "example.com/fakecpu": amount });
const amounts = (cpu: string, memory: string, storage: string) => ({ cpu, memory, "ephemeral-storage": storage });
const priorityClass = (name: string, value: number) => ({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name },
  value,
});
const classes = "/apis/scheduling.k8s.io/v1/priorityclasses";

test("LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied.", async () => {
  const namespace = await open.namespace();
  const ranges = `/api/v1/namespaces/${namespace}/limitranges`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const [min, max] = [amounts("50m", "100Mi", "100Gi"), amounts("500m", "500Mi", "500Gi")];
  const [defaultLimit, defaultRequest] = [amounts("500m", "500Mi", "500Gi"), amounts("100m", "200Mi", "200Gi")];
  const watch = await open.wire.watch(ranges);
  await open.wire.create(ranges, {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "limit-range" },
    spec: { limits: [{ type: "Container", min, max, default: defaultLimit, defaultRequest }] },
  });
  await watch.takeOf("ADDED", "limit-range");
  watch.close();
  const made = await open.wire.create(pods, pod("pod-no-resources"));
  assert.deepEqual(made.spec.containers[0].resources, { requests: defaultRequest, limits: defaultLimit });
  assert.match(
    made.metadata.annotations["kubernetes.io/limit-ranger"],
    /^LimitRanger plugin set: cpu, ephemeral-storage, memory request for container main; /,
  );
  const partial = {
    containers: [{ name: "main", image: "agnhost:2", resources: { requests: amounts("", "150Mi", "150Gi"), limits: { cpu: "300m" } } }],
  };
  delete (partial.containers[0]!.resources.requests as any).cpu;
  const filled = await open.wire.create(pods, pod("pod-partial-resources", {}, partial));
  assert.deepEqual(filled.spec.containers[0].resources, {
    requests: amounts("300m", "150Mi", "150Gi"),
    limits: amounts("300m", "500Mi", "500Gi"),
  });
  const low = await open.wire.refused(403, "POST", pods, pod("too-little", {}, asking(amounts("10m", "50Mi", "50Gi"))));
  assert.match(low.message, /minimum cpu usage per Container is 50m, but request is 10m/);
  const high = await open.wire.refused(403, "POST", pods, pod("too-much", {}, asking(amounts("600m", "600Mi", "600Gi"))));
  assert.match(high.message, /maximum cpu usage per Container is 500m, but limit is 600m/);
  const range = await open.wire.get(`${ranges}/limit-range`);
  range.spec.limits[0].min = amounts("9m", "49Mi", "49Gi");
  await open.wire.update(`${ranges}/limit-range`, range);
  await open.wire.create(pods, pod("less", {}, asking(amounts("10m", "50Mi", "50Gi"))));
  await open.wire.remove(`${ranges}/limit-range`);
  await open.wire.gone(`${ranges}/limit-range`);
  await open.wire.create(pods, pod("too-much", {}, asking(amounts("600m", "600Mi", "600Gi"))));
});

test("LimitRange should list, patch and delete a LimitRange by collection", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "limitranges",
    namespace,
    object: () => ({
      apiVersion: "v1",
      kind: "LimitRange",
      spec: { limits: [{ type: "Container", max: { cpu: "500m" }, min: { cpu: "50m" } }] },
    }),
    change: {
      make: (range) => {
        range.spec.limits[0].min.cpu = "40m";
      },
      holds: ({ spec }) => spec.limits[0].min.cpu === "40m",
    },
  });
});

test("ResourceQuota should manage the lifecycle of a ResourceQuota", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "resourcequotas",
    namespace,
    object: () => ({ apiVersion: "v1", kind: "ResourceQuota", spec: { hard: { cpu: "1", memory: "500Mi" } } }),
    change: {
      make: (quota) => {
        quota.spec.hard.memory = "750Mi";
      },
      holds: ({ spec }) => spec.hard.memory === "750Mi",
    },
    status: { write: { hard: { cpu: "1" } }, holds: ({ status }) => status.hard.cpu === "1" },
  });
});

test("SchedulerPredicates validates resource limits of pods that are allowed to run", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (const name of ["filler-1", "filler-2"]) {
    await open.wire.create(pods, pod(name, {}, fake("700")));
    await open.wire.until("it is scheduled", `${pods}/${name}`, isScheduled);
  }
  await open.wire.create(pods, pod("additional", {}, fake("700")));
  await open.wire.until("there is no room", `${pods}/additional`, isUnschedulable);
  await open.wire.remove(pods);
});

test("SchedulerPredicates validates that NodeSelector is respected if matching and if not matching", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await open.wire.patch("/api/v1/nodes/node-2", "merge", { metadata: { labels: { "kubernetes.io/e2e": "42" } } });
  await open.wire.create(pods, pod("with-labels", {}, { nodeSelector: { "kubernetes.io/e2e": "42" } }));
  assert.equal((await open.wire.until("it is scheduled", `${pods}/with-labels`, isScheduled)).spec.nodeName, "node-2");
  await open.wire.create(pods, pod("restricted", {}, { nodeSelector: { label: "nonempty" } }));
  await open.wire.until("no node fits", `${pods}/restricted`, isUnschedulable);
  await open.wire.patch("/api/v1/nodes/node-2", "merge", { metadata: { labels: { "kubernetes.io/e2e": null } } });
});

test("SchedulerPredicates validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const listening = (hostIP: string) => ({
    nodeSelector: { "kubernetes.io/hostname": "node-1" },
    containers: [{ name: "main", image: "agnhost:2", ports: [{ hostPort: 54322, containerPort: 8080, protocol: "TCP", hostIP }] }],
  });
  await open.wire.create(pods, pod("pod4", {}, listening("")));
  await open.wire.until("it is scheduled", `${pods}/pod4`, isScheduled);
  await open.wire.create(pods, pod("pod5", {}, listening("127.0.0.1")));
  await open.wire.until("its port is taken", `${pods}/pod5`, isUnschedulable);
  await open.wire.remove(pods);
});

test("SchedulerPreemption validates basic preemption works and that the DisruptionTarget condition is added to the preempted pod", async () => {
  const namespace = await open.namespace();
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  for (const [name, value] of [
    ["sched-low", 1],
    ["sched-medium", 100],
    ["sched-high", 1000],
  ] as const)
    await open.wire.create(classes, priorityClass(name, value));
  for (const [index, priorityClassName] of ["sched-low", "sched-medium"].entries()) {
    const placed = { ...fake("700"), priorityClassName, nodeSelector: { "kubernetes.io/hostname": `node-${index + 1}` } };
    const made = pod(`pod-${index}`, {}, placed);
    // The finalizer keeps the victim in sight.
    await open.wire.create(pods, { ...made, metadata: { ...made.metadata, finalizers: index === 0 ? ["example.com/test"] : [] } });
    await open.wire.until("it runs", `${pods}/pod-${index}`, ({ status }) => status.phase === "Running");
  }
  await open.wire.create(pods, pod("preemptor", {}, { ...fake("700"), priorityClassName: "sched-high" }));
  const victim = await open.wire.until("the lowest gives way", `${pods}/pod-0`, ({ metadata }) => metadata.deletionTimestamp);
  const target = victim.status.conditions.find((each: any) => each.type === "DisruptionTarget");
  assert.deepEqual([target?.status, target?.reason], ["True", "PreemptionByScheduler"]);
  await open.wire.patch(`${pods}/pod-0`, "merge", { metadata: { finalizers: null } });
  await open.wire.until("the preemptor runs", `${pods}/preemptor`, ({ status }) => status.phase === "Running");
  assert.equal((await open.wire.get(`${pods}/pod-1`)).metadata.deletionTimestamp, undefined, "the medium one stays");
  await open.wire.remove(pods);
  await open.wire.until("all are gone", pods, ({ items }) => items.length === 0);
});

test("SchedulerPreemption validates lower priority pod preemption by critical pod", async () => {
  const namespace = await open.namespace();
  for (const index of [1, 2]) {
    const placed = {
      ...fake("700"),
      nodeSelector: { "kubernetes.io/hostname": `node-${index}` },
      priorityClassName: index === 1 ? "sched-low" : "sched-medium",
    };
    await open.wire.create(`/api/v1/namespaces/${namespace}/pods`, pod(`pod-${index}`, {}, placed));
    await open.wire.until("it runs", `/api/v1/namespaces/${namespace}/pods/pod-${index}`, ({ status }) => status.phase === "Running");
  }
  await open.wire.create(
    "/api/v1/namespaces/kube-system/pods",
    pod("critical-pod", {}, { ...fake("700"), priorityClassName: "system-cluster-critical" }),
  );
  await open.wire.until(
    "the critical Pod runs",
    "/api/v1/namespaces/kube-system/pods/critical-pod",
    ({ status }) => status.phase === "Running",
  );
  await open.wire.gone(`/api/v1/namespaces/${namespace}/pods/pod-1`);
  await open.wire.remove("/api/v1/namespaces/kube-system/pods/critical-pod");
  await open.wire.remove(`/api/v1/namespaces/${namespace}/pods`);
});

test("SchedulerPreemption PreemptionExecutionPath runs ReplicaSets to verify preemption running path", async () => {
  const namespace = await open.namespace();
  const sets = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
  const place = { nodeSelector: { "kubernetes.io/hostname": "node-1" } };
  for (const [index, value] of [1, 2, 3, 4].entries()) await open.wire.create(classes, priorityClass(`p${index + 1}`, value));
  const set = (name: string, replicas: number, requests: string, priorityClassName: string) => {
    const base = template({ name });
    return {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: { name } },
        template: { ...base, spec: { ...base.spec, ...fake(requests), ...place, priorityClassName } },
      },
    };
  };
  for (const [name, replicas, requests, priority] of [
    ["rs-pod1", 1, "200", "p1"],
    ["rs-pod2", 1, "300", "p2"],
    ["rs-pod3", 1, "450", "p3"],
  ] as const) {
    await open.wire.create(sets, set(name, replicas, requests, priority));
    await open.wire.until(`${name} is there`, `${sets}/${name}`, ({ status }) => status.readyReplicas === replicas);
  }
  await open.wire.create(sets, set("rs-pod4", 1, "500", "p4"));
  await open.wire.until("the highest runs", `${sets}/rs-pod4`, ({ status }) => status.readyReplicas === 1);
  assert.equal((await open.wire.get(`${sets}/rs-pod3`)).status.readyReplicas, 1, "the second highest still runs");
  for (const name of ["rs-pod1", "rs-pod2"])
    await open.wire.until(`${name} has given way`, `${sets}/${name}`, ({ status }) => !status.readyReplicas);
  await open.wire.remove(sets);
});

test("SchedulerPreemption PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods", async () => {
  await open.wire.create(classes, priorityClass("fixed", 7));
  const now = await open.wire.get(`${classes}/fixed`);
  const { message } = await open.wire.refused(422, "PUT", `${classes}/fixed`, { ...now, value: now.value * 10 });
  assert.match(message, /value/);
  const described = await open.wire.patch(`${classes}/fixed`, "json", [{ op: "add", path: "/description", value: "updated" }]);
  assert.equal(described.description, "updated");
  await open.wire.update(`${classes}/fixed`, { ...described, description: "again" });
  const all = await open.wire.get(classes);
  assert.ok(all.items.some((each: any) => each.metadata.name === "fixed" && each.description === "again"));
  await open.wire.remove(`${classes}/fixed`);
});
