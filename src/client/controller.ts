/**
 * The loop that all controllers share: watched changes become keys, keys wait in a queue, a few workers reconcile them.
 * Two workers never hold one key. A pass that throws is tried again, ever more slowly; a key carries no event, so a
 * pass asks what is, never what happened.
 *
 *     controller("deployment", deps).reconciles(Deployment).owns(ReplicaSet).maps(Pod, deploymentOfPod).with(reconcile)
 */
import { isConflict } from "../api/errors.ts";
import { apiVersionOf, type KindRef } from "../api/kind.ts";
import { type KubeObject, keyOf, keyText, type ObjectKey, parseKey } from "../api/meta/object.ts";
import type { OwnerReference } from "../api/types.ts";
import type { World } from "../base/world.ts";
import type { Client } from "./client.ts";
import type { Change } from "./informer.ts";
import type { Informers } from "./informers.ts";
import type { EventRecorder } from "./recorder.ts";
import { WorkQueue } from "./work-queue.ts";
import { controllerOf } from "../machinery/owners.ts";
import { type Outcome, TerminalError } from "./outcome.ts";

/** Everything that a controller may use. */
export interface ControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly world: World;
  /** A recorder whose events carry this component as their source. */
  recorderFor(component: string): EventRecorder;
}

/** What a controller has done so far. Counters only grow. */
export interface ControllerMetrics {
  readonly passes: number;
  readonly failures: number;
  /** Keys given up after too many failures, or at once for a `TerminalError`. */
  readonly dropped: number;
  /** Keys waiting now. */
  readonly queued: number;
  /** Keys that wait for their time. */
  readonly delayed: number;
  /** Keys being reconciled now. */
  readonly active: number;
}

export interface Controller {
  readonly name: string;
  /** Begins as soon as all caches it reads are complete. */
  start(): void;
  /** Takes no more keys; resolves when no pass is running. */
  stop(): Promise<void>;
  metrics(): ControllerMetrics;
}

/** Asks for a pass over a key: now, or in a while. */
export interface Enqueue {
  (key: ObjectKey): void;
  after(key: ObjectKey, delayMs: number): void;
}

export interface ControllerOptions {
  /** Passes at one time, each on another key. Default 5. */
  readonly workers?: number;
  /** After so many failures in a row a key rests until something changes. Default: never. */
  readonly retriesMax?: number;
}

/** What a controller watches, and what a change of it concerns. */
export interface ControllerBuilder {
  /** The kind whose keys are reconciled. */
  reconciles<T extends KubeObject>(kind: KindRef<T>): ControllerBuilder;
  /** Changes of these concern the object of the reconciled kind that is their controller, before and after the change. */
  owns<T extends KubeObject>(kind: KindRef<T>): ControllerBuilder;
  /** Changes of these concern whatever keys `map` names. */
  maps<T extends KubeObject>(kind: KindRef<T>, map: (object: T, change: Change<T>) => Iterable<ObjectKey> | undefined): ControllerBuilder;
  /** For what the above can't say: `handle` is told each change and may ask for passes. */
  watches<T extends KubeObject>(kind: KindRef<T>, handle: (change: Change<T>, enqueue: Enqueue) => void): ControllerBuilder;
  /** Caches that a pass reads although their changes concern nobody. */
  reads<T extends KubeObject>(kind: KindRef<T>): ControllerBuilder;
  /** Ends the description. `reconcile` brings what is closer to what is wanted. */
  with(reconcile: (key: ObjectKey, deps: ControllerDeps) => Promise<Outcome>): Controller;
}

const workersDefault = 5;

/** Begins the description of a controller. */
export function controller(name: string, deps: ControllerDeps, options: ControllerOptions = {}): ControllerBuilder {
  const { informers, world } = deps;
  const { clock, log } = world;
  const workers = options.workers ?? workersDefault;
  const retriesMax = options.retriesMax ?? Number.POSITIVE_INFINITY;
  /** Each begins to listen, and returns what ends it. */
  const subscriptions: (() => () => void)[] = [];
  const kinds: KindRef<never>[] = [];
  let reconciled: KindRef | undefined;

  let state: "new" | "running" | "stopped" = "new";
  let synced = false;
  let pumping = false;
  let active = 0;
  let passes = 0;
  let failures = 0;
  let dropped = 0;
  let unsubscribes: (() => void)[] = [];
  const idle: (() => void)[] = [];

  // A pass never starts inside the call that made its key ready: that call may be the middle of somebody's commit.
  // Waiting for the next turn also lets a burst of changes become one pass, and input and output get their share of time.
  const queue = new WorkQueue({
    clock,
    onReady() {
      if (pumping || !synced || state !== "running") return;
      pumping = true;
      clock.setTimer(0, pump);
    },
  });
  const enqueue: Enqueue = Object.assign((key: ObjectKey) => queue.add(keyText(key)), {
    after: (key: ObjectKey, delayMs: number) => queue.addAfter(keyText(key), delayMs),
  });

  function watches<T extends KubeObject>(kind: KindRef<T>, handle: (change: Change<T>, enqueue: Enqueue) => void): ControllerBuilder {
    const informer = informers.of(kind);
    kinds.push(kind as unknown as KindRef<never>);
    subscriptions.push(() => informer.addHandler((change) => handle(change, enqueue)));
    return builder;
  }

  const builder: ControllerBuilder = {
    reconciles<T extends KubeObject>(kind: KindRef<T>) {
      reconciled = kind as unknown as KindRef;
      return watches(kind, ({ object }) => enqueue(keyOf(object)));
    },
    owns<T extends KubeObject>(kind: KindRef<T>) {
      return watches(kind, (change) => {
        const owner = ownerKey(change.object, reconciled);
        if (owner) enqueue(owner);
        if (change.type !== "updated") return;
        const before = ownerKey(change.old, reconciled);
        if (before && before.name !== owner?.name) enqueue(before);
      });
    },
    maps(kind, map) {
      return watches(kind, (change) => {
        for (const key of map(change.object, change) ?? []) enqueue(key);
      });
    },
    watches,
    reads(kind) {
      informers.of(kind);
      kinds.push(kind as unknown as KindRef<never>);
      return builder;
    },
    with(reconcile) {
      run = reconcile;
      return { name, start, stop, metrics };
    },
  };
  let run: (key: ObjectKey, deps: ControllerDeps) => Promise<Outcome>;

  function start(): void {
    if (state !== "new") return;
    state = "running";
    for (const subscribe of subscriptions) unsubscribes.push(subscribe());
    void Promise.all(kinds.map((kind) => informers.of(kind).whenSynced())).then(() => {
      synced = true;
      if (state === "running") pump();
    });
  }

  async function stop(): Promise<void> {
    if (state === "stopped") return;
    state = "stopped";
    for (const unsubscribe of unsubscribes) unsubscribe();
    unsubscribes = [];
    queue.close();
    if (active > 0) await new Promise<void>((resolve) => idle.push(resolve));
  }

  const metrics = (): ControllerMetrics => ({ passes, failures, dropped, queued: queue.size, delayed: queue.delayedSize, active });

  function pump(): void {
    pumping = false;
    while (state === "running" && active < workers) {
      const key = queue.take();
      if (key === undefined) return;
      active++;
      void pass(key).then(() => {
        queue.done(key);
        active--;
        if (active === 0) for (const resolve of idle.splice(0)) resolve();
        if (queue.size > 0 && !pumping && state === "running") {
          pumping = true;
          clock.setTimer(0, pump);
        }
      });
    }
  }

  /** Never rejects. */
  async function pass(key: string): Promise<void> {
    passes++;
    try {
      const outcome = await run(parseKey(key), deps);
      queue.forget(key);
      if (outcome.type === "requeue") queue.addAfter(key, Math.max(1, outcome.afterMs));
    } catch (error) {
      failed(key, error);
    }
  }

  function failed(key: string, error: unknown): void {
    if (state === "stopped") return;
    failures++;
    const fields = { controller: name, key, error: error instanceof Error ? error.message : String(error) };
    if (error instanceof TerminalError || queue.failures(key) >= retriesMax) {
      dropped++;
      queue.forget(key);
      log.error("gave up reconciling", fields);
      return;
    }
    // A conflict says only that somebody was faster, which is everyday life.
    if (isConflict(error)) log.debug("reconciling met a newer version", fields);
    else log.warn("reconciling failed; will try again", fields);
    queue.addRateLimited(key);
  }

  return builder;
}

/** The key of the object of `kind` that controls `object`. */
function ownerKey(object: KubeObject, kind: KindRef | undefined): ObjectKey | undefined {
  const reference = controllerOf(object) as OwnerReference | undefined;
  if (!reference || !kind || reference.kind !== kind.kind || reference.apiVersion !== apiVersionOf(kind)) return undefined;
  if (kind.scope === "Cluster" || object.metadata.namespace === undefined) return { name: reference.name };
  return { namespace: object.metadata.namespace, name: reference.name };
}
