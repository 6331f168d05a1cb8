/** Several rollouts on one screen, whatever its size and its characters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../explain/explain.ts";
import { nothingRelated } from "../explain/explanation.ts";
import { sampleDeployment, sampleNowMs, type SampleOptions } from "../samples.suite.ts";
import { draw } from "./draw.ts";
import { drawMany } from "./draw-many.ts";
import { asciiLettering } from "./lettering.ts";
import { type RolloutView, rolloutView } from "./rollout-view.ts";
import { columnsOf } from "./styled-line.ts";

function viewOf(name: string, options: SampleOptions): RolloutView {
  const sample = sampleDeployment(options);
  const snapshot = { ...sample, key: { namespace: "shop", name } };
  return rolloutView(snapshot, explain(snapshot, nothingRelated, { nowMs: sampleNowMs }), sampleNowMs);
}

const done = (name: string): RolloutView =>
  viewOf(name, {
    replicas: 1,
    status: { updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 },
    pods: [{ name: `${name}-1`, ready: true }],
  });
const rolling = (name: string): RolloutView =>
  viewOf(name, {
    status: { updatedReplicas: 1, availableReplicas: 2 },
    pods: [{ name: `${name}-1`, ageSeconds: 3, phase: "Pending", status: { state: { waiting: { reason: "ContainerCreating" } } } }],
  });
const broken = (name: string): RolloutView =>
  viewOf(name, {
    status: { updatedReplicas: 1, availableReplicas: 2 },
    pods: [
      { name: `${name}-1`, phase: "Pending", status: { state: { waiting: { reason: "ErrImagePull", message: "manifest unknown" } } } },
    ],
  });

const size = { width: 80, height: 23, colour: false };

test("what fits is drawn in full, in the order in which it was named", () => {
  const lines = drawMany([done("a"), rolling("b")], size);
  assert.match(lines[0] ?? "", /^deploy\/a is complete/);
  assert.match(lines[2] ?? "", /^Rolling deploy\/b/);
});

test("fifty workloads in 24 lines: the broken one with its way out, the others in a line each, the complete ones in one for all", () => {
  const views = [
    ...Array.from({ length: 45 }, (_, index) => done(`done-${index}`)),
    ...Array.from({ length: 4 }, (_, index) => rolling(`rolling-${index}`)),
    broken("broken"),
  ];
  const lines = drawMany(views, size);
  assert.ok(lines.length <= size.height, `${lines.length} lines`);
  assert.equal(lines[0], "50 workloads: 1 cannot succeed as it is, 4 are under way, 45 are complete");
  assert.equal(lines[1], "deploy/broken cannot get to revision 2 as it is: 0 of 2 new Pods available");
  assert.ok(lines.some((line) => line.includes("windlass rollout undo deploy/broken -n shop")));
  for (let index = 0; index < 4; index++) assert.equal(lines.filter((line) => line.includes(`deploy/rolling-${index} `)).length, 1);
  assert.match(lines.at(-1) ?? "", /^✓ 45 complete: deploy\/done-0, /);
});

test("more rollouts under way than lines: the worst first, and how many more there are", () => {
  const views = [...Array.from({ length: 60 }, (_, index) => rolling(`rolling-${index}`)), broken("broken")];
  const lines = drawMany(views, { ...size, height: 10 });
  assert.equal(lines.length, 10);
  assert.match(lines[1] ?? "", /^✗ deploy\/broken .* Pod broken-1 can't pull image/);
  assert.equal(lines[9], "and 53 more");
});

test("too few lines cost figures and squares before the cause and the way out", () => {
  for (const height of [23, 14, 9, 6, 4]) {
    const lines = draw(broken("web"), { ...size, height });
    assert.ok(lines.length <= height);
    assert.match(lines[0] ?? "", /cannot get to revision 2 as it is/);
    if (height >= 6)
      assert.ok(
        lines.some((line) => line.includes("windlass rollout undo")),
        `${height} lines:\n${lines.join("\n")}`,
      );
  }
});

test("any size is kept to, with a thousand Pods, too", () => {
  const pods = Array.from({ length: 1000 }, (_, index) => ({ name: `web-${index}`, ready: index % 3 > 0, ageSeconds: 5 }));
  const thousand = viewOf("web", { replicas: 1000, status: { updatedReplicas: 1000, availableReplicas: 600 }, pods });
  for (const width of [20, 40, 80, 200])
    for (const height of [1, 2, 5, 10, 23]) {
      const lines = drawMany([thousand, broken("x"), done("y")], { width, height, colour: false });
      assert.ok(lines.length <= height, `${width}x${height}: ${lines.length} lines`);
      for (const line of lines) assert.ok(columnsOf(line) <= width, `${width}x${height}: ${line}`);
    }
});

test("where only ASCII can be shown there is nothing else", () => {
  for (const view of [broken("web"), rolling("web"), done("web")])
    for (const line of drawMany([view, done("größer")], { ...size, lettering: asciiLettering })) assert.match(line, /^[ -~]*$/);
});

test("wide characters take two columns", () => {
  assert.equal(columnsOf("web"), 3);
  assert.equal(columnsOf("店舗"), 4);
  assert.equal(columnsOf("🚀"), 2);
  assert.equal(columnsOf("e\u0301"), 1);
});

test("two namespaces: names are told with theirs", () => {
  const lines = drawMany([done("a"), done("b")], { ...size, withNamespace: true });
  assert.match(lines[0] ?? "", /^shop\/deploy\/a is complete/);
});
