// What is wrong with a Job, in Kubernetes' words.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job as JobObject } from "../../types.ts";
import { generateSelector } from "./defaults.ts";
import { Job } from "./index.ts";

function make(spec: Record<string, unknown>): JobObject {
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "work", image: "busybox:1" }] } };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "work", uid: "u" },
    spec: { template, ...spec },
  } as unknown as JobObject;
  Job.defaults?.(job);
  generateSelector(job);
  return job;
}
const problems = (spec: Record<string, unknown>): string[] => Job.validate!(make(spec)).map((each) => `${each.field}: ${each.message}`);
const indexed = (spec: Record<string, unknown>) => ({ completionMode: "Indexed", completions: 5, ...spec });
const failurePolicy = (rule: unknown) => ({ podFailurePolicy: { rules: [rule] } });
const successPolicy = (rule: unknown) => indexed({ successPolicy: { rules: [rule] } });
const rule = "spec.podFailurePolicy.rules[0]";
const success = "spec.successPolicy.rules[0]";

const table: [string, Record<string, unknown>, string[]][] = [
  [
    "a limit per index with every policy beside it",
    indexed({
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 2,
      ...failurePolicy({ action: "FailIndex", onExitCodes: { operator: "In", values: [1, 3] } }),
    }),
    [],
  ],
  [
    "a limit per index needs indexes",
    { backoffLimitPerIndex: 1 },
    ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
  ],
  [
    "a limit of failed indexes needs one of each",
    indexed({ maxFailedIndexes: 1 }),
    ["spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"],
  ],
  [
    "no more failed indexes than indexes",
    indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 6 }),
    ["spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions"],
  ],
  [
    "many completions need narrower limits",
    indexed({ completions: 100_001, parallelism: 10_001, backoffLimitPerIndex: 1 }),
    [
      "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
      "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
    ],
  ],
  [
    "FailIndex without a limit per index",
    indexed(failurePolicy({ action: "FailIndex", onExitCodes: { operator: "In", values: [1] } })),
    [`${rule}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`],
  ],
  [
    "an action that there is not",
    failurePolicy({ action: "Panic", onExitCodes: { operator: "In", values: [1] } }),
    [`${rule}.action: Unsupported value: "Panic": supported values: "Count", "FailIndex", "FailJob", "Ignore"`],
  ],
  [
    "a rule that matches nothing",
    failurePolicy({ action: "Ignore" }),
    [`${rule}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`],
  ],
  [
    "a rule of both sorts",
    failurePolicy({ action: "Ignore", onExitCodes: { operator: "In", values: [1] }, onPodConditions: [{ type: "DisruptionTarget" }] }),
    [`${rule}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`],
  ],
  [
    "exit codes out of order, with success among failures, of a container that there is not",
    failurePolicy({ action: "FailJob", onExitCodes: { containerName: "other", operator: "In", values: [3, 0] } }),
    [
      `${rule}.onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer names in the pod template`,
      `${rule}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
      `${rule}.onExitCodes.values: Invalid value: [3,0]: must be ordered`,
    ],
  ],
  [
    "Pods are replaced when they have failed, with a failure policy",
    {
      podReplacementPolicy: "TerminatingOrFailed",
      ...failurePolicy({ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }),
    },
    ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
  ],
  ["a success policy in good order", successPolicy({ succeededIndexes: "0,2-4", succeededCount: 4 }), []],
  [
    "a success policy that asks for nothing",
    successPolicy({}),
    [`${success}: Required value: at least one of succeededCount or succeededIndexes must be specified`],
  ],
  [
    "a success policy of more than there is",
    successPolicy({ succeededIndexes: "1-2", succeededCount: 6 }),
    [
      `${success}.succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)`,
      `${success}.succeededCount: Invalid value: 6: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`,
    ],
  ],
  [
    "indexes beyond the last",
    successPolicy({ succeededIndexes: "3-5" }),
    [`${success}.succeededIndexes: Invalid value: "3-5": error parsing succeededIndexes: too large index: "5"`],
  ],
  [
    "indexes out of order",
    successPolicy({ succeededIndexes: "3,1" }),
    [`${success}.succeededIndexes: Invalid value: "3,1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1`],
  ],
  [
    "indexes that are none",
    successPolicy({ succeededIndexes: "a" }),
    [`${success}.succeededIndexes: Invalid value: "a": error parsing succeededIndexes: cannot convert string to integer for index: "a"`],
  ],
];

for (const [sentence, spec, expected] of table) {
  test(`a Job is checked: ${sentence}`, () => assert.deepEqual(problems(spec), expected));
}

test("a success policy without indexes is refused", () => {
  const [first] = problems({ successPolicy: { rules: [{ succeededCount: 1 }] } });
  assert.match(first ?? "", /^spec\.successPolicy: Invalid value: .*: requires indexed completion mode$/);
});

test("how a Job succeeds is fixed", () => {
  const changed = make(successPolicy({ succeededCount: 2 }));
  const texts = Job.validateUpdate!(changed, make(successPolicy({ succeededCount: 1 }))).map((each) => `${each.field} ${each.message}`);
  assert.equal(texts.length, 1);
  assert.match(texts[0] ?? "", /^spec\.successPolicy .*field is immutable$/);
});
