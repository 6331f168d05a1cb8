/** When the watching of several rollouts is over, and how each of them ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { settle } from "../../base/settle.node.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { explain } from "../../release/explain/explain.ts";
import { nothingRelated } from "../../release/explain/explanation.ts";
import { deploymentKind } from "../../release/kinds/deployment.ts";
import { sampleDeployment, sampleNowMs, type SampleOptions } from "../../release/samples.suite.ts";
import type { RolloutEnd } from "../../release/view/report.ts";
import { type RolloutView, rolloutView } from "../../release/view/rollout-view.ts";
import { followAll, type FollowAllOptions } from "./follow-all.ts";

const workload = (name: string) => ({ kind: deploymentKind, key: { namespace: "shop", name } });

function viewOf(name: string, options: SampleOptions): RolloutView {
  const snapshot = { ...sampleDeployment({ replicas: 1, ...options }), key: { namespace: "shop", name } };
  return rolloutView(snapshot, explain(snapshot, nothingRelated, { nowMs: sampleNowMs }), sampleNowMs);
}
const complete = (name: string): RolloutView =>
  viewOf(name, { status: { updatedReplicas: 1, availableReplicas: 1 }, pods: [{ name: `${name}-1`, ready: true }] });
const rolling = (name: string): RolloutView => viewOf(name, { status: { updatedReplicas: 0, availableReplicas: 1 } });
const broken = (name: string): RolloutView =>
  viewOf(name, {
    status: { updatedReplicas: 1, availableReplicas: 1 },
    replicas: 2,
    pods: [
      { name: `${name}-1`, phase: "Pending", status: { state: { waiting: { reason: "ErrImagePull", message: "manifest unknown" } } } },
    ],
  });

/** Follows; `tell` is what the cluster does, `started` that all there is has been told. */
function following(options: Partial<FollowAllOptions> = {}) {
  const clock = new VirtualClock(settle);
  const controller = new AbortController();
  let tell: Parameters<FollowAllOptions["start"]>[0] = () => {};
  let started = (): void => {};
  let ends: RolloutEnd[] | undefined;
  const told: string[] = [];
  const face = { show() {}, ended: ({ name, outcome }: RolloutEnd) => told.push(`${name} ${outcome}`), close() {} };
  const all = followAll(face, {
    world: { clock, random: seededRandom(1), log: silentLog },
    interrupted: controller.signal,
    until: "certain",
    timeoutMs: 0,
    withNamespace: false,
    start: (changed) => {
      tell = changed;
      return new Promise((resolve) => {
        started = () => resolve({ close() {} });
      });
    },
    ...options,
  }).then((found) => {
    ends = found;
  });
  return {
    clock,
    told,
    all,
    tell: (name: string, view: RolloutView | undefined) => tell(workload(name), view),
    async started() {
      started();
      await clock.advance(0);
    },
    interrupt: () => controller.abort(),
    outcomes: () => ends?.map(({ name, outcome }) => `${name} ${outcome}`),
  };
}

test("an open set: what appears is waited for, what is deleted does not count", async () => {
  const { tell, started, outcomes, told, all, clock } = following();
  tell("web", rolling("web"));
  tell("old", rolling("old"));
  await started();
  tell("web", complete("web"));
  tell("new", rolling("new"));
  tell("old", undefined);
  await clock.advance(0);
  assert.equal(outcomes(), undefined, "new is under way");
  tell("new", complete("new"));
  await all;
  assert.deepEqual(outcomes(), ["deployment/web complete", "deployment/new complete"]);
  assert.deepEqual(told, ["deployment/web complete", "deployment/old gone", "deployment/new complete"]);
});

test("what was complete and begins anew is waited for again", async () => {
  const { tell, started, outcomes, all, clock } = following();
  tell("web", complete("web"));
  tell("api", rolling("api"));
  await started();
  tell("web", rolling("web"));
  tell("api", complete("api"));
  await clock.advance(0);
  assert.equal(outcomes(), undefined);
  tell("web", broken("web"));
  await all;
  assert.deepEqual(outcomes(), ["deployment/web failed", "deployment/api complete"]);
});

test("all complete before all have been told of is no end", async () => {
  const { tell, started, outcomes, clock } = following();
  tell("web", complete("web"));
  await clock.advance(0);
  assert.equal(outcomes(), undefined);
  tell("api", complete("api"));
  await started();
  assert.deepEqual(outcomes(), ["deployment/web complete", "deployment/api complete"]);
});

test("a workload that was asked for by name and is deleted is an end that is told", async () => {
  const { tell, all, outcomes } = following({ named: [workload("web"), workload("api")] });
  tell("web", rolling("web"));
  tell("web", undefined);
  tell("api", complete("api"));
  await all;
  assert.deepEqual(outcomes(), ["deployment/web gone", "deployment/api complete"]);
});

test("until forever: until somebody has enough, or all that were named are gone", async () => {
  const open = following({ until: "forever" });
  open.tell("web", complete("web"));
  await open.started();
  assert.equal(open.outcomes(), undefined);
  open.interrupt();
  await open.all;
  assert.deepEqual(open.outcomes(), ["deployment/web interrupted"]);
  const named = following({ until: "forever", named: [workload("web")], withNamespace: true });
  named.tell("web", undefined);
  await named.all;
  assert.deepEqual(named.outcomes(), ["shop/deployment/web gone"]);
});

test("the time is over for those that have not ended", async () => {
  const { tell, started, outcomes, clock, all } = following({ timeoutMs: 5000 });
  tell("web", complete("web"));
  tell("api", rolling("api"));
  await started();
  await clock.advance(5000);
  await all;
  assert.deepEqual(outcomes(), ["deployment/web complete", "deployment/api timed-out"]);
});

test("what cannot be followed is an error", async () => {
  const start = (): Promise<never> => Promise.reject(new Error("pods is forbidden"));
  await assert.rejects(following({ start }).all, /pods is forbidden/);
});
