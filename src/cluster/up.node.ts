/**
 * `windlass up`: boots an engine in a home, keeps it running until it is told to stop, and takes everything down then.
 * With `--detach` a second process does that, and this one returns when the API is ready.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock, systemRandom } from "../base/system-world.node.ts";
import { formatTime } from "../base/time.ts";
import type { World } from "../base/world.ts";
import type { UpOptions } from "../cli/engine-commands.ts";
import { compactPeriodically } from "../store/compact-periodically.ts";
import { openSqliteStore } from "../store/sqlite-store.node.ts";
import { consoleLog } from "./console-log.node.ts";
import { detachedOutput } from "./detached-output.ts";
import { type Engine, startEngine } from "./engine.node.ts";
import {
  type EngineState,
  exportLine,
  type Home,
  homeAt,
  openLog,
  processStart,
  readEngineState,
  runningEngine,
  writeEngineState,
} from "./home.node.ts";
import { claimInstance, findInstance, type Instance, releaseInstance } from "./instance.node.ts";
import { planNodes, startNodes } from "./nodes.node.ts";
import { takeDown } from "./take-down.node.ts";
import { volumeDirectories } from "./volume-directories.node.ts";

const defaultPort = 6443;
const readyFd = 3;
const detachPatienceMs = 60_000;

/** Starts an engine; resolves with the exit code: with `--detach` once it is ready, else when it has been stopped. */
export async function up(options: UpOptions): Promise<number> {
  const home = homeAt(options.home);
  const running = runningEngine(home);
  if (running) {
    console.error(`error: an engine is already up in ${home.path} (pid ${running.pid}, port ${running.port}); see 'windlass status'`);
    return 1;
  }
  return options.detach ? detach(home) : run(home, options);
}

async function run(home: Home, options: UpOptions): Promise<number> {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  // A home that was there before may be shared, such as /tmp: its mode is its owner's affair. What is made in it is ours alone.
  mkdirSync(home.store, { recursive: true, mode: 0o700 });
  const log = consoleLog(process.env.WINDLASS_LOG === "debug" ? "debug" : "info");
  const world: World = { clock: systemClock, random: systemRandom, log };
  const stopping = stopSignal();
  const last = readEngineState(home);
  const plan = await planNodes(options.runtime, options.nodes ?? last?.nodes ?? 1);
  // What a killed engine left in the kernel stays claimed until `down`, whether this one starts or not.
  const wasClaimed = findInstance(home.path) !== undefined;
  const instance = claimInstance(home.path, last?.instance);
  const store = openSqliteStore({ path: join(home.store, "windlass.db") });
  const compaction = compactPeriodically(store, world.clock, (error) => log.error("compaction failed", { error: String(error) }));
  const stateOf = (port: number, ready: boolean): EngineState => ({
    pid: process.pid,
    processStart: processStart(process.pid) as string,
    port,
    instance: instance.number,
    runtime: plan.runtime,
    ...(plan.why !== undefined && { why: plan.why }),
    nodes: plan.count,
    version: process.env.WINDLASS_VERSION ?? "development",
    startedAt: formatTime(world.clock.now()),
    ready,
  });
  const usualPort = last?.port ?? defaultPort;
  // From here on `down` and another `up` know of this process, which has the store for itself.
  writeEngineState(home, stateOf(usualPort, false));
  const port = options.port ?? (await ownPort(usualPort));
  let engine: Engine;
  try {
    engine = await startEngine({
      world,
      store,
      pkiDirectory: home.pki,
      socketPath: home.socket,
      port,
      releases: options.releases,
      serviceCidr: instance.serviceCidr,
      ...(plan.runtime === "oci" && { podFacingIp: podFacingIp(instance), volumes: volumeDirectories(home.volumes) }),
    });
  } catch (error) {
    compaction.cancel();
    await store.close();
    if (!wasClaimed) releaseInstance(instance);
    throw explained(error, port);
  }
  writeKubeconfig(home, engine.kubeconfig);
  const state = stateOf(engine.server.port, true);
  writeEngineState(home, state);
  const starting = startNodes({
    engine,
    world,
    home,
    instance,
    plan,
    ...(options.restartBackoff && { agent: { restartBackOff: options.restartBackoff } }),
  });
  greet(home, state);
  starting.catch((error) =>
    log.error("nodes could not be started", { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  await stopping;
  log.info("stopping");
  // Nodes that never came up have left something, too: `takeDown` finds it.
  const nodes = await starting.catch(() => undefined);
  await nodes?.stop();
  await engine.stop();
  compaction.cancel();
  await store.close();
  await takeDown(home);
  return 0;
}

/** The usual port, or, where another program has it and nobody asked for it by number, one that the system chooses. */
async function ownPort(usual: number): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(0));
    probe.listen(usual, "127.0.0.1", () => probe.close(() => resolve(usual)));
  });
}

/** Where Pods of the first node find this machine: the gateway of their network. */
const podFacingIp = (instance: Instance): string => instance.podCidr.replace(/\.0\/16$/, ".1");

/** The first of SIGINT and SIGTERM. A second one ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    const stop = (): void => {
      if (asked++ > 0) process.exit(130);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    // A terminal that goes away does not take the engine with it.
    process.on("SIGHUP", () => {});
  });
}

function writeKubeconfig(home: Home, text: string): void {
  writeFileSync(`${home.kubeconfig}.partial`, text, { mode: 0o600 });
  renameSync(`${home.kubeconfig}.partial`, home.kubeconfig);
}

function explained(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return new Error(`port ${port} is taken by another program; choose one with --port`, { cause: error });
  if (code === "EACCES") return new Error(`port ${port} may not be used: ${(error as Error).message}`, { cause: error });
  return error;
}

function greet(home: Home, state: EngineState): void {
  const lines = [
    `Windlass ${state.version} is up: https://127.0.0.1:${state.port}, ${state.nodes} ${state.nodes === 1 ? "node" : "nodes"}, ${state.runtime === "simulated" ? "simulated Pods" : "real containers"}.`,
    ...(state.why === undefined ? [] : [`Pods are simulated: ${state.why}.`]),
    `  ${exportLine(home)}`,
  ];
  console.log(lines.join("\n"));
  if (process.env.WINDLASS_DETACHED === "1") {
    writeSync(readyFd, "ready\n");
    closeSync(readyFd);
  }
}

/** Starts the same command in the background and waits until it says that it is ready, or ends. */
async function detach(home: Home): Promise<number> {
  const log = openLog(home);
  const logStart = existsSync(home.log) ? readFileSync(home.log).length : 0;
  const args = process.argv.slice(1).filter((arg) => arg !== "--detach" && arg !== "-d");
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    env: { ...process.env, WINDLASS_DETACHED: "1" },
  });
  closeSync(log);
  const outcome = await new Promise<"ready" | "ended" | "late">((resolve) => {
    const timer = systemClock.setTimer(detachPatienceMs, () => resolve("late"));
    child.stdio[readyFd]?.on("data", () => {
      timer.cancel();
      resolve("ready");
    });
    child.on("exit", () => {
      timer.cancel();
      resolve("ended");
    });
  });
  if (outcome === "ready") {
    child.unref();
    child.stdio[readyFd]?.destroy();
    const { said, reported } = detachedOutput(readFileSync(home.log).subarray(logStart).toString("utf8"));
    process.stderr.write(reported);
    process.stdout.write(said);
    return 0;
  }
  if (outcome === "late") process.kill(child.pid as number, "SIGTERM");
  process.stderr.write(readFileSync(home.log).subarray(logStart).toString("utf8"));
  console.error(
    outcome === "late"
      ? `error: the engine was not ready within ${detachPatienceMs / 1000} s; its log is ${home.log}`
      : "error: the engine did not start",
  );
  return 1;
}
