// Every promise is broken on purpose, and the checker that is meant to notice does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import { keyOf } from "../../api/meta/object.ts";
import type { KindRef } from "../../api/kind.ts";
import { drawSpec } from "../draw-spec.ts";
import { meddles, misreads, type Plant, withSpec, writes } from "../planted.suite.ts";
import { type Commit, History } from "../history.ts";
import { runSpec } from "../run-spec.node.ts";
import { workloads } from "../workloads/all.ts";
import { ownership } from "./ownership.ts";

/** So many seeds may pass before the fault shows. */
const seedsMax = 60;
const kindOf = (kind: unknown): KindRef => kind as KindRef;
const deployment = kindOf(Deployment);
const statefulSet = kindOf(StatefulSet);
const daemonSet = kindOf(DaemonSet);

const rolling = (rollingUpdate: object) => (spec: any) => ({ ...spec, strategy: { type: "RollingUpdate", rollingUpdate } });
const updating = (rollingUpdate: object) => (spec: any) => ({ ...spec, updateStrategy: { type: "RollingUpdate", rollingUpdate } });
const isRollingSpec = (spec: any): boolean => spec?.strategy?.type !== "Recreate";

const plants: readonly (readonly [fault: string, workload: string, promise: string, plant: Plant])[] = [
  [
    "a Deployment's controller surges by all",
    "deployment",
    "never more Pods than replicas and surge",
    misreads("deployment-controller", deployment, rolling({ maxSurge: "100%", maxUnavailable: 0 })),
  ],
  [
    "a Deployment's controller takes all old Pods at once",
    "deployment",
    "never fewer available Pods than allowed",
    misreads("deployment-controller", deployment, (spec) =>
      isRollingSpec(spec) ? rolling({ maxSurge: 0, maxUnavailable: "100%" })(spec) : spec,
    ),
  ],
  [
    "a Deployment's controller rolls where it should recreate",
    "deployment",
    "Recreate: no new Pod beside an old one",
    misreads("deployment-controller", deployment, (spec) =>
      isRollingSpec(spec) ? spec : rolling({ maxSurge: 0, maxUnavailable: 1 })(spec),
    ),
  ],
  [
    "a Deployment's controller keeps its whole history",
    "deployment",
    "a rollout completes",
    misreads("deployment-controller", deployment, (spec) => ({ ...spec, revisionHistoryLimit: 10 })),
  ],
  [
    "a Deployment's controller knows of no deadline",
    "deployment",
    "a rollout that can't go on says so and harms nothing",
    misreads("deployment-controller", deployment, (spec) => ({ ...spec, progressDeadlineSeconds: 100_000 })),
  ],
  [
    "a ReplicaSet's controller makes one Pod too many",
    "replicaset",
    "a ReplicaSet has what it asks for",
    misreads("replicaset-controller", kindOf(ReplicaSet), (spec) => ({ ...spec, replicas: (spec.replicas ?? 1) + 1 })),
  ],
  [
    "a ReplicaSet's controller takes one Pod too many",
    "replicaset",
    "a ReplicaSet has what it asks for",
    misreads("replicaset-controller", kindOf(ReplicaSet), (spec) => ({ ...spec, replicas: Math.max(0, (spec.replicas ?? 1) - 1) })),
  ],
  [
    "a ReplicaSet's controller never counts a Pod as available",
    "replicaset",
    "a ReplicaSet has what it asks for",
    misreads("replicaset-controller", kindOf(ReplicaSet), (spec) => ({ ...spec, minReadySeconds: 1_000_000 })),
  ],
  [
    "a StatefulSet's controller does not wait for the Pod before",
    "statefulset",
    "a StatefulSet keeps its order",
    misreads("statefulset-controller", statefulSet, (spec) => ({ ...spec, podManagementPolicy: "Parallel" })),
  ],
  [
    "a StatefulSet's controller overlooks the partition",
    "statefulset",
    "a StatefulSet keeps its order",
    misreads("statefulset-controller", statefulSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? spec : updating({ ...spec.updateStrategy.rollingUpdate, partition: 0 })(spec),
    ),
  ],
  [
    "a StatefulSet's controller updates although told not to",
    "statefulset",
    "a StatefulSet keeps its order",
    misreads("statefulset-controller", statefulSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? updating({ partition: 0 })(spec) : spec,
    ),
  ],
  [
    "a StatefulSet's controller takes all Pods of an update at once",
    "statefulset",
    "a StatefulSet keeps its order",
    misreads("statefulset-controller", statefulSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? spec : updating({ ...spec.updateStrategy.rollingUpdate, maxUnavailable: "100%" })(spec),
    ),
  ],
  [
    "a StatefulSet's controller stops before the end of an update",
    "statefulset",
    "an ordered rollout completes",
    misreads("statefulset-controller", statefulSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? spec : updating({ ...spec.updateStrategy.rollingUpdate, partition: 1 })(spec),
    ),
  ],
  [
    "claims go with their Pods whatever the policy says",
    "statefulset",
    "claims are kept",
    misreads("statefulset-controller", statefulSet, (spec) => ({
      ...spec,
      persistentVolumeClaimRetentionPolicy: { whenScaled: "Delete", whenDeleted: "Delete" },
    })),
  ],
  [
    "somebody removes claims",
    "statefulset",
    "claims are kept",
    meddles(PersistentVolumeClaim, 30_000, (claim, client) => client.delete(PersistentVolumeClaim, keyOf(claim))),
  ],
  [
    "a StatefulSet's Pods are called otherwise",
    "statefulset",
    "a StatefulSet's Pods are themselves",
    writes("statefulset-controller", (client) => ({
      create: (kind, object, options) =>
        client.create(kind, (object.kind === "Pod" ? withSpec(object as any, { hostname: "somebody" }) : object) as any, options),
    })),
  ],
  [
    "a DaemonSet's controller takes all Pods of an update at once",
    "daemonset",
    "a DaemonSet keeps its nodes served",
    misreads("daemonset-controller", daemonSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? spec : updating({ maxSurge: 0, maxUnavailable: "100%" })(spec),
    ),
  ],
  [
    "a DaemonSet's controller puts two Pods beside each other",
    "daemonset",
    "a DaemonSet keeps its nodes served",
    misreads("daemonset-controller", daemonSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? spec : updating({ maxSurge: "100%", maxUnavailable: 0 })(spec),
    ),
  ],
  [
    "a DaemonSet's controller updates although told not to",
    "daemonset",
    "a DaemonSet keeps its nodes served",
    misreads("daemonset-controller", daemonSet, (spec) =>
      spec.updateStrategy.type === "OnDelete" ? updating({ maxSurge: 0, maxUnavailable: 1 })(spec) : spec,
    ),
  ],
  [
    "a DaemonSet's controller overlooks on which nodes it may be",
    "daemonset",
    "a DaemonSet keeps its nodes served",
    misreads("daemonset-controller", daemonSet, ({ template, ...spec }) => {
      const { nodeSelector: _, ...pod } = template.spec;
      return { ...spec, template: { ...template, spec: pod } };
    }),
  ],
  [
    "a DaemonSet's controller never updates",
    "daemonset",
    "a rollout over nodes completes",
    misreads("daemonset-controller", daemonSet, (spec) => ({ ...spec, updateStrategy: { type: "OnDelete" } })),
  ],
  [
    "two controllers disagree",
    "replicaset",
    "no controller fights another",
    meddles(Pod, 10, (pod, client) => {
      const { tug, ...annotations } = pod.metadata.annotations ?? {};
      const changed = tug === undefined ? { ...annotations, tug: "war" } : annotations;
      return client.update(Pod, { ...pod, metadata: { ...pod.metadata, annotations: changed } });
    }),
  ],
  [
    "a controller writes although nothing happens",
    "deployment",
    "quiescence",
    meddles(Deployment, 300_000, (object, client) =>
      client.patch(Deployment, keyOf(object), "merge", {
        metadata: { labels: { tick: String((Number(object.metadata.labels?.tick) || 0) + 1) } },
      }),
    ),
  ],
];

for (const [fault, workload, promise, plant] of plants) {
  test(`${fault}: "${promise}" is found broken`, async () => {
    const kind = workloads.find(({ name }) => name === workload);
    const others = new Set<string>();
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { broken } = await runSpec(drawSpec(seed, kind), { actors: plant });
      if (broken?.startsWith(`${promise}:`)) return;
      if (broken) others.add(broken.split(":")[0] as string);
    }
    assert.fail(`no seed of ${seedsMax} shows it; broken were: ${[...others].join("; ")}`);
  });
}

test("a Pod with two controllers is found, and one whose owner is gone", () => {
  const history = new History();
  const scene = { history, nowMs: () => 0, stalenessMs: 0, chainMs: 0, lagMs: 0, unanswered: () => 0 };
  const checker = ownership(scene);
  const owner = (name: string) => ({ apiVersion: "apps/v1", kind: "ReplicaSet", name, uid: `uid-${name}`, controller: true });
  const commit = (...owners: string[]): Commit => ({
    atMs: 0,
    actor: "somebody",
    byController: true,
    kind: "Pod",
    before: undefined,
    after: { apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", uid: "uid-1", ownerReferences: owners.map(owner) } },
  });
  assert.equal(checker.commit?.(commit("a")), undefined);
  assert.equal(checker.commit?.(commit("a", "b")), "Pod web-1 has 2 controllers");
  history.add(commit("a"));
  assert.equal(checker.unsettled?.(), "Pod web-1 is owned by ReplicaSet a, which is gone");
});
