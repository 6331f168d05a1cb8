import assert from "node:assert/strict";
import { test } from "node:test";
import { conflict, notFound } from "../api/errors.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import { type KubeObject, keyText, type WatchEvent } from "../api/meta/object.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { Client, WatchHandler } from "./client.ts";
import { informerFactory } from "./informers.ts";
import { type ControllerDeps, type ControllerOptions, controller } from "./controller.ts";
import { done, type Outcome, requeueAfter, TerminalError } from "./outcome.ts";

/** A client that can only watch: the test says what happens. */
function setUp() {
  const clock = new VirtualClock(settle);
  const handlers = new Map<string, WatchHandler<never>>();
  const client = {
    watch(kind: { plural: string }, _: unknown, handler: WatchHandler<never>) {
      handlers.set(kind.plural, handler);
      return { close() {} };
    },
  } as unknown as Client;
  const world = { clock, random: seededRandom(1), log: silentLog };
  const informers = informerFactory({ client, world });
  const deps: ControllerDeps = { client, informers, world, recorderFor: () => ({ event() {} }) };
  let version = 1;
  const tell = (plural: string, type: string, name: string, over: Partial<KubeObject["metadata"]> = {}) => {
    const metadata = { name, namespace: "shop", uid: name, resourceVersion: String(++version), ...over };
    handlers.get(plural)?.event({ type, object: { apiVersion: "v1", kind: "X", metadata } } as unknown as WatchEvent<never>);
  };
  const synced = (plural: string) => tell(plural, "BOOKMARK", "", { annotations: { "k8s.io/initial-events-end": "true" } });
  return { clock, deps, informers, tell, synced };
}

/** A controller of ConfigMaps whose passes are recorded. */
function recorded(deps: ControllerDeps, pass: (key: string) => Promise<Outcome> = async () => done, options: ControllerOptions = {}) {
  const passes: string[] = [];
  const made = controller("test", deps, options)
    .reconciles(ConfigMap)
    .owns(Secret)
    .with(async (key) => {
      passes.push(keyText(key));
      return await pass(keyText(key));
    });
  return { passes, made };
}

const start = async (set: ReturnType<typeof setUp>, made: { start(): void }) => {
  made.start();
  set.informers.start();
  set.synced("configmaps");
  set.synced("secrets");
  await set.clock.advance(0);
};

test("nothing is reconciled before every cache is complete", async () => {
  const set = setUp();
  const { passes, made } = recorded(set.deps);
  made.start();
  set.informers.start();
  set.tell("configmaps", "ADDED", "a");
  set.synced("configmaps");
  await set.clock.advance(1000);
  assert.deepEqual(passes, []);
  set.synced("secrets");
  await set.clock.advance(0);
  assert.deepEqual(passes, ["shop/a"]);
});

test("a burst of changes is one pass", async () => {
  const set = setUp();
  const { passes, made } = recorded(set.deps);
  await start(set, made);
  for (let i = 0; i < 50; i++) set.tell("configmaps", i === 0 ? "ADDED" : "MODIFIED", "a");
  await set.clock.advance(0);
  assert.deepEqual(passes, ["shop/a"]);
});

test("two passes never hold one key, and several keys are worked on at once", async () => {
  const set = setUp();
  const running = new Map<string, number>();
  let most = 0;
  const { made, passes } = recorded(
    set.deps,
    async (key) => {
      assert.equal(running.get(key) ?? 0, 0, `${key} is held twice`);
      running.set(key, 1);
      most = Math.max(
        most,
        [...running.values()].reduce((sum, one) => sum + one, 0),
      );
      await new Promise<void>((resolve) => set.clock.setTimer(100, resolve));
      running.set(key, 0);
      return done;
    },
    { workers: 3 },
  );
  await start(set, made);
  for (const name of ["a", "b", "c", "d", "e"]) set.tell("configmaps", "ADDED", name);
  await set.clock.advance(50);
  for (const name of ["a", "b"]) set.tell("configmaps", "MODIFIED", name);
  await set.clock.advance(1000);
  assert.equal(most, 3);
  assert.deepEqual(passes.toSorted(), ["shop/a", "shop/a", "shop/b", "shop/b", "shop/c", "shop/d", "shop/e"]);
});

test("DEP-3: a pass that throws is tried again after 5, 10, 20 … ms, and dropped when it has failed too often", async () => {
  const set = setUp();
  const at: number[] = [];
  const begin = set.clock.now();
  const { made } = recorded(
    set.deps,
    async () => {
      at.push(set.clock.now() - begin);
      throw conflict({ group: "", resource: "configmaps", name: "a" }, "changed");
    },
    { retriesMax: 3 },
  );
  await start(set, made);
  set.tell("configmaps", "ADDED", "a");
  await set.clock.advance(100_000);
  assert.deepEqual(at, [0, 5, 15, 35]);
  assert.deepEqual({ ...made.metrics() }, { passes: 4, failures: 4, dropped: 1, queued: 0, delayed: 0, active: 0 });
  set.tell("configmaps", "MODIFIED", "a");
  await set.clock.advance(0);
  assert.equal(at.length, 5, "the next change tries again");
});

test("a TerminalError is not tried again", async () => {
  const set = setUp();
  const { passes, made } = recorded(set.deps, async () => {
    throw new TerminalError("hopeless");
  });
  await start(set, made);
  set.tell("configmaps", "ADDED", "a");
  await set.clock.advance(100_000);
  assert.deepEqual(passes, ["shop/a"]);
});

test("requeueAfter comes back then, and a change does not wait for it", async () => {
  const set = setUp();
  const at: number[] = [];
  const begin = set.clock.now();
  const { made } = recorded(set.deps, async () => {
    at.push(set.clock.now() - begin);
    return at.length < 3 ? requeueAfter(1000, "testing") : done;
  });
  await start(set, made);
  set.tell("configmaps", "ADDED", "a");
  await set.clock.advance(400);
  set.tell("configmaps", "MODIFIED", "a");
  await set.clock.advance(10_000);
  assert.deepEqual(at, [0, 400, 1000]);
});

test("changes of what is owned concern the owner, before and after", async () => {
  const set = setUp();
  const { passes, made } = recorded(set.deps);
  const ownedBy = (name: string, kind = "ConfigMap") => ({
    ownerReferences: [{ apiVersion: "v1", kind, name, uid: name, controller: true }],
  });
  await start(set, made);
  set.tell("secrets", "ADDED", "s", ownedBy("a"));
  await set.clock.advance(0);
  set.tell("secrets", "MODIFIED", "s", ownedBy("b"));
  await set.clock.advance(0);
  set.tell("secrets", "MODIFIED", "s", ownedBy("c", "Deployment"));
  await set.clock.advance(0);
  set.tell("secrets", "DELETED", "s", ownedBy("c", "Deployment"));
  await set.clock.advance(0);
  assert.deepEqual(passes, ["shop/a", "shop/b", "shop/a", "shop/b"]);
});

test("stop waits for the pass that runs, and nothing follows it", async () => {
  const set = setUp();
  let finish = (): void => {};
  const { passes, made } = recorded(set.deps, () => new Promise((resolve) => (finish = () => resolve(done))));
  await start(set, made);
  set.tell("configmaps", "ADDED", "a");
  await set.clock.advance(0);
  let stopped = false;
  const stopping = made.stop().then(() => (stopped = true));
  set.tell("configmaps", "MODIFIED", "a");
  await settle();
  assert.equal(stopped, false);
  finish();
  await stopping;
  await set.clock.advance(100_000);
  assert.deepEqual(passes, ["shop/a"]);
});

test("a failing handler of one controller does not keep another from hearing", async () => {
  const set = setUp();
  const failing = controller("failing", set.deps)
    .maps(ConfigMap, () => {
      throw notFound({ group: "", resource: "x", name: "y" });
    })
    .with(async () => done);
  const { passes, made } = recorded(set.deps);
  failing.start();
  await start(set, made);
  set.tell("configmaps", "ADDED", "a");
  await set.clock.advance(0);
  assert.deepEqual(passes, ["shop/a"]);
});
