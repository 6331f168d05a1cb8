import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../../api/types.ts";
import { type ContainerRecord, declaredContainers, newRecord } from "./container-record.ts";
import { decide } from "./decision.ts";

type State = "none" | "running" | "started" | number;

/** A Pod with two init containers, a sidecar between them, and two app containers; states by name, numbers are exit codes. */
function decision(restartPolicy: string, states: Record<string, State>, own: Record<string, Partial<Container>> = {}) {
  const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "i:1", ...more, ...own[name] });
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: {
      restartPolicy,
      initContainers: [container("first"), container("proxy", { restartPolicy: "Always" }), container("second")],
      containers: [container("a"), container("b")],
    },
  };
  const declared = declaredContainers(pod);
  const records = new Map<string, ContainerRecord>();
  for (const one of declared) {
    const state = states[one.spec.name];
    if (state === undefined) continue;
    const record = newRecord(one);
    record.attempt = state === "none" ? -1 : 0;
    record.image = "i:1";
    record.state = state === "none" ? "none" : typeof state === "number" ? "exited" : "running";
    record.started = state === "started";
    if (typeof state === "number") record.exitCode = state;
    records.set(one.spec.name, record);
  }
  const { start, replace, over } = decide(pod, declared, records);
  return over
    ? "over"
    : [...start.map(({ spec }) => `start ${spec.name}`), ...replace.map(({ spec }) => `replace ${spec.name}`)].join(", ");
}

test("what is started when (KUB-43 … KUB-45)", () => {
  const through = { first: 0, proxy: "started", second: 0 } as const;
  const rows: [string, string, Record<string, State>, string][] = [
    ["nothing yet: the first init container", "Always", {}, "start first"],
    ["the first runs: wait", "Always", { first: "running" }, ""],
    ["the first failed: again", "Always", { first: 1 }, "start first"],
    ["the first failed and may not restart", "Never", { first: 1 }, "over"],
    ["the first is through: the sidecar", "Always", { first: 0 }, "start proxy"],
    ["the sidecar runs, not started: wait", "Always", { first: 0, proxy: "running" }, ""],
    ["the sidecar has started: the second", "Always", { first: 0, proxy: "started" }, "start second"],
    ["all through: both apps", "Always", through, "start a, start b"],
    ["an app ended well under Always: again", "Always", { ...through, a: 0, b: "started" }, "start a"],
    ["an app ended well under OnFailure: done with it", "OnFailure", { ...through, a: 0, b: "started" }, ""],
    ["an app failed under OnFailure: again", "OnFailure", { ...through, a: 2, b: 0 }, "start a"],
    ["both ended under Never", "Never", { ...through, a: 2, b: 0 }, "over"],
    ["one still runs under Never", "Never", { ...through, a: 2, b: "started" }, ""],
    [
      "a sidecar that ended comes back while apps run, even under Never",
      "Never",
      { ...through, proxy: 1, a: "started", b: "started" },
      "start proxy",
    ],
    ["a sidecar does not keep a finished Pod alive", "Never", { ...through, a: 0, b: 0 }, "over"],
  ];
  for (const [name, policy, states, expected] of rows) assert.equal(decision(policy, states), expected, name);
});

test("a container's own policy and rules go before the Pod's (KUB-9)", () => {
  const done = { first: 0, proxy: "started", second: 0, b: 0 } as const;
  const rules = (operator: string) => ({ a: { restartPolicyRules: [{ action: "Restart", exitCodes: { operator, values: [42] } }] } });
  assert.equal(decision("Never", { ...done, a: 42 }, rules("In")), "start a");
  assert.equal(decision("Never", { ...done, a: 1 }, rules("In")), "over");
  assert.equal(decision("Never", { ...done, a: 1 }, rules("NotIn")), "start a");
  assert.equal(decision("Never", { ...done, a: 1 }, { a: { restartPolicy: "OnFailure" } }), "start a");
});

test("a running container whose image has changed is replaced", () => {
  const states = { first: 0, proxy: "started", second: 0, a: "started", b: "started" } as const;
  assert.equal(decision("Always", states, { a: { image: "i:2" }, second: { image: "i:2" } }), "replace a");
});
