/** `windlass controller`: the release controllers against any cluster, one leader among its replicas, and the webhook on each. */
import { hostname } from "node:os";
import { calmLog } from "../base/calm-log.ts";
import { randomHex } from "../base/random.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import type { World } from "../base/world.ts";
import type { ControllerOptions } from "../cli/engine-commands.ts";
import type { Controller } from "../client/controller.ts";
import { informerFactory } from "../client/informers.ts";
import { startLeaderElection } from "../client/leader-election.ts";
import { eventBroadcaster } from "../client/recorder.ts";
import { leaseName } from "../release/controller/manifest.ts";
import { releaseControllers } from "../release/controller/release-controllers.ts";
import { consoleLog } from "./console-log.node.ts";
import { serveHealth } from "./controller-health.node.ts";
import { serveWebhook, type Webhook } from "./webhook-server.node.ts";

/** A server that does not answer must not keep who was told to end: what is not finished by then is finished by the next leader. */
const endWithinMs = 10_000;

/** Runs until it is interrupted, then lets go of the lease; resolves with the exit code. */
export async function releaseController(options: ControllerOptions): Promise<number> {
  const { client, interrupted, controllerNamespace } = options;
  const said = options.world?.log ?? consoleLog(process.env.WINDLASS_LOG === "debug" ? "debug" : "info");
  const { clock, random } = options.world ?? { clock: systemClock, random: systemRandom };
  const world: World = { clock, random, log: calmLog(said, clock) };
  const version = process.env.WINDLASS_VERSION ?? "development";
  let leading: Leading | undefined;
  let stopping: Promise<void> = Promise.resolve();
  let webhook: Webhook | undefined;
  // The controllers first, then the lease, then who is asked by others.
  const closers: (() => Promise<void>)[] = [];
  try {
    if (options.healthAddress !== undefined) {
      const health = await serveHealth(options.healthAddress, { version, leading: () => leading, webhook: () => webhook });
      closers.unshift(health.close);
      world.log.info("serves health and metrics", { port: health.port });
    }
    if (options.webhook) {
      const { address, certificate, key } = options.webhook;
      const files = certificate !== undefined && key !== undefined ? { certificate, key } : undefined;
      webhook = await serveWebhook({ client, world, address, namespace: controllerNamespace, ...(files && { files }) });
      closers.unshift(webhook.close);
    }
    /** Whether it is to lead, which it does as soon as what its last term left under way is over. */
    let wanted = false;
    let ending = false;
    const start = (): void => {
      wanted = !ending;
      void stopping.then(() => {
        if (wanted) leading ??= lead(options, world);
      });
    };
    const stop = (): void => {
      wanted = false;
      const term = leading;
      leading = undefined;
      if (term) stopping = stopping.then(term.stop);
    };
    if (options.leaderElection) {
      const election = startLeaderElection({
        client,
        world,
        lease: { namespace: controllerNamespace, name: leaseName },
        identity: `${hostname()}-${randomHex(random, 4)}`,
        onStarted: start,
        onStopped: stop,
      });
      closers.unshift(election.close);
    } else start();
    closers.unshift(() => {
      ending = true;
      stop();
      return stopping;
    });
    world.log.info("started", { version, namespace: options.namespace ?? "all namespaces" });
    await new Promise<void>((resolve) => {
      if (interrupted.aborted) resolve();
      else interrupted.addEventListener("abort", () => resolve(), { once: true });
    });
    world.log.info("stopping");
  } finally {
    await new Promise<void>((resolve) => {
      const limit = clock.setTimer(endWithinMs, resolve);
      closeInTurn(closers)
        .finally(() => limit.cancel())
        .then(resolve, resolve);
    });
  }
  return 0;
}

async function closeInTurn(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closers) await close();
}

interface Leading {
  readonly controllers: readonly Controller[];
  isSynced(): boolean;
  stop(): Promise<void>;
}

/** One term as the leader. */
function lead({ client, namespace }: ControllerOptions, world: World): Leading {
  const informers = informerFactory({ client, world, ...(namespace !== undefined && { namespace }) });
  const events = eventBroadcaster({ client, world });
  const controllers = releaseControllers({ client, informers, world, recorderFor: (component) => events.recorderFor(component) });
  let synced = false;
  let stopped = false;
  for (const controller of controllers) controller.start();
  informers.start();
  void informers.whenSynced().then(() => {
    if (stopped) return;
    synced = true;
    world.log.info("the release controllers run");
  });
  return {
    controllers,
    isSynced: () => synced,
    async stop() {
      stopped = true;
      await Promise.all(controllers.map((controller) => controller.stop()));
      informers.close();
      await events.flushed();
    },
  };
}
