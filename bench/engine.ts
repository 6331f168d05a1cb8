/** The engine as users start it, in a process and a home of its own, for a bench to measure from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Access, accessOf } from "./load/access.ts";
import { load } from "./load/load.ts";

export interface EngineOptions {
  /** Default: a new home, which goes when the engine stops. */
  readonly home?: string;
  readonly runtime?: "simulated" | "oci";
  readonly nodes?: number;
}

export interface Engine {
  readonly home: string;
  readonly pid: number;
  /** From the start of the process until `/readyz` said 200. */
  readonly readyMs: number;
  readonly access: Access;
  readonly kubeconfig: string;
  /** Resident memory in MiB. */
  memory(): number;
  /** Time on a processor since the start. */
  cpuMs(): number;
  /** SIGKILL: what a power cut would leave, but for the kernel's own caches. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const command = process.env.WINDLASS_BENCH_COMMAND ?? join(import.meta.dirname, "..", "bin", "windlass");
const lookEveryMs = 2;
const patienceMs = 60_000;
const clockTickMs = 10;

/** Engines that run now: none outlives the bench that started it, however that ends. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** A folder that goes with the run. */
export const scratch = (): string => mkdtempSync(join(process.env.WINDLASS_BENCH_SCRATCH ?? tmpdir(), "windlass-bench-"));

/** Starts an engine; resolves when it is ready. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const home = options.home ?? join(scratch(), "home");
  const port = await freePort();
  const args = ["up", "--home", home, "--port", String(port), "--runtime", options.runtime ?? "simulated"];
  if (options.nodes !== undefined) args.push("--nodes", String(options.nodes));
  const start = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let said = "";
  child.stderr?.on("data", (text: Buffer) => {
    said = (said + text).slice(-4000);
  });
  while ((await readyz(port)) !== 200) {
    if (child.exitCode !== null) throw new Error(`the engine ended with code ${child.exitCode}: ${said}`);
    if (performance.now() - start > patienceMs) throw new Error(`the engine is not ready after ${patienceMs} ms: ${said}`);
    await sleep(lookEveryMs);
  }
  const readyMs = performance.now() - start;
  const kubeconfig = join(home, "kubeconfig");
  while (!existsSync(kubeconfig)) await sleep(lookEveryMs);
  const pid = child.pid as number;
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited(child);
    }
    if (options.home === undefined && signal === "SIGTERM") rmSync(home, { recursive: true, force: true });
  };
  return {
    home,
    pid,
    readyMs,
    access: accessOf(kubeconfig),
    kubeconfig,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024,
    cpuMs() {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * clockTickMs;
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

const exited = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once("exit", resolve));

function readyz(port: number): Promise<number> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, path: "/readyz", rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", () => resolve(0));
  });
}

/** A port that nobody used a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/**
 * A home of its own whose store holds `count` ConfigMaps of 1.2 KiB, `many/object-0` and so on. It is made once in a run
 * and copied then, for making it takes longer than all that is measured on it.
 */
export async function homeWith(count: number): Promise<string> {
  const shared = join(process.env.WINDLASS_BENCH_SCRATCH ?? scratch(), `objects-${count}`);
  if (!existsSync(shared)) {
    const partial = `${shared}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const engine = await startEngine({ home: partial });
    await load({ job: "fill", access: engine.access, clients: 64, connections: 4, count, namespace: "many" });
    await engine.stop();
    renameSync(partial, shared);
  }
  const own = join(scratch(), "home");
  cpSync(shared, own, { recursive: true });
  return own;
}
