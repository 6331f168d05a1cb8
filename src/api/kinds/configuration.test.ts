import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "./config-map/index.ts";
import { CronJob } from "./cron-job/index.ts";
import { scheduleProblem } from "./cron-job/schedule.ts";
import { Event, EventsV1Event } from "./event/index.ts";
import { HorizontalPodAutoscaler, HorizontalPodAutoscalerV1 } from "./horizontal-pod-autoscaler/index.ts";
import { Job } from "./job/index.ts";
import { Namespace } from "./namespace/index.ts";
import { Node } from "./node/index.ts";
import { PersistentVolumeClaim } from "./persistent-volume-claim/index.ts";
import { PersistentVolume } from "./persistent-volume/index.ts";
import { PodDisruptionBudget } from "./pod-disruption-budget/index.ts";
import { PriorityClass } from "./priority-class/index.ts";
import { RoleBinding } from "./role-binding/index.ts";
import { Secret } from "./secret/index.ts";
import { StorageClass } from "./storage-class/index.ts";

const now = Date.UTC(2026, 0, 1, 1, 0, 0);
const metadata = { name: "x", namespace: "ns", creationTimestamp: "2026-01-01T00:00:00Z" };
const texts = (errors: readonly { field: string; message: string }[] | undefined): string[] =>
  (errors ?? []).map((e) => `${e.field}: ${e.message}`);
const row = (kind: { columns?: readonly any[] }, object: any): unknown[] =>
  kind.columns!.map((column) => column.cell({ metadata, ...object }, { now }));

test("a Secret's plain text is stored encoded and wins", () => {
  const secret: any = { metadata, data: { a: "b2xk", c: "ZA==" }, stringData: { a: "grün", b: "" } };
  Secret.defaults!(secret);
  assert.deepEqual(secret, { metadata, type: "Opaque", data: { a: Buffer.from("grün").toString("base64"), b: "", c: "ZA==" } });
});

test("a Secret of a known type has the keys of that type", () => {
  assert.deepEqual(texts(Secret.validate!({ metadata, type: "kubernetes.io/tls", data: { "tls.crt": "" } } as any)), [
    "data[tls.key]: Required value",
  ]);
  assert.deepEqual(texts(Secret.validateUpdate!({ metadata, type: "a" } as any, { metadata, type: "b" } as any)), [
    'type: Invalid value: "a": field is immutable',
  ]);
});

test("VAL-13: an immutable ConfigMap or Secret keeps its data and stays immutable", () => {
  const detail = "Forbidden: field is immutable when `immutable` is set";
  const old: any = { metadata, immutable: true, data: { a: "1" }, type: "Opaque" };
  assert.deepEqual(texts(ConfigMap.validateUpdate!({ ...old, metadata: { name: "x", labels: {} } }, old)), []);
  assert.deepEqual(texts(ConfigMap.validateUpdate!({ ...old, data: { a: "2" } }, old)), [`data: ${detail}`]);
  assert.deepEqual(texts(ConfigMap.validateUpdate!({ ...old, immutable: false }, old)), [`immutable: ${detail}`]);
  assert.deepEqual(texts(Secret.validateUpdate!({ ...old, data: {}, immutable: undefined }, old)), [
    `immutable: ${detail}`,
    `data: ${detail}`,
  ]);
});

test("a ConfigMap holds at most 1 MiB under valid keys", () => {
  assert.deepEqual(texts(ConfigMap.validate!({ metadata, data: { a: "x".repeat(1024 * 1024) } } as any)), []);
  assert.deepEqual(texts(ConfigMap.validate!({ metadata, data: { a: "é".repeat(600 * 1024) } } as any)), [
    "[]: Too long: may not be more than 1048576 bytes",
  ]);
  assert.match(
    texts(ConfigMap.validate!({ metadata, data: { "a b": "" } } as any))[0] as string,
    /^data\[a b\]: Invalid value: "a b": a valid config key/,
  );
});

test("API-95: a new Namespace is active, labelled with its name, and held by its content", () => {
  const namespace: any = { metadata: { name: "team" } };
  Namespace.defaults!(namespace);
  Namespace.prepareForCreate!(namespace, { now });
  assert.deepEqual(namespace, {
    metadata: { name: "team", labels: { "kubernetes.io/metadata.name": "team" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
});

test("API-110: both forms of an Event are one object", () => {
  const event: any = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata,
    note: "Back-off",
    regarding: { kind: "Pod", name: "p" },
    reportingController: "kubelet",
    reportingInstance: "n1",
    eventTime: "2026-01-01T00:59:00.000000Z",
    deprecatedCount: 2,
    type: "Warning",
    reason: "BackOff",
  };
  const stored: any = EventsV1Event.storage!.toStorage(event);
  assert.deepEqual(
    [stored.apiVersion, stored.message, stored.involvedObject, stored.reportingComponent, stored.count],
    ["v1", "Back-off", { kind: "Pod", name: "p" }, "kubelet", 2],
  );
  assert.deepEqual(EventsV1Event.storage!.fromStorage(stored), event);
  const cells = ["60s", "Warning", "BackOff", "pod/p", "Back-off", "", "kubelet, n1", "60s", 2, "x"];
  assert.deepEqual(row(Event, stored), cells);
  assert.deepEqual(row(EventsV1Event, event), cells);
  assert.equal(Event.fieldSelectors!["involvedObject.name"]!(stored), "p");
  assert.equal(EventsV1Event.fieldSelectors!["regarding.name"]!(event), "p");
});

test("TAB-15: the state and roles of a node", () => {
  const node = (status: string, more: object = {}): unknown[] =>
    row(Node, {
      metadata: { ...metadata, labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "" } },
      status: { conditions: status === "" ? [] : [{ type: "Ready", status }], nodeInfo: { kubeletVersion: "v1.35.0" } },
      ...more,
    }).slice(1, 5);
  assert.deepEqual(node("True"), ["Ready", "control-plane,worker", "60m", "v1.35.0"]);
  assert.equal(node("False")[0], "NotReady");
  assert.equal(node("Unknown", { spec: { unschedulable: true } })[0], "NotReady,SchedulingDisabled");
  assert.equal(node("")[0], "Unknown");
});

test("TAB-13, TAB-14: rows of storage", () => {
  const claim: any = {
    spec: { volumeName: "pv", storageClassName: "local", volumeMode: "Filesystem" },
    status: { phase: "Bound", capacity: { storage: "1024Mi" }, accessModes: ["ReadWriteOnce"] },
  };
  assert.deepEqual(row(PersistentVolumeClaim, claim), ["x", "Bound", "pv", "1Gi", "RWO", "local", "<unset>", "60m", "Filesystem"]);
  assert.deepEqual(row(PersistentVolumeClaim, { spec: {}, status: { phase: "Pending" } }).slice(1, 5), ["Pending", "", "", ""]);
  const volume = {
    spec: {
      capacity: { storage: "5Gi" },
      accessModes: ["ReadWriteMany", "ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Delete",
      claimRef: { namespace: "ns", name: "c" },
      storageClassName: "local",
      volumeMode: "Block",
    },
    status: { phase: "Bound" },
  };
  assert.deepEqual(row(PersistentVolume, volume), [
    "x",
    "5Gi",
    "RWO,RWX",
    "Delete",
    "Bound",
    "ns/c",
    "local",
    "<unset>",
    "",
    "60m",
    "Block",
  ]);
});

test("a claim asks for something, and once bound may only grow", () => {
  const claim = (storage: string, volumeName?: string): any => ({
    metadata,
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...(volumeName && { volumeName }) },
    status: { capacity: { storage: "1Gi" } },
  });
  assert.deepEqual(texts(PersistentVolumeClaim.validate!({ metadata, spec: {} } as any)), [
    "spec.accessModes: Required value: at least 1 access mode is required",
    "spec.resources[storage]: Required value",
  ]);
  assert.deepEqual(texts(PersistentVolumeClaim.validateUpdate!(claim("1Gi", "pv"), claim("1Gi"))), []);
  assert.deepEqual(texts(PersistentVolumeClaim.validateUpdate!(claim("2Gi", "pv"), claim("1Gi", "pv"))), []);
  assert.deepEqual(texts(PersistentVolumeClaim.validateUpdate!(claim("500Mi", "pv"), claim("1Gi", "pv"))), [
    "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
  ]);
  assert.deepEqual(texts(PersistentVolumeClaim.validateUpdate!(claim("2Gi"), claim("1Gi"))), [
    "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
  ]);
});

test("a budget speaks of one bound only", () => {
  const budget: any = { metadata, spec: { minAvailable: 1, maxUnavailable: "150%" } };
  assert.deepEqual(texts(PodDisruptionBudget.validate!(budget)), [
    'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"150%"}: minAvailable and maxUnavailable cannot be both set',
    'spec.maxUnavailable: Invalid value: "150%": must not be greater than 100%',
  ]);
  assert.deepEqual(row(PodDisruptionBudget, { spec: { minAvailable: "50%" }, status: { disruptionsAllowed: 1 } }), [
    "x",
    "50%",
    "N/A",
    1,
    "60m",
  ]);
});

test("a binding keeps its role", () => {
  const binding: any = {
    metadata,
    roleRef: { kind: "Role", name: "a" },
    subjects: [
      { kind: "User", name: "u" },
      { kind: "ServiceAccount", name: "s" },
    ],
  };
  RoleBinding.defaults!(binding);
  assert.deepEqual(binding.subjects[0], { kind: "User", name: "u", apiGroup: "rbac.authorization.k8s.io" });
  assert.deepEqual(texts(RoleBinding.validate!(binding)), []);
  const other = { ...binding, roleRef: { ...binding.roleRef, name: "b" } };
  assert.match(texts(RoleBinding.validateUpdate!(other, binding))[0] as string, /^roleRef: Invalid value: .*: cannot change roleRef$/);
});

test("the value of a PriorityClass never changes", () => {
  assert.deepEqual(texts(PriorityClass.validateUpdate!({ metadata, value: 2 } as any, { metadata, value: 1 } as any)), [
    "value: Forbidden: may not be changed in an update.",
  ]);
  assert.deepEqual(texts(PriorityClass.validate!({ metadata, value: 2e9, preemptionPolicy: "Never" } as any)), [
    "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ]);
});

test("the default StorageClass is marked in its name", () => {
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  const cells = row(StorageClass, {
    metadata: { ...metadata, annotations },
    provisioner: "local",
    reclaimPolicy: "Delete",
    volumeBindingMode: "Immediate",
  });
  assert.deepEqual(cells, ["x (default)", "local", "Delete", "Immediate", false, "60m"]);
});

const job = (spec: any = {}): any => ({
  metadata: { ...metadata, uid: "u1" },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i:1" }] } }, ...spec },
});

test("a Job finds its Pods by its own uid", () => {
  const object = job();
  Job.defaults!(object);
  Job.prepareForCreate!(object, { now });
  const { template, selector, ...rest } = object.spec;
  assert.deepEqual(rest, {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: "NonIndexed",
    suspend: false,
    podReplacementPolicy: "TerminatingOrFailed",
  });
  assert.deepEqual(selector, { matchLabels: { "batch.kubernetes.io/controller-uid": "u1" } });
  assert.equal(template.metadata.labels["batch.kubernetes.io/job-name"], "x");
  assert.deepEqual(texts(Job.validate!(object)), []);
  assert.deepEqual(
    row(Job, {
      ...object,
      metadata,
      status: {
        succeeded: 1,
        startTime: "2026-01-01T00:00:00Z",
        completionTime: "2026-01-01T00:00:09Z",
        conditions: [{ type: "Complete", status: "True" }],
      },
    }).slice(0, 5),
    ["x", "Complete", "1/1", "9s", "60m"],
  );
});

test("a Job's Pods must be able to end", () => {
  const object = job();
  delete object.spec.template.spec.restartPolicy;
  Job.defaults!(object);
  Job.prepareForCreate!(object, { now });
  assert.deepEqual(texts(Job.validate!(object)), ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']);
});

test("schedules are in cron's notation", () => {
  for (const fine of ["* * * * *", "*/5 0-6,22 1 jan-mar MON", "@daily", "@every 1h30m", "0 0 ? * 0"])
    assert.equal(scheduleProblem(fine), undefined, fine);
  for (const bad of ["* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *", "@often", "TZ=UTC * * * * *"]) {
    assert.notEqual(scheduleProblem(bad), undefined, bad);
  }
  const cronJob: any = { metadata, spec: { schedule: "* * * *", timeZone: "Mars/Base", jobTemplate: { spec: job().spec } } };
  CronJob.defaults!(cronJob);
  assert.deepEqual(texts(CronJob.validate!(cronJob)), [
    'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
    'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
  ]);
});

test("both versions of an autoscaler are one object", () => {
  const v1: any = {
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata,
    spec: { maxReplicas: 5, scaleTargetRef: { kind: "Deployment", name: "web" } },
  };
  HorizontalPodAutoscalerV1.defaults!(v1);
  const stored: any = HorizontalPodAutoscalerV1.storage!.toStorage(v1);
  assert.deepEqual(texts(HorizontalPodAutoscaler.validate!(stored)), []);
  assert.deepEqual(row(HorizontalPodAutoscaler, stored), ["x", "Deployment/web", "cpu: <unknown>/80%", "1", 5, 0, "60m"]);
  assert.deepEqual(HorizontalPodAutoscalerV1.storage!.fromStorage(stored), v1);
});
