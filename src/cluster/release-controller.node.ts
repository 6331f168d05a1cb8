/** `windlass controller`: the release controllers against any cluster, one leader among its replicas, and the webhook on each. */
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { hostname } from "node:os";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import { randomHex } from "../base/random.ts";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import type { World } from "../base/world.ts";
import type { ControllerOptions } from "../cli/engine-commands.ts";
import type { Controller } from "../client/controller.ts";
import { informerFactory } from "../client/informers.ts";
import { startLeaderElection } from "../client/leader-election.ts";
import { eventBroadcaster } from "../client/recorder.ts";
import { reviewWorkload } from "../release/configuration/webhook.ts";
import { leaseName, webhookPath } from "../release/controller/manifest.ts";
import { releaseControllers } from "../release/controller/release-controllers.ts";
import { consoleLog } from "./console-log.node.ts";
import { trustCertificate, webhookCertificate } from "./webhook-certificate.node.ts";

const reviewMaxBytes = 8 * 1024 * 1024;
/** How often the certificate is looked at: another replica may have renewed it. */
const certificateCheckMs = 300_000;

/** Runs until it is interrupted, then lets go of the lease; resolves with the exit code. */
export async function releaseController(options: ControllerOptions): Promise<number> {
  const { client, interrupted } = options;
  const log = options.log ?? consoleLog(process.env.WINDLASS_LOG === "debug" ? "debug" : "info");
  const world: World = { clock: systemClock, random: systemRandom, log };
  let leading: Leading | undefined;
  let stopping: Promise<void> = Promise.resolve();
  const closers: (() => Promise<void>)[] = [];
  try {
    if (options.healthAddress !== undefined) closers.push(await serveHealth(options.healthAddress, () => leading, world));
    if (options.webhook) closers.push(await serveWebhook(options, world));
    const start = (): void => {
      // What the last term left under way must be over before the next begins.
      const before = stopping;
      void before.then(() => {
        leading ??= lead(options, world);
      });
    };
    const stop = (): void => {
      const term = leading;
      leading = undefined;
      if (term) stopping = stopping.then(term.stop);
    };
    if (options.leaderElection) {
      const election = startLeaderElection({
        client,
        world,
        lease: { namespace: options.controllerNamespace, name: leaseName },
        identity: `${hostname()}-${randomHex(systemRandom, 4)}`,
        onStarted: start,
        onStopped: stop,
      });
      closers.unshift(() => election.close());
    } else start();
    closers.unshift(async () => {
      stop();
      await stopping;
    });
    await new Promise<void>((resolve) => {
      if (interrupted.aborted) resolve();
      else interrupted.addEventListener("abort", () => resolve(), { once: true });
    });
    log.info("stopping");
  } finally {
    // The controllers first, then the lease, then who asks how it is.
    for (const close of closers) await close();
  }
  return 0;
}

interface Leading {
  readonly controllers: readonly Controller[];
  isSynced(): boolean;
  stop(): Promise<void>;
}

function lead({ client, namespace }: ControllerOptions, world: World): Leading {
  const informers = informerFactory({ client, world, ...(namespace !== undefined && { namespace }) });
  const events = eventBroadcaster({ client, world });
  const controllers = releaseControllers({ client, informers, world, recorderFor: (component) => events.recorderFor(component) });
  let synced = false;
  for (const controller of controllers) controller.start();
  informers.start();
  void informers.whenSynced().then(() => {
    synced = true;
    world.log.info("the release controllers run", { namespace: namespace ?? "all namespaces" });
  });
  return {
    controllers,
    isSynced: () => synced,
    async stop() {
      await Promise.all(controllers.map((controller) => controller.stop()));
      informers.close();
      await events.flushed();
    },
  };
}

/** `/healthz`: the process is there. `/readyz`: it leads with complete caches, or waits for its turn. `/metrics`: what the controllers did. */
async function serveHealth(address: string, leading: () => Leading | undefined, world: World): Promise<() => Promise<void>> {
  const server = createHttpServer((request, response) => {
    const answers: Record<string, () => readonly [number, string]> = {
      "/healthz": () => [200, "ok"],
      "/readyz": () => (leading()?.isSynced() === false ? [503, "caches are not complete"] : [200, "ok"]),
      "/metrics": () => [200, metricsText(leading())],
    };
    const [status, text] = answers[request.url ?? ""]?.() ?? [404, "not found"];
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
  });
  const port = await listen(server, address);
  world.log.info("serves health and metrics", { port });
  return () => close(server);
}

function metricsText(leading: Leading | undefined): string {
  const lines = ["# TYPE windlass_controller_leader gauge", `windlass_controller_leader ${leading ? 1 : 0}`];
  for (const counter of ["passes", "failures", "dropped", "queued"] as const) {
    lines.push(`# TYPE windlass_controller_${counter} ${counter === "queued" ? "gauge" : "counter"}`);
    for (const { name, metrics } of leading?.controllers ?? []) {
      lines.push(`windlass_controller_${counter}{controller=${JSON.stringify(name)}} ${metrics()[counter]}`);
    }
  }
  return lines.join("\n");
}

async function serveWebhook({ client, controllerNamespace, webhook }: ControllerOptions, world: World): Promise<() => Promise<void>> {
  const { address, certificate, key } = webhook as NonNullable<ControllerOptions["webhook"]>;
  const isOwn = certificate === undefined || key === undefined;
  const current = async () => {
    if (!isOwn) return { cert: readFileSync(certificate), key: readFileSync(key) };
    const known = await webhookCertificate({ client, namespace: controllerNamespace, nowMs: world.clock.now() });
    await trustCertificate(client, known.ca, world.log);
    return { cert: known.certificate, key: known.key };
  };
  const server = createHttpsServer({ ...(await current()), minVersion: "TLSv1.2" }, (request, response) => {
    void review(request, response).catch((error: unknown) => {
      const isTheirs = error instanceof TypeError || error instanceof SyntaxError;
      if (!isTheirs) world.log.error("a review failed", { error: error instanceof Error ? error.message : String(error) });
      if (!response.headersSent) response.writeHead(isTheirs ? 400 : 500, { "content-type": "text/plain" });
      response.end(isTheirs ? error.message : "the review failed");
    });
  });
  async function review(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST" || request.url?.split("?")[0] !== webhookPath) {
      response.writeHead(404).end();
      return;
    }
    const answer = await reviewWorkload(JSON.parse(await bodyOf(request)), client);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }
  const port = await listen(server, address);
  world.log.info("serves the webhook", { port, path: webhookPath });
  const renew = (): void => {
    timer = world.clock.setTimer(certificateCheckMs, renew);
    current().then(
      (credential) => (server as HttpsServer).setSecureContext({ ...credential, minVersion: "TLSv1.2" }),
      (error: unknown) => world.log.warn("the webhook's certificate could not be looked at", { error: String(error) }),
    );
  };
  let timer = world.clock.setTimer(certificateCheckMs, renew);
  return () => {
    timer.cancel();
    return close(server);
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > reviewMaxBytes) throw new TypeError(`the body has more than ${reviewMaxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `:8080`, `127.0.0.1:0`. Resolves with the port. */
function listen(server: Server | HttpsServer, address: string): Promise<number> {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: Number(address.slice(colon + 1)), ...(host && { host }) }, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound ? bound.port : 0);
    });
  });
}

const close = (server: Server | HttpsServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
