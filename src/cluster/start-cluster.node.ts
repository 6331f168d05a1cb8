/**
 * A cluster inside a test: real API server on a free port, real controllers and scheduler, simulated nodes, everything
 * in memory, on the machine's clock or on one that the test steps.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { type Log, silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { settle } from "../base/settle.node.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";
import type { NodeAgentConfig } from "../node/agent/config.ts";
import type { SimulatedBehaviour } from "../node/simulated/annotations.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import { startEngine } from "./engine.node.ts";
import { startSimulatedNode } from "./simulated-nodes.ts";

export interface ClusterOptions {
  /** How many simulated nodes. Default 1; 0 gives an API with controllers and nobody who runs Pods. */
  readonly nodes?: number;
  /** `virtual`: time stands still until the test moves it with `advance`. Default `real`. */
  readonly clock?: "real" | "virtual";
  /** Chooses every random decision. Default: 1 with a virtual clock, the machine's entropy with the real one. */
  readonly seed?: number;
  /** How Pods behave that carry no annotations of their own: start-up time, readiness, failures. */
  readonly pods?: Partial<SimulatedBehaviour>;
  /** Images (as Pods name them) that can't be pulled. */
  readonly imageFails?: (reference: string) => boolean;
  /** Size, labels and taints of the nodes, back-offs of their agents. */
  readonly node?: Partial<NodeAgentConfig>;
  /** Default true: releases are recorded, and annotations for rollback and configuration are followed. False: as plain Kubernetes. */
  readonly releases?: boolean;
  /** Port of the API on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Where components say what they do. Default: nowhere. */
  readonly log?: Log;
}

export interface Cluster {
  /** Of the API, such as `https://127.0.0.1:40123`. */
  readonly address: string;
  /** A kubeconfig (YAML) of the cluster's administrator, for any Kubernetes client. */
  readonly kubeconfig: string;
  /** A client in this process: no wire, no copies. What it gives is frozen. */
  readonly client: Client;
  readonly clock: Clock;
  /** Moves a virtual clock, running everything that falls due on the way. Throws with the real clock. */
  advance(ms: number): Promise<void>;
  /**
   * Waits until `condition` holds: moves a virtual clock as far as need be, or looks again and again on the real one.
   * Throws, naming `what`, after `limitMs` (default 60 s real, one hour virtual).
   */
  until(what: string, condition: () => boolean | Promise<boolean>, limitMs?: number): Promise<void>;
  /** Ends everything and frees the port. Idempotent. */
  stop(): Promise<void>;
}

const realLimitMs = 60_000;
const virtualLimitMs = 3_600_000;
const lookEveryMs = 5;
/** With a virtual clock a condition is asked this often (in virtual time) at the least. */
const virtualStepMs = 1000;

/** Starts a cluster; resolves when its API answers and its nodes are Ready. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const virtual = options.clock === "virtual" ? new VirtualClock(settle) : undefined;
  const clock = virtual ?? systemClock;
  const seed = options.seed ?? (virtual ? 1 : undefined);
  const world: World = { clock, random: seed === undefined ? systemRandom : seededRandom(seed), log: options.log ?? silentLog };
  const directory = await mkdtemp(join(tmpdir(), "windlass-cluster-"));
  const store = openMemoryStore();
  const starting = startEngine({
    world,
    store,
    pkiDirectory: directory,
    ...(options.port !== undefined && { port: options.port }),
    ...(options.releases !== undefined && { releases: options.releases }),
  });
  const engine = await whileMoving(virtual, starting).catch(async (error) => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  for (let index = 0; index < (options.nodes ?? 1); index++) {
    const name = `node-${index + 1}`;
    const agent = startSimulatedNode(engine.plane, world, {
      name,
      index,
      ...(options.pods && { behaviour: options.pods }),
      ...(options.imageFails && { imageFails: options.imageFails }),
      ...(options.node && { config: options.node }),
    });
    engine.agents.set(name, await whileMoving(virtual, agent));
  }
  let stopped: Promise<void> | undefined;
  return {
    address: `https://127.0.0.1:${engine.server.port}`,
    kubeconfig: engine.kubeconfig,
    client: engine.plane.client,
    clock,
    async advance(ms) {
      if (!virtual) throw new Error("only a virtual clock can be moved: start the cluster with { clock: 'virtual' }");
      await virtual.advance(ms);
    },
    async until(what, condition, limitMs = virtual ? virtualLimitMs : realLimitMs) {
      const endMs = clock.now() + limitMs;
      while (!(await condition())) {
        if (clock.now() >= endMs) throw new Error(`${what}: not within ${limitMs} ms`);
        if (virtual) {
          const dueMs = Math.min(virtual.nextDueMs() ?? endMs, endMs, clock.now() + virtualStepMs);
          await virtual.advance(Math.max(0, dueMs - clock.now()));
        } else await new Promise<void>((resolve) => systemClock.setTimer(lookEveryMs, resolve));
      }
    },
    stop() {
      stopped ??= (async () => {
        await whileMoving(virtual, engine.stop());
        await store.close();
        await rm(directory, { recursive: true, force: true });
      })();
      return stopped;
    },
  };
}

/** Keeps what is due now going until `work` has ended: a start must not wait for a clock that nobody moves. */
async function whileMoving<T>(clock: VirtualClock | undefined, work: Promise<T>): Promise<T> {
  if (!clock) return work;
  let isDone = false;
  const watched = work.finally(() => {
    isDone = true;
  });
  while (!isDone) await clock.advance(0);
  return watched;
}
