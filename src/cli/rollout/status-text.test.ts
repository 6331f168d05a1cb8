import assert from "node:assert/strict";
import { test } from "node:test";
import { statusTexts } from "./status-text.ts";

const say = (kind: string, spec: object, status: object, revision = 0, metadata: object = {}): [string, boolean] => {
  const object = { metadata: { name: "web", generation: 1, ...metadata }, spec, status: { observedGeneration: 1, ...status } };
  const line = statusTexts[kind]?.(object, revision);
  return [line?.text ?? "", line?.isDone ?? false];
};

test("a Deployment's lines, in the order of their tests (KR-1, KR-2)", () => {
  const full = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
  const waits = 'Waiting for deployment "web" rollout to finish:';
  const table: [status: object, text: string, isDone: boolean][] = [
    [{ observedGeneration: 0, ...full }, "Waiting for deployment spec update to be observed...", false],
    [{ ...full, updatedReplicas: 1 }, `${waits} 1 out of 3 new replicas have been updated...`, false],
    [{ ...full, replicas: 4 }, `${waits} 1 old replicas are pending termination...`, false],
    [{ ...full, availableReplicas: 2 }, `${waits} 2 of 3 updated replicas are available...`, false],
    [full, 'deployment "web" successfully rolled out', true],
  ];
  for (const [status, text, isDone] of table) assert.deepEqual(say("Deployment", { replicas: 3 }, status), [text, isDone]);
  const late = { ...full, conditions: [{ type: "Progressing", reason: "ProgressDeadlineExceeded" }] };
  assert.throws(() => say("Deployment", { replicas: 3 }, late), /deployment "web" exceeded its progress deadline/);
});

test("a revision that does not run is an error (KR-7)", () => {
  const metadata = { annotations: { "deployment.kubernetes.io/revision": "5" } };
  assert.throws(
    () => say("Deployment", { replicas: 0 }, {}, 4, metadata),
    /desired revision \(4\) is different from the running revision \(5\)/,
  );
  assert.equal(say("Deployment", { replicas: 0 }, {}, 5, metadata)[1], true);
});

test("a DaemonSet's lines (KR-4)", () => {
  const spec = { updateStrategy: { type: "RollingUpdate" } };
  const full = { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 };
  const waits = 'Waiting for daemon set "web" rollout to finish:';
  assert.deepEqual(say("DaemonSet", spec, { observedGeneration: 0 }), ["Waiting for daemon set spec update to be observed...", false]);
  assert.deepEqual(say("DaemonSet", spec, { ...full, updatedNumberScheduled: 1 }), [
    `${waits} 1 out of 2 new pods have been updated...`,
    false,
  ]);
  assert.deepEqual(say("DaemonSet", spec, { ...full, numberAvailable: 1 }), [`${waits} 1 of 2 updated pods are available...`, false]);
  assert.deepEqual(say("DaemonSet", spec, full), ['daemon set "web" successfully rolled out', true]);
  assert.throws(() => say("DaemonSet", { updateStrategy: { type: "OnDelete" } }, full), /only available for RollingUpdate strategy type/);
});

test("a StatefulSet's lines (KR-5)", () => {
  const spec = (rollingUpdate?: object) => ({ replicas: 3, updateStrategy: { type: "RollingUpdate", rollingUpdate } });
  const full = { readyReplicas: 3, updatedReplicas: 3, currentReplicas: 3, updateRevision: "web-b", currentRevision: "web-b" };
  assert.deepEqual(say("StatefulSet", spec({ partition: 0 }), { ...full, observedGeneration: 0 }), [
    "Waiting for statefulset spec update to be observed...",
    false,
  ]);
  assert.deepEqual(say("StatefulSet", spec({ partition: 0 }), { ...full, readyReplicas: 1 }), ["Waiting for 2 pods to be ready...", false]);
  assert.deepEqual(say("StatefulSet", spec({ partition: 0 }), { ...full, updatedReplicas: 1 }), [
    "Waiting for partitioned roll out to finish: 1 out of 3 new pods have been updated...",
    false,
  ]);
  assert.deepEqual(say("StatefulSet", spec({ partition: 2 }), { ...full, updatedReplicas: 1 }), [
    "partitioned roll out complete: 1 new pods have been updated...",
    true,
  ]);
  assert.deepEqual(say("StatefulSet", spec(), { ...full, currentRevision: "web-a", updatedReplicas: 1 }), [
    "waiting for statefulset rolling update to complete 1 pods at revision web-b...",
    false,
  ]);
  assert.deepEqual(say("StatefulSet", spec(), full), ["statefulset rolling update complete 3 pods at revision web-b...", true]);
});
