/** The drawing of a rollout, as text: what people see is what is asserted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../explain/explain.ts";
import { nothingRelated } from "../explain/explanation.ts";
import { sampleDeployment, sampleNowMs, sampleStatefulSet } from "../samples.suite.ts";
import type { WorkloadSnapshot } from "../workload.ts";
import { changeLines } from "./change-lines.ts";
import { draw } from "./draw.ts";
import { junitReport, markdownSummary, workflowCommands } from "./report.ts";
import { type RolloutView, rolloutView, type Sample, viewDocument } from "./rollout-view.ts";

const viewOf = (snapshot: WorkloadSnapshot, history: readonly Sample[] = []): RolloutView =>
  rolloutView(snapshot, explain(snapshot, nothingRelated, { nowMs: sampleNowMs }), sampleNowMs, { history, snapshot });
const text = (view: RolloutView, width = 80): string =>
  `\n${draw(view, { width, colour: false })
    .map((line) => line.trimEnd())
    .join("\n")}\n`;

const rolling = sampleDeployment({
  replicas: 4,
  spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
  status: { updatedReplicas: 2, availableReplicas: 3, readyReplicas: 3 },
  pods: [
    { name: "web-new-1", ready: true, ageSeconds: 40, readySeconds: 20 },
    { name: "web-new-2", ageSeconds: 12, phase: "Pending", status: { state: { waiting: { reason: "ContainerCreating" } } } },
    { name: "web-old-1", of: "old", ready: true },
    { name: "web-old-2", of: "old", ready: true },
    { name: "web-old-3", of: "old", terminatingSeconds: 20 },
  ],
});
const past: Sample[] = [
  { atMs: sampleNowMs - 60_000, availableNew: 0, availableOld: 4, unavailableNew: 1, unavailableOld: 0, terminating: 0 },
  { atMs: sampleNowMs - 45_000, availableNew: 0, availableOld: 3, unavailableNew: 2, unavailableOld: 0, terminating: 1 },
];
const broken = sampleDeployment({
  replicas: 2,
  status: { updatedReplicas: 1, availableReplicas: 2, readyReplicas: 2 },
  pods: [
    { name: "web-new-1", phase: "Pending", status: { state: { waiting: { reason: "ErrImagePull", message: "manifest unknown" } } } },
    { name: "web-old-1", of: "old", ready: true },
    { name: "web-old-2", of: "old", ready: true },
  ],
});
const done = sampleDeployment({
  replicas: 1,
  status: { updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 },
  pods: [{ name: "web-new-1", ready: true }],
});

test("a rollout under way: sentence, tree, squares, bars between floor and ceiling, the minutes before", () => {
  assert.equal(
    text(viewOf(rolling, past)),
    `
Rolling deploy/web to revision 2: 1 of 4 new Pods available
  waiting for Pod web-new-2 to become ready (12s of about 20s); about 28s left;
  deadline in 9m

  revision 2 new  shop/web:v2
    ■A ◌S
  revision 1 stable  shop/web:v1
    ■A ■A □T
    ■A available  ◌S starting  □T terminating

  new ████████▒▒▒▒▒▒▒▒                         1 available, 1 not
  old ████████████████                         2 available, 1 leaving
      ........................└...............┘ floor 3, ceiling 5
      █████████▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆  available in 60s, lowest 3
`,
  );
});

test("a rollout that cannot succeed: the cause and the way out", () => {
  assert.equal(
    text(viewOf(broken)),
    `
deploy/web cannot get to revision 2 as it is: 0 of 2 new Pods available
  deadline in 9m

  revision 2 new  shop/web:v2
    ✗F
  revision 1 stable  shop/web:v1
    ■A ■A
    ■A available  ✗F failing

  new ▒▒▒▒▒▒▒▒▒▒▒▒▒                            0 available, 1 not
  old ███████████████████████████              2 available
      ...........................└............┘ floor 2, ceiling 3

  ✗ Pod web-new-1 can't pull image "shop/web:v2": there is no such image; it
    says: manifest unknown.
    → windlass rollout undo deploy/web -n shop
    → kubectl set image deploy/web app=IMAGE -n shop
`,
  );
});

test("a complete rollout", () => {
  assert.equal(
    text(viewOf(done)),
    `
deploy/web is complete at revision 2: 1 of 1 Pods available

  revision 2 stable  shop/web:v2
    ■A
  and 1 earlier revision without Pods
    ■A available
`,
  );
});

test("a StatefulSet of which a part is kept back", () => {
  const snapshot = sampleStatefulSet({
    replicas: 3,
    spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } },
    status: { updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2 },
    pods: [
      { name: "db-0", of: "old", ready: true },
      { name: "db-1", of: "old", terminatingSeconds: 25 },
      { name: "db-2", ready: true },
    ],
  });
  assert.equal(
    text(viewOf(snapshot), 60),
    `
Rolling sts/db to revision 2: 1 of 2 new Pods available, 1
  kept back by the partition
  Old Pod db-1 is terminating; its grace ends in 25s at the
  latest

  revision 2 new  shop/web:v2
    ■A
  revision 1 stable  shop/web:v1
    ■A □T
    ■A available  □T terminating

  new ███████                1 available
  old ███████                1 available, 1 leaving
      ...............└......┘ floor 2, ceiling 3
`,
  );
});

test("no line is wider than the terminal, whatever its width, and colours take no room", () => {
  // biome-ignore lint/complexity/useRegexLiterals: a control character in a literal is hard to see.
  const escapes = new RegExp("\\u001b\\[\\d+m", "g");
  for (const width of [20, 33, 60, 80, 200])
    for (const view of [viewOf(rolling, past), viewOf(broken), viewOf(done)])
      for (const line of draw(view, { width, colour: true }))
        assert.ok([...line.replace(escapes, "")].length <= width, `${width}: ${line}`);
});

test("two thousand Pods are counted, not drawn one by one", () => {
  const pods = Array.from({ length: 2000 }, (_, i) => ({ name: `web-new-${i}`, ready: true }));
  const lines = text(viewOf(sampleDeployment({ replicas: 2000, status: { updatedReplicas: 2000 }, pods })));
  assert.match(lines, /■A 2000 available/);
  assert.ok(lines.split("\n").length < 20);
});

test("line mode tells changes and nothing else", () => {
  const first = viewOf(rolling);
  assert.deepEqual(changeLines(first), [
    "10:00:00Z deploy/web rolling to revision 2: 1 of 4 new Pods available; 3 of 4 available in all",
    "10:00:00Z deploy/web Pod web-new-2 (revision 2) is starting",
    "10:00:00Z deploy/web Pod web-old-3 (revision 1) is terminating",
  ]);
  assert.deepEqual(changeLines(first, first), []);
  const later = sampleDeployment({
    replicas: 4,
    spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
    status: { updatedReplicas: 2, availableReplicas: 3, readyReplicas: 3 },
    pods: [
      { name: "web-new-1", ready: true, ageSeconds: 40, readySeconds: 20 },
      {
        name: "web-new-2",
        ageSeconds: 12,
        phase: "Pending",
        status: { state: { waiting: { reason: "ErrImagePull", message: "manifest unknown" } } },
      },
      { name: "web-old-1", of: "old", ready: true },
      { name: "web-old-2", of: "old", ready: true },
    ],
  });
  assert.deepEqual(changeLines(viewOf(later), first), [
    "10:00:00Z deploy/web cannot get to revision 2 as it is: 1 of 4 new Pods available; 3 of 4 available in all",
    "10:00:00Z deploy/web Pod web-new-2 (revision 2) is failing",
    "10:00:00Z deploy/web Pod web-old-3 is gone",
    `10:00:00Z deploy/web ✗ ImageNotFound (web-new-2): Pod web-new-2 can't pull image "shop/web:v2": there is no such image; it says: manifest unknown.`,
    "10:00:00Z deploy/web   → go back to revision 1: windlass rollout undo deploy/web -n shop",
    "10:00:00Z deploy/web   → name an image that exists: kubectl set image deploy/web app=IMAGE -n shop",
  ]);
});

test("the stream has the same facts in fields", () => {
  const { pods, verdict, revision } = viewDocument(viewOf(rolling));
  assert.deepEqual(
    [verdict, revision, pods.map(({ name, state }) => `${name} ${state}`)],
    [
      "progressing",
      2,
      ["web-new-1 available", "web-new-2 starting", "web-old-1 available", "web-old-2 available", "web-old-3 terminating"],
    ],
  );
});

test("reports for CI: escaped for where they go", () => {
  const end = { name: "deployment/web", outcome: "failed", tookMs: 4200, view: viewOf(broken) } as const;
  assert.deepEqual(workflowCommands([end]), [
    `::error title=deployment/web%3A cannot succeed as it is::Pod web-new-1 can't pull image "shop/web:v2": there is no such image; it says: manifest unknown.`,
  ]);
  assert.match(markdownSummary([end]), /^\| ❌ \| deployment\/web \| 2 \| cannot succeed as it is \| 1\/2 \| 2\/2 \| 4s \|$/m);
  assert.match(markdownSummary([end]), /^ {2}- go back to revision 1: `windlass rollout undo deploy\/web -n shop`$/m);
  const junit = junitReport([end]);
  // Jenkins refuses a testsuite without `errors`, and a testsuites with `skipped`.
  assert.match(junit, /<testsuites name="rollouts" tests="1" failures="1" errors="0" time="4\.200">/);
  assert.match(junit, /<testsuite name="rollouts" tests="1" failures="1" errors="0" time="4\.200" skipped="0">/);
  assert.match(junit, /<failure type="failed" message="Pod web-new-1 can&#39;t pull image &quot;shop\/web:v2&quot;/);
  assert.doesNotMatch(junitReport([{ ...end, outcome: "complete" }]), /failure type/);
  const gone = junitReport([{ name: "deployment/a\u0007\ud800&b", outcome: "gone", tookMs: 10 }]);
  assert.match(gone, /failures="0" errors="1"/);
  assert.match(gone, /name="deployment\/a&amp;b" time="0\.010">\n {6}<error type="gone" message="deleted meanwhile">/);
});
