/**
 * Lives through one plan: the real server core over a memory store, the real controllers, nodes that only report, and a clock that
 * moves when told. First anything may go wrong (safety: no promise may be broken by a controller), then nothing more does (liveness:
 * everything has to become well, stay so, and come to rest).
 */
import type { KindDefinition, KindRef } from "../api/kind.ts";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Namespace } from "../api/kinds/namespace/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import { Secret } from "../api/kinds/secret/index.ts";
import { ServiceAccount } from "../api/kinds/service-account/index.ts";
import { StorageClass } from "../api/kinds/storage-class/index.ts";
import { type KubeObject, keyOf } from "../api/meta/object.ts";
import { kinds } from "../api/registry.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import type { EventRecorder } from "../client/recorder.ts";
import { configurationRule } from "../cluster/configuration-rule.ts";
import { inProcessClient } from "../cluster/in-process-client.ts";
import { standardStorageClass } from "../controllers/local-volumes/index.ts";
import { createApi } from "../server/core/api.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import type { Checker, Scene } from "./checkers/checker.ts";
import { noFights } from "./checkers/no-fights.ts";
import { ownership } from "./checkers/ownership.ts";
import { isActive, isEnded } from "./checkers/pod-states.ts";
import { describeCommit } from "./describe-commit.ts";
import { type Commit, History } from "./history.ts";
import { createNetwork } from "./network.ts";
import { createNodes } from "./nodes.ts";
import { always, type ControllerProcess, ownedKinds, startProcess } from "./process.ts";
import { chainMs, lagMs, type Spec, type Step, stalenessMs, type WriteFault } from "./spec.ts";
import { createTrace } from "./trace.ts";
import { createUser } from "./user.ts";
import { workloads } from "./workloads/all.ts";
import { type Actor, finalImage, templateOf, type Workload } from "./workloads/workload.ts";

export interface RunOptions {
  /** Keeps every line of what happens. */
  readonly keepsTrace?: boolean;
  /** Stands in for the controllers of the workload: for showing that checkers find what is wrong with them. */
  readonly actors?: (actors: readonly Actor[]) => readonly Actor[];
}

export interface RunResult {
  /** The first promise that was broken. Undefined: all were kept. */
  readonly broken: string | undefined;
  /** Equal for equal runs. */
  readonly digest: string;
  readonly lines: readonly string[];
  /** How many writes the controllers made. */
  readonly writes: number;
}

/** Within so much virtual time everything becomes well once faults have stopped. */
const settleLimitMs = 7_200_000;
/** So long nobody may write when everything is well. */
const restMs = 660_000;

const sliceMs = 2000;

/** Runs a plan to its end, or to the first broken promise. */
export async function runSpec(spec: Spec, options: RunOptions = {}): Promise<RunResult> {
  const workload = workloads.find(({ name }) => name === spec.workload) as Workload;
  const clock = new VirtualClock(settle);
  const startMs = clock.now();
  const world: World = { clock, random: seededRandom(spec.seed + 1), log: silentLog };
  const store = openMemoryStore();
  const admission = workload.releases ? [configurationRule(() => server)] : [];
  const api = createApi({ store, kinds, world, admission });
  const server: Client = inProcessClient({
    api,
    kinds,
    user: { name: "system:admin", groups: ["system:masters", "system:authenticated"] },
    fieldManager: "simulation",
  });
  const history = new History();
  const trace = createTrace({ keepsLines: options.keepsTrace === true });
  const note = (sentence: string): void => trace.add(clock.now(), sentence);
  let broken: string | undefined;
  let writes = 0;

  const network = createNetwork({
    client: server,
    clock,
    random: seededRandom(spec.seed + 2),
    watchDelayMaxMs: spec.watchDelayMaxMs,
    latencyMaxMs: spec.latencyMaxMs,
    note,
  });
  const nodes = createNodes({
    client: network.directly("kubelet"),
    clock,
    random: seededRandom(spec.seed + 3),
    history,
    startMaxMs: spec.startMaxMs,
    stopMaxMs: spec.stopMaxMs,
    inDetail: workload.releases !== undefined,
    note,
  });
  const scene: Scene = {
    history,
    nowMs: () => clock.now(),
    stalenessMs: stalenessMs(spec),
    chainMs: chainMs(spec),
    lagMs: lagMs(spec),
    unanswered: (verb, kind) => network.unanswered.filter((each) => each.verb === verb && each.kind === kind).length,
  };
  const checkers = [ownership, noFights, ...workload.checkers].map((make) => make(scene));
  const isOver = (): boolean => broken !== undefined;
  const breaks = ({ name }: Pick<Checker, "name">, why: string): void => {
    if (broken !== undefined) return;
    broken = `${name}: ${why}`;
    note(`BROKEN: ${broken}`);
  };

  function observe(kind: string, object: KubeObject, isGone: boolean): void {
    const before = history.get({ kind } as KindRef, keyOf(object));
    const { actor, byController } = network.writer ?? { actor: "server", byController: false };
    const commit: Commit = { atMs: clock.now(), actor, byController, kind, before, after: isGone ? undefined : object };
    history.add(commit);
    if (byController) writes++;
    const { name, resourceVersion } = object.metadata;
    trace.add(commit.atMs, `${actor} ${kind} ${name} ${isGone ? "gone" : resourceVersion}`, () => describeCommit(commit));
    for (const checker of checkers) {
      const why = checker.commit?.(commit);
      if (why !== undefined) breaks(checker, why);
    }
    nodes.observe(commit);
  }

  const recorderFor = (component: string): EventRecorder => ({
    event: (object, type, reason, message) =>
      trace.add(
        clock.now(),
        `${component} ${reason}`,
        () => `${component} says of ${object.kind} ${object.metadata.name}: ${type} ${reason}: ${message}`,
      ),
  });
  /** A process that begins anew whenever it has died. Answers with what ends it for good. */
  function runs(what: string, actors: readonly Actor[], writeFaults: readonly WriteFault[]): () => void {
    let running: ControllerProcess | undefined;
    const connect = network.line({
      writeFaults,
      crashed(downMs) {
        note(`all ${what} end`);
        running?.kill();
        running = undefined;
        clock.setTimer(downMs, begin);
      },
    });
    const begin = (): void => {
      note(`${what} begin`);
      running = startProcess({ connection: connect(), world, actors: options.actors?.(actors) ?? actors, recorderFor });
    };
    begin();
    return () => running?.kill();
  }

  /** Moves time, though not much beyond a broken promise. */
  async function pass(ms: number): Promise<void> {
    const untilMs = clock.now() + ms;
    while (clock.now() < untilMs && !isOver()) await clock.advance(Math.min(sliceMs, untilMs - clock.now()));
  }

  const key = keyOf(spec.manifest);
  const user = createUser({
    network,
    history,
    kind: workload.kind,
    manifest: spec.manifest,
    note,
    async wait() {
      await pass(1000);
      return !isOver();
    },
  });

  async function take(step: Step): Promise<void> {
    if (step.do === "cut") {
      note(step.expired ? "all watches break and their versions are forgotten" : "all watches break");
      network.breakWatches(step);
    } else if (step.do === "pod" || step.do === "node") await nodes.strike(step);
    else await user.take(step);
  }

  /** Moves time until all is well and at rest. */
  async function settled(what: string, asked: readonly Checker[]): Promise<void> {
    const since = clock.now();
    let stepMs = 500;
    for (;;) {
      const unsettled = first(asked, (checker) => checker.unsettled?.());
      if (!unsettled || isOver()) break;
      if (clock.now() - since > settleLimitMs) return breaks(unsettled.checker, `${what}: ${unsettled.why}`);
      await pass(stepMs);
      stepMs = Math.min(Math.floor(stepMs * 1.3), 60_000);
    }
    await pass(15_000);
    const before = writes;
    await pass(restMs);
    if (writes !== before) breaks({ name: "quiescence" }, `${what}: ${writes - before} writes of controllers although all was well`);
    const unsettled = first(asked, (checker) => checker.unsettled?.());
    if (unsettled) breaks(unsettled.checker, `${what}: it did not stay so: ${unsettled.why}`);
  }

  /** Moves time until nobody writes any more, whether all is well or not, and asks then. */
  async function judged(verdicts: readonly Checker[]): Promise<void> {
    const since = clock.now();
    for (let before = -1; before !== writes && !isOver(); ) {
      if (clock.now() - since > settleLimitMs) return breaks({ name: "quiescence" }, "controllers go on writing although nothing happens");
      before = writes;
      await pass(restMs);
    }
    const unsettled = first(verdicts, (checker) => checker.unsettled?.());
    if (unsettled) breaks(unsettled.checker, unsettled.why);
  }

  /** As somebody would who is tired of waiting: takes the Pods away that can't become ready. */
  async function removeBroken(): Promise<void> {
    for (const pod of history.list(Pod)) {
      if (isActive(pod) && !nodes.canServe(pod)) await user.client.delete(Pod, keyOf(pod)).catch(() => {});
    }
  }

  async function storm(): Promise<void> {
    for (const step of workload.releases?.configuration ?? []) await user.take(step);
    await user.create();
    for (const step of spec.steps) {
      await pass(Math.max(0, startMs + step.atMs - clock.now()));
      if (isOver()) return;
      await take(step);
    }
    await pass(10_000);
  }

  async function live(): Promise<void> {
    await storm();
    if (isOver()) return;
    note("no more faults");
    network.calm();
    await nodes.recover();
    await pass(scene.stalenessMs);
    if (workload.releases) await judged(workload.releases.verdicts.map((make) => make(scene)));
    if (isOver()) return;
    for (const step of workload.releases?.configuration ?? []) await user.take(step);
    await user.patch(workload.finish(spec));
    for (let round = 0; round < 3 && workload.needsAHand(spec.manifest) && !isOver(); round++) {
      await pass(30_000);
      await removeBroken();
    }
    await settled("after all faults", checkers);
    if (isOver()) return;
    const endings: Record<Spec["ending"], () => Promise<void>> = {
      none: async () => {},
      "bad-image": workload.releases ? badRelease : badImage,
      delete: remove,
      orphan: again,
    };
    await endings[spec.ending]();
  }

  async function badImage(): Promise<void> {
    if (!workload.stuck) return;
    note("the user: an image that can't be pulled");
    const stuck = [workload.stuck(scene)];
    await user.patch({ spec: { progressDeadlineSeconds: 60, template: templateOf("v10-bad") } });
    await settled("with an image that can't be pulled", stuck);
    if (isOver()) return;
    note("the user: undo");
    await user.patch({ spec: { template: templateOf(finalImage) } });
    await settled("after the undo", checkers);
  }

  /** Nobody undoes it: all is to be as it was before. */
  async function badRelease(): Promise<void> {
    const bad = workload.releases?.badTemplate(spec.manifest);
    if (!bad) return;
    note("the user: a release that can't succeed");
    await user.patch(bad);
    await settled("after a release that can't succeed", checkers);
  }

  async function again(): Promise<void> {
    const uids = (): string =>
      history
        .list(Pod)
        .map(({ metadata }) => metadata.uid)
        .sort()
        .join();
    const before = uids();
    await user.take({ do: "orphan" });
    await settled("after it was made again", checkers);
    if (!isOver() && uids() !== before) breaks({ name: "adoption" }, "a workload that was made again replaced Pods that fit");
  }

  async function remove(): Promise<void> {
    const foreground = spec.seed % 2 === 0;
    note(`the user deletes the workload, ${foreground ? "its Pods first" : "and its Pods go after it"}`);
    await user.client.delete(workload.kind, key, { propagationPolicy: foreground ? "Foreground" : "Background" });
    const gone: Checker = {
      name: "everything goes with its owner",
      unsettled() {
        if (history.get(workload.kind, key)) return "the workload is still there";
        // A Pod that had ended before its owner was made again was never adopted.
        return history.list(Pod).some((pod) => !isEnded(pod)) ? "Pods are still there" : undefined;
      },
    };
    await settled("after the deletion", [gone, ...checkers]);
  }

  const configurationKinds = workload.releases ? ([ConfigMap, Secret] as unknown as readonly KindDefinition[]) : [];
  const owned = [...ownedKinds, ...configurationKinds];
  for (const kind of [...owned, Node as unknown as KindRef]) {
    server.watch(
      kind,
      {},
      {
        event: ({ type, object }) => {
          if (type !== "BOOKMARK") observe(kind.kind, object, type === "DELETED");
        },
        end() {},
      },
    );
  }
  const admin = network.directly("setup");
  for (const name of ["default", "kube-node-lease"])
    await admin.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  await admin.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
  await admin.create(StorageClass, standardStorageClass);
  for (let index = 0; index < spec.nodes; index++) await nodes.add();
  const ends = [runs("controllers", [...always(owned), ...workload.actors], spec.writeFaults)];
  if (workload.releases) ends.push(runs("controllers of releases", workload.releases.actors, spec.releaseFaults ?? []));
  await clock.advance(0);
  try {
    await live();
  } catch (error) {
    breaks({ name: "the run" }, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const end of ends) end();
  api.close();
  await store.close();
  return { broken, digest: trace.digest(), lines: trace.lines, writes };
}

function first<T>(
  checkers: readonly Checker[],
  ask: (checker: Checker) => T | undefined,
): { readonly checker: Checker; readonly why: T } | undefined {
  for (const checker of checkers) {
    const why = ask(checker);
    if (why !== undefined) return { checker, why };
  }
  return undefined;
}
