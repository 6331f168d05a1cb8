/** Workload objects as the API keeps them, whoever acts on them. */
import { test } from "node:test";
import { stage, template } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 0 });
const labels = { app: "stored" };
const job = { ...template(labels), spec: { ...template(labels).spec, restartPolicy: "Never" } };
const condition = {
  type: "StatusUpdate",
  status: "True",
  reason: "E2E",
  message: "Set from e2e test",
  lastTransitionTime: "2026-01-02T03:04:05Z",
};
const hasCondition = ({ status }: any): boolean => status.conditions?.some((each: any) => each.type === "StatusUpdate");

test("CronJob should support CronJob API operations", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "batch",
    version: "v1",
    plural: "cronjobs",
    namespace,
    object: () => ({
      apiVersion: "batch/v1",
      kind: "CronJob",
      spec: { schedule: "0 0 1 1 *", suspend: true, concurrencyPolicy: "Allow", jobTemplate: { spec: { template: job } } },
    }),
    status: {
      write: { lastScheduleTime: "2026-01-02T03:04:05Z" },
      holds: ({ status }) => status.lastScheduleTime === "2026-01-02T03:04:05Z",
    },
  });
});

test("Job should manage the lifecycle of a job", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "batch",
    version: "v1",
    plural: "jobs",
    namespace,
    object: () => ({ apiVersion: "batch/v1", kind: "Job", spec: { suspend: true, parallelism: 2, completions: 4, template: job } }),
  });
});

test("Daemon set should verify changes to a daemon set status", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "apps",
    version: "v1",
    plural: "daemonsets",
    namespace,
    object: () => ({ apiVersion: "apps/v1", kind: "DaemonSet", spec: { selector: { matchLabels: labels }, template: template(labels) } }),
    status: { write: { conditions: [condition] }, holds: hasCondition },
  });
});

test("StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "apps",
    version: "v1",
    plural: "statefulsets",
    namespace,
    object: () => ({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      spec: { replicas: 0, serviceName: "none", selector: { matchLabels: labels }, template: template(labels) },
    }),
    status: { write: { conditions: [condition] }, holds: hasCondition },
  });
});

test("ControllerRevision should manage the lifecycle of a ControllerRevision", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "apps",
    version: "v1",
    plural: "controllerrevisions",
    namespace,
    object: (index) => ({ apiVersion: "apps/v1", kind: "ControllerRevision", revision: index + 1, data: { spec: { template: job } } }),
    change: {
      make: (revision) => {
        revision.revision = 9;
      },
      holds: ({ revision }) => revision === 9,
    },
  });
});

for (const version of ["v1", "v2"]) {
  test(`HorizontalPodAutoscaler autoscaling/${version} is kept as it is given`, async () => {
    const namespace = await open.namespace();
    await lifecycle(open.wire, {
      group: "autoscaling",
      version,
      plural: "horizontalpodautoscalers",
      namespace,
      object: () => ({
        apiVersion: `autoscaling/${version}`,
        kind: "HorizontalPodAutoscaler",
        spec: { maxReplicas: 3, minReplicas: 1, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
      }),
      status: {
        write: { currentReplicas: 2, desiredReplicas: 2 },
        holds: ({ status }) => status.currentReplicas === 2 && status.desiredReplicas === 2,
      },
    });
  });
}
