import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindDefinition } from "../kind.ts";
import { ControllerRevision } from "./controller-revision/index.ts";
import { DaemonSet } from "./daemon-set/index.ts";
import { Deployment } from "./deployment/index.ts";
import { ReplicaSet } from "./replica-set/index.ts";
import { StatefulSet } from "./stateful-set/index.ts";

const now = Date.UTC(2026, 0, 1, 1, 0, 0);

/** A workload of the kind, its spec changed as told, with defaults. */
function make(kind: KindDefinition<any>, change: (spec: any) => void = () => {}): any {
  const spec: any = {
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx:1" }] } },
  };
  change(spec);
  const object = { apiVersion: "apps/v1", kind: kind.kind, metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z" }, spec };
  kind.defaults?.(object);
  return object;
}
const texts = (errors: readonly { field: string; message: string }[]): string[] => errors.map((e) => `${e.field}: ${e.message}`);
const problems = (kind: KindDefinition<any>, change: (spec: any) => void): string[] => texts(kind.validate!(make(kind, change)));
const changes = (kind: KindDefinition<any>, change: (spec: any) => void): string[] =>
  texts(kind.validateUpdate!(make(kind, change), make(kind)));
const cells = (kind: KindDefinition<any>, object: any): unknown[] => kind.columns!.map((column) => column.cell(object, { now }));
const without = ({ template: _, selector: __, ...rest }: any): any => rest;

test("DEP-40: a Deployment's defaults", () => {
  assert.deepEqual(without(make(Deployment, (s) => (s.paused = false)).spec), {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
  });
  assert.deepEqual(make(Deployment, (s) => (s.strategy = { type: "Recreate" })).spec.strategy, { type: "Recreate" });
});

test("a ReplicaSet takes its labels from its template when it has none", () => {
  const replicaSet = make(ReplicaSet);
  assert.deepEqual(replicaSet.metadata.labels, { app: "web" });
  assert.deepEqual(without(replicaSet.spec), { replicas: 1 });
});

test("a StatefulSet's defaults, its claims included", () => {
  const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } } };
  assert.deepEqual(without(make(StatefulSet, (s) => (s.volumeClaimTemplates = [claim])).spec), {
    podManagementPolicy: "OrderedReady",
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    replicas: 1,
    revisionHistoryLimit: 10,
    volumeClaimTemplates: [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeMode: "Filesystem" },
        status: { phase: "Pending" },
      },
    ],
  });
});

test("DS-6: a DaemonSet's defaults", () => {
  assert.deepEqual(without(make(DaemonSet).spec), {
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
  });
});

const templateLabels = 'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`';
const rows: [string, KindDefinition<any>, (spec: any) => void, string[]][] = [
  ["VAL-1: a selector matches its template", Deployment, (s) => (s.template.metadata.labels = { app: "other" }), [templateLabels]],
  ["VAL-1: of a ReplicaSet", ReplicaSet, (s) => (s.template.metadata.labels = { app: "other" }), [templateLabels]],
  ["VAL-1: of a StatefulSet", StatefulSet, (s) => (s.template.metadata.labels = { app: "other" }), [templateLabels]],
  ["VAL-1: of a DaemonSet", DaemonSet, (s) => (s.template.metadata.labels = { app: "other" }), [templateLabels]],
  ["VAL-3: there is a selector", Deployment, (s) => delete s.selector, ["spec.selector: Required value"]],
  [
    "VAL-3: a Deployment's selector is not empty",
    Deployment,
    (s) => (s.selector = {}),
    ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ],
  [
    "VAL-3: nor a StatefulSet's",
    StatefulSet,
    (s) => (s.selector = {}),
    ["spec.selector: Invalid value: {}: empty selector is invalid for statefulset"],
  ],
  [
    "VAL-3: nor a DaemonSet's",
    DaemonSet,
    (s) => (s.selector = {}),
    ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"],
  ],
  [
    "VAL-4: Pods of a Deployment are always restarted",
    Deployment,
    (s) => Object.assign(s.template.spec, { restartPolicy: "Never", activeDeadlineSeconds: 5 }),
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
    ],
  ],
  [
    "VAL-4: of a DaemonSet, too",
    DaemonSet,
    (s) => (s.template.spec.activeDeadlineSeconds = 5),
    ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"],
  ],
  [
    "VAL-5: a rollout can take a step",
    Deployment,
    (s) => (s.strategy = { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  [
    "VAL-6: Recreate has no rolling update",
    Deployment,
    (s) => (s.strategy = { type: "Recreate", rollingUpdate: {} }),
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  [
    "VAL-7: the deadline is after the Pods can be available",
    Deployment,
    (s) => Object.assign(s, { minReadySeconds: 10, progressDeadlineSeconds: 10 }),
    ["spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"],
  ],
  [
    "VAL-8: percentages",
    Deployment,
    (s) => (s.strategy = { rollingUpdate: { maxSurge: "a lot", maxUnavailable: "101%" } }),
    [
      `spec.strategy.rollingUpdate.maxSurge: Invalid value: "a lot": must be an integer or percentage (e.g '5%%')`,
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
  ],
  [
    "counts are not negative",
    Deployment,
    (s) => (s.replicas = -1),
    ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "VAL-10: how a StatefulSet's Pods are managed",
    StatefulSet,
    (s) => Object.assign(s, { podManagementPolicy: "Chaos", revisionHistoryLimit: -1 }),
    [
      "spec.podManagementPolicy: Invalid value: \"Chaos\": must be 'OrderedReady' or 'Parallel'",
      "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
    ],
  ],
  [
    "a StatefulSet's template may mount its claims",
    StatefulSet,
    (s) => {
      s.volumeClaimTemplates = [{ metadata: { name: "data" }, spec: {} }];
      s.template.spec.containers[0].volumeMounts = [{ name: "data", mountPath: "/data" }];
    },
    [],
  ],
  [
    "VAL-11: a DaemonSet can take a step",
    DaemonSet,
    (s) => (s.updateStrategy = { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } }),
    ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
  ],
  [
    "VAL-11: and only one way",
    DaemonSet,
    (s) => (s.updateStrategy = { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } }),
    ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
  ],
  [
    "a template's containers are checked like a Pod's",
    Deployment,
    (s) => (s.template.spec.containers[0].image = ""),
    ["spec.template.spec.containers[0].image: Required value"],
  ],
];
for (const [name, kind, change, expected] of rows) test(name, () => assert.deepEqual(problems(kind, change), expected));

test("VAL-2: selectors of apps/v1 never change", () => {
  for (const kind of [Deployment, ReplicaSet, DaemonSet] as KindDefinition<any>[]) {
    assert.deepEqual(
      changes(kind, (s) => {
        s.selector.matchLabels = { app: "b" };
        s.template.metadata.labels = { app: "b" };
      }),
      ['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'],
      kind.kind,
    );
  }
});

test("VAL-9: what may change in a StatefulSet", () => {
  const text =
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  assert.deepEqual(
    changes(StatefulSet, (s) => Object.assign(s, { replicas: 3, minReadySeconds: 3, ordinals: { start: 1 } })),
    [],
  );
  assert.deepEqual(
    changes(StatefulSet, (s) => (s.serviceName = "db")),
    [text],
  );
  assert.deepEqual(
    changes(StatefulSet, (s) => (s.podManagementPolicy = "Parallel")),
    [text],
  );
});

test("VAL-12: a status that cannot be", () => {
  const write = (status: any, before: any = {}): string[] =>
    texts(Deployment.status!.validateUpdate!({ ...make(Deployment), status }, { ...make(Deployment), status: before }));
  assert.deepEqual(write({ replicas: 2, readyReplicas: 2, availableReplicas: 1, updatedReplicas: 2 }), []);
  assert.deepEqual(write({ replicas: 2, readyReplicas: 1, availableReplicas: 2 }), [
    "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas",
  ]);
  assert.deepEqual(write({ replicas: -1 }), ["status.replicas: Invalid value: -1: must be greater than or equal to 0"]);
  assert.deepEqual(write({ collisionCount: 1 }, { collisionCount: 2 }), ["status.collisionCount: Invalid value: 1: cannot be decremented"]);
});

test("DEP-119: spec and annotations count for a Deployment's generation, labels do not", () => {
  const old = make(Deployment);
  assert.equal(Deployment.bumpsGeneration!(make(Deployment), old), false);
  assert.equal(
    Deployment.bumpsGeneration!(
      make(Deployment, (s) => (s.replicas = 2)),
      old,
    ),
    true,
  );
  const annotated = make(Deployment);
  annotated.metadata.annotations = { a: "b" };
  assert.equal(Deployment.bumpsGeneration!(annotated, old), true);
  const labelled = make(Deployment);
  labelled.metadata.labels = { a: "b" };
  assert.equal(Deployment.bumpsGeneration!(labelled, old), false);
});

test("API-60: through /status a Deployment's labels do not change and its annotations do", () => {
  const old = make(Deployment);
  old.metadata.labels = { a: "old" };
  const object = make(Deployment, (s) => (s.replicas = 9));
  Object.assign(object.metadata, { labels: { a: "new" }, annotations: { b: "new" } });
  Deployment.status!.prepareForUpdate!(object, old);
  assert.deepEqual([object.spec.replicas, object.metadata.labels, object.metadata.annotations], [1, { a: "old" }, { b: "new" }]);
});

test("TAB-7 … TAB-10: rows of workloads", () => {
  const wide = ["web", "nginx:1"];
  const status = { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 };
  const three = (s: any): void => {
    s.replicas = 3;
  };
  assert.deepEqual(cells(Deployment, { ...make(Deployment, three), status }), ["web", "2/3", 3, 1, "60m", ...wide, "app=web"]);
  assert.deepEqual(cells(ReplicaSet, { ...make(ReplicaSet, three), status }), ["web", 3, 3, 2, "60m", ...wide, "app=web"]);
  assert.deepEqual(cells(StatefulSet, { ...make(StatefulSet, three), status }), ["web", "2/3", "60m", ...wide]);
  const numbers = { desiredNumberScheduled: 5, currentNumberScheduled: 4, numberReady: 3, updatedNumberScheduled: 2, numberAvailable: 1 };
  assert.deepEqual(cells(DaemonSet, { ...make(DaemonSet), status: numbers }), ["web", 5, 4, 3, 2, 1, "<none>", "60m", ...wide, "app=web"]);
});

test("CR-3, CR-5: a ControllerRevision names its controller and keeps its data", () => {
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "u", controller: true };
  const revision: any = {
    metadata: { name: "web-1", creationTimestamp: "2026-01-01T00:00:00Z", ownerReferences: [owner] },
    revision: 2,
    data: {},
  };
  assert.deepEqual(cells(ControllerRevision, revision), ["web-1", "statefulset.apps/web", 2, "60m"]);
  assert.deepEqual(texts(ControllerRevision.validateUpdate!({ ...revision, data: { a: 1 } }, revision)), [
    'data: Invalid value: {"a":1}: field is immutable',
  ]);
});
