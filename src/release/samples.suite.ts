/** Workloads made up for tests of the release features: a Deployment or StatefulSet mid-way, with Pods in whatever state. */
import type { KubeObject } from "../api/meta/object.ts";
import type { ContainerStatus, Deployment, Event, Pod, PodSpec, ReplicaSet, StatefulSet } from "../api/types.ts";
import { formatTime } from "../base/time.ts";
import { deploymentKind } from "./kinds/deployment.ts";
import { statefulSetKind } from "./kinds/stateful-set.ts";
import { snapshotOf } from "./snapshot.ts";
import type { WorkloadSnapshot } from "./workload.ts";

/** 2026-11-22T10:00:00Z, the present of all samples. */
export const sampleNowMs = 1_795_341_600_000;
const at = (secondsAgo: number): string => formatTime(sampleNowMs - secondsAgo * 1000);

export interface SamplePod {
  readonly name: string;
  /** "new" or "old". */
  readonly of?: "new" | "old";
  readonly ageSeconds?: number;
  readonly ready?: boolean;
  readonly readySeconds?: number;
  readonly phase?: string;
  readonly node?: string | null;
  readonly status?: Partial<ContainerStatus>;
  readonly init?: Partial<ContainerStatus>;
  readonly spec?: Partial<PodSpec>;
  readonly container?: Record<string, unknown>;
  readonly terminatingSeconds?: number;
  readonly finalizers?: string[];
  readonly conditions?: readonly Record<string, unknown>[];
  readonly podStatus?: Record<string, unknown>;
}

export interface SampleOptions {
  readonly replicas?: number;
  readonly spec?: Record<string, unknown>;
  readonly status?: Record<string, unknown>;
  readonly pods?: readonly SamplePod[];
  /** The ReplicaSet of the present template reports this. */
  readonly newSetStatus?: Record<string, unknown>;
  readonly withoutOld?: boolean;
}

const template = (version: string) => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "app", image: `shop/web:${version}` }] },
});

const owned = (owner: KubeObject) => [
  {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name as string,
    uid: owner.metadata.uid as string,
    controller: true,
  },
];

function replicaSet(deployment: Deployment, hash: string, revision: number, version: string, status?: Record<string, unknown>): ReplicaSet {
  const base = template(version);
  const labels = { app: "web", "pod-template-hash": hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `web-${hash}`,
      namespace: "shop",
      uid: `rs-${hash}`,
      labels,
      creationTimestamp: at(600 - revision * 60),
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: owned(deployment),
    },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { ...base, metadata: { labels } } },
    status: { replicas: 0, ...status },
  };
}

function pod(sample: SamplePod, labels: Record<string, string>, owner: KubeObject, version: string): Pod {
  const age = sample.ageSeconds ?? 60;
  const state = sample.status?.state ?? { running: { startedAt: at(age - 1) } };
  const ready = sample.ready ?? false;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: sample.name,
      namespace: "shop",
      uid: `uid-${sample.name}`,
      labels,
      creationTimestamp: at(age),
      ownerReferences: owned(owner),
      ...(sample.finalizers && { finalizers: sample.finalizers }),
      ...(sample.terminatingSeconds !== undefined && { deletionTimestamp: at(-sample.terminatingSeconds), deletionGracePeriodSeconds: 30 }),
    },
    spec: {
      ...(sample.node !== null && { nodeName: sample.node ?? "node-1" }),
      containers: [{ name: "app", image: `shop/web:${version}`, ...sample.container }],
      ...sample.spec,
    },
    status: {
      phase: sample.phase ?? "Running",
      conditions: [
        { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: at(sample.readySeconds ?? age - 2) },
        ...((sample.conditions ?? []) as { type: string; status: string }[]),
      ],
      ...(sample.init && {
        initContainerStatuses: [{ name: "setup", image: "i", imageID: "", ready: false, restartCount: 0, ...sample.init }],
      }),
      containerStatuses:
        sample.node === null
          ? []
          : [{ name: "app", image: "i", imageID: "", ready, started: ready, restartCount: 0, ...sample.status, state }],
      ...sample.podStatus,
    },
  };
}

/** Deployment `web` in namespace `shop`: revision 1 runs shop/web:v1, revision 2 is to run shop/web:v2. */
export function sampleDeployment(options: SampleOptions = {}): WorkloadSnapshot {
  const replicas = options.replicas ?? 2;
  const object: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "d-1",
      generation: 2,
      annotations: { "deployment.kubernetes.io/revision": "2" },
    },
    spec: { replicas, progressDeadlineSeconds: 600, selector: { matchLabels: { app: "web" } }, template: template("v2"), ...options.spec },
    status: {
      observedGeneration: 2,
      replicas,
      conditions: [{ type: "Progressing", status: "True", reason: "ReplicaSetUpdated", lastUpdateTime: at(60) }],
      ...options.status,
    },
  };
  const newSet = replicaSet(object, "new", 2, "v2", options.newSetStatus);
  const oldSet = replicaSet(object, "old", 1, "v1");
  const pods = (options.pods ?? []).map((sample) =>
    sample.of === "old"
      ? pod(sample, { app: "web", "pod-template-hash": "old" }, oldSet, "v1")
      : pod(sample, { app: "web", "pod-template-hash": "new" }, newSet, "v2"),
  );
  return snapshotOf(deploymentKind, { object, revisions: options.withoutOld ? [newSet] : [newSet, oldSet], pods }, sampleNowMs);
}

/** StatefulSet `db` in namespace `shop`, revision 2 on its way. */
export function sampleStatefulSet(options: SampleOptions = {}): WorkloadSnapshot {
  const replicas = options.replicas ?? 2;
  const object: StatefulSet = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db", namespace: "shop", uid: "s-1", generation: 2 },
    spec: {
      replicas,
      serviceName: "db",
      selector: { matchLabels: { app: "web" } },
      template: template("v2"),
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      ...options.spec,
    },
    status: { observedGeneration: 2, replicas, ...options.status },
  };
  const revision = (name: string, number: number, version: string): KubeObject =>
    ({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: { name, namespace: "shop", uid: name, creationTimestamp: at(600 - number * 60), ownerReferences: owned(object) },
      revision: number,
      data: { spec: { template: { ...template(version), $patch: "replace" } } },
    }) as KubeObject;
  const pods = (options.pods ?? []).map((sample) =>
    pod(
      sample,
      { app: "web", "controller-revision-hash": sample.of === "old" ? "db-old" : "db-new" },
      object,
      sample.of === "old" ? "v1" : "v2",
    ),
  );
  return snapshotOf(statefulSetKind, { object, revisions: [revision("db-new", 2, "v2"), revision("db-old", 1, "v1")], pods }, sampleNowMs);
}

/** An event about an object of this uid. */
export const sampleEvent = (
  uid: string,
  reason: string,
  message: string,
  { secondsAgo = 5, container }: { readonly secondsAgo?: number; readonly container?: string } = {},
): Event => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: `${uid}.${reason}`, namespace: "shop" },
  involvedObject: { uid, ...(container && { fieldPath: `spec.containers{${container}}` }) },
  reason,
  message,
  lastTimestamp: at(secondsAgo),
});
