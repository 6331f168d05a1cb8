import assert from "node:assert/strict";
import { test } from "node:test";
import { podColumns, podRowConditions } from "./columns.ts";

const now = Date.UTC(2026, 0, 1, 1, 0, 0);

function cells(pod: any): (string | number | boolean | null)[] {
  const object = {
    metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z", ...pod.metadata },
    spec: pod.spec,
    status: pod.status,
  };
  return podColumns.map((column) => column.cell(object as never, { now }));
}
const brief = (pod: any): string => cells(pod).slice(1, 4).join(" ");

const one = { containers: [{ name: "a" }] };
const two = { containers: [{ name: "a" }, { name: "b" }] };
const running = { state: { running: {} }, ready: true, restartCount: 0 };
const ended = (exitCode: number, reason?: string): any => ({ state: { terminated: { exitCode, reason } }, restartCount: 0 });
const waiting = (reason: string, restartCount = 0): any => ({ state: { waiting: { reason } }, restartCount });
const initOf = (...initContainerStatuses: any[]): any => ({
  spec: { ...one, initContainers: initContainerStatuses.map((_, i) => ({ name: `i${i}` })) },
  status: { phase: "Pending", initContainerStatuses: initContainerStatuses.map((s, i) => ({ name: `i${i}`, ...s })) },
});

const rows: [string, any, string][] = [
  ["POD-1: the phase", { spec: one, status: { phase: "Pending" } }, "0/1 Pending 0"],
  ["POD-1: the reason says more", { spec: one, status: { phase: "Failed", reason: "Evicted" } }, "0/1 Evicted 0"],
  [
    "POD-1: held back by gates",
    { spec: one, status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] } },
    "0/1 SchedulingGated 0",
  ],
  ["POD-2: the second of three init containers runs", initOf(ended(0), running, waiting("PodInitializing")), "0/1 Init:1/3 0"],
  ["POD-2: an init container failed", initOf(ended(1, "Error")), "0/1 Init:Error 0"],
  ["POD-2: it failed without a reason", initOf(ended(7)), "0/1 Init:ExitCode:7 0"],
  ["POD-2: it backs off", initOf(waiting("CrashLoopBackOff", 3)), "0/1 Init:CrashLoopBackOff 3"],
  [
    "POD-3: waiting for its image",
    { spec: one, status: { phase: "Pending", containerStatuses: [waiting("ImagePullBackOff")] } },
    "0/1 ImagePullBackOff 0",
  ],
  [
    "POD-3: the first container's reason wins",
    { spec: two, status: { phase: "Running", containerStatuses: [waiting("CrashLoopBackOff", 2), running] } },
    "1/2 CrashLoopBackOff 2",
  ],
  [
    "POD-3: ended by a signal",
    { spec: one, status: { phase: "Failed", containerStatuses: [{ state: { terminated: { exitCode: 137, signal: 9 } } }] } },
    "0/1 Signal:9 0",
  ],
  ["POD-3: done", { spec: one, status: { phase: "Succeeded", containerStatuses: [ended(0, "Completed")] } }, "0/1 Completed 0"],
  [
    "POD-4: one container is done, the Pod is ready",
    {
      spec: two,
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [ended(0, "Completed"), running] },
    },
    "1/2 Running 0",
  ],
  [
    "POD-4: one container is done, the Pod is not ready",
    { spec: two, status: { phase: "Running", containerStatuses: [ended(0, "Completed"), running] } },
    "1/2 NotReady 0",
  ],
  [
    "POD-5: being deleted",
    { metadata: { deletionTimestamp: "2026-01-01T00:59:00Z" }, spec: one, status: { phase: "Running", containerStatuses: [running] } },
    "1/1 Terminating 0",
  ],
  [
    "POD-5: being deleted after its end",
    {
      metadata: { deletionTimestamp: "2026-01-01T00:59:00Z" },
      spec: one,
      status: { phase: "Succeeded", containerStatuses: [ended(0, "Completed")] },
    },
    "0/1 Completed 0",
  ],
  [
    "POD-5: its node is lost",
    { metadata: { deletionTimestamp: "2026-01-01T00:59:00Z" }, spec: one, status: { phase: "Running", reason: "NodeLost" } },
    "0/1 Unknown 0",
  ],
  [
    "POD-6, POD-7: sidecars count, ordinary init containers do not",
    {
      spec: { ...one, initContainers: [{ name: "once" }, { name: "side", restartPolicy: "Always" }] },
      status: {
        phase: "Running",
        initContainerStatuses: [
          { name: "once", ...ended(0), restartCount: 5 },
          { name: "side", ...running, started: true, restartCount: 1 },
        ],
        containerStatuses: [running],
      },
    },
    "2/2 Running 1",
  ],
  [
    "POD-7: when the last restart was",
    {
      spec: one,
      status: {
        phase: "Running",
        containerStatuses: [
          { ...running, restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:57:55Z" } } },
        ],
      },
    },
    "1/1 Running 3 (2m5s ago)",
  ],
];
for (const [name, pod, expected] of rows) test(name, () => assert.equal(brief(pod), expected));

test("TAB-6: a row of pods, wide cells included", () => {
  assert.deepEqual(
    podColumns.map((column) => column.name.toUpperCase()),
    ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
  );
  const spec = { ...one, nodeName: "n1", readinessGates: [{ conditionType: "x/lb" }, { conditionType: "x/dns" }] };
  const status = {
    phase: "Running",
    podIPs: [{ ip: "10.0.0.4" }],
    conditions: [{ type: "x/lb", status: "True" }],
    containerStatuses: [running],
  };
  assert.deepEqual(cells({ spec, status }), ["web", "1/1", "Running", "0", "60m", "10.0.0.4", "n1", "<none>", "1/2"]);
});

test("POD-8: rows of finished Pods are marked", () => {
  assert.deepEqual(podRowConditions({ status: { phase: "Failed" } } as never), [
    { type: "Completed", status: "True", reason: "Failed", message: "The pod failed." },
  ]);
  assert.deepEqual(podRowConditions({ status: { phase: "Running" } } as never), []);
});
