/**
 * The to-do application while its database is updated: four people add items and four read the list, all the time, through the
 * proxy. How long nobody could, and whether an item that was accepted is gone. Needs root and the images of the examples.
 *
 *     npm run bench -- todo-list
 */
import { execFile, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Engine, scratch, startEngine } from "./engine.ts";
import { type Figure, median, progress, report } from "./figures.ts";

const root = join(import.meta.dirname, "..");
const command = process.env.WINDLASS_BENCH_COMMAND ?? join(root, "bin", "windlass");
const kubectl = process.env.WINDLASS_BENCH_KUBECTL ?? "kubectl";
const archives = ["ch03-sleep.tar", "ch04-todo-list.tar", "nginx.tar", "postgres.tar"].map((name) => join(root, "images", name));
const people = 4;
const pauseMs = 10;
const patienceMs = 10_000;
const quietMs = 1000;
const agent = new Agent({ keepAlive: true });
/** From the earlier image to the later one and back, so that each is a real update. */
const updates = ["db/update/todo-db-rollingUpdate.yaml", "db/todo-db.yaml", "db/update/todo-db-rollingUpdate.yaml"];

if (process.getuid?.() !== 0 || !archives.every((archive) => existsSync(archive))) {
  progress("left out: needs root and the images of the to-do application");
  process.exit(0);
}

interface Watched {
  /** The longest time in which no call succeeded. */
  gapMs: number;
  calls: number;
  failed: number;
}

const engine = await startEngine({ runtime: "oci", nodes: 1 });
const figures: Figure[] = [];
try {
  for (const archive of archives) {
    const { status, stderr } = spawnSync(command, ["image", "load", "--home", engine.home, archive], { encoding: "utf8" });
    if (status !== 0) throw new Error(`the image can't be loaded: ${stderr}`);
  }
  const manifests = join(scratch(), "todo-list");
  cpSync(join(root, "examples", "todo-list"), manifests, { recursive: true });
  // The port on this machine may be another engine's; the proxy's own address is as good.
  const service = join(manifests, "proxy", "nginx-service.yaml");
  writeFileSync(service, readFileSync(service, "utf8").replace("type: LoadBalancer", "type: ClusterIP"));
  const began = performance.now();
  await run(engine, ["apply", "-f", join(manifests, "db"), "-f", join(manifests, "web"), "-f", join(manifests, "proxy")]);
  for (const name of ["statefulset/todo-db", "daemonset/todo-proxy", "deployment/todo-web"]) await rolledOut(engine, name);
  figures.push({
    name: "from `kubectl apply` until a primary, its standby, the web application and the proxy are rolled out",
    figure: performance.now() - began,
    unit: "ms",
  });
  const proxy = await run(engine, ["get", "pods", "-l", "app=todo-proxy", "-o", "jsonpath={.items[0].status.podIP}"]);
  const accepted: string[] = [];
  const writes: Watched[] = [];
  const reads: Watched[] = [];
  const times: number[] = [];
  await until(async () => (await post(proxy, "the first")) === 303);

  for (const update of updates) {
    const people = startPeople(proxy, accepted);
    await sleep(quietMs);
    const start = performance.now();
    await run(engine, ["apply", "-f", join(manifests, update)]);
    await rolledOut(engine, "statefulset/todo-db");
    times.push(performance.now() - start);
    await sleep(quietMs);
    const seen = await people();
    writes.push(seen.writes);
    reads.push(seen.reads);
    progress(`${update}: no write for ${Math.round(seen.writes.gapMs)} ms, no read for ${Math.round(seen.reads.gapMs)} ms`);
  }
  const sum = (watched: readonly Watched[], of: "calls" | "failed"): number => watched.reduce((total, each) => total + each[of], 0);
  figures.push(
    { name: "rolling update of primary and standby, until `rollout status` ends", figure: median(times), unit: "ms" },
    {
      name: "longest time without a successful write during it",
      figure: median(writes.map(({ gapMs }) => gapMs)),
      unit: "ms",
      note: `${sum(writes, "failed")} of ${sum(writes, "calls").toLocaleString("en")} writes in ${updates.length} updates were turned down`,
    },
    {
      name: "longest time without a successful read through the proxy",
      figure: median(reads.map(({ gapMs }) => gapMs)),
      unit: "ms",
      note: `${sum(reads, "failed")} of ${sum(reads, "calls").toLocaleString("en")} reads failed; the proxy shows an older page meanwhile`,
    },
  );

  const web = startPeople(proxy, accepted);
  await sleep(quietMs);
  await run(engine, ["rollout", "restart", "deployment/todo-web"]);
  await rolledOut(engine, "deployment/todo-web");
  await sleep(quietMs);
  const restarted = await web();
  figures.push({
    name: "requests that failed while the web application was replaced",
    figure: restarted.writes.failed + restarted.reads.failed,
    unit: "",
    target: { atMost: 0 },
    note: `of ${(restarted.writes.calls + restarted.reads.calls).toLocaleString("en")}`,
  });

  const query = ["psql", "-U", "postgres", "-d", "todo", "-At", "-c", "select text from todo_items"];
  const kept = new Set((await run(engine, ["exec", "todo-db-0", "-c", "db", "--", ...query])).split("\n"));
  figures.push({
    name: "accepted items that are not in the database",
    figure: accepted.filter((text) => !kept.has(text)).length,
    unit: "",
    target: { atMost: 0 },
    note: `of ${accepted.length.toLocaleString("en")}`,
  });
} finally {
  await engine.stop();
}
report("todo-list", figures);

/** People who add and read without a break. What is returned sends them home and says how they fared. */
function startPeople(proxy: string, accepted: string[]): () => Promise<{ writes: Watched; reads: Watched }> {
  let isOver = false;
  const watch = (call: (number: number) => Promise<boolean>): Promise<Watched> => {
    const watched: Watched = { gapMs: 0, calls: 0, failed: 0 };
    let last = performance.now();
    const person = async (): Promise<void> => {
      while (!isOver) {
        const isGood = await call(watched.calls++);
        const now = performance.now();
        if (isGood) {
          watched.gapMs = Math.max(watched.gapMs, now - last);
          last = now;
        } else watched.failed++;
        await sleep(pauseMs);
      }
    };
    return Promise.all(Array.from({ length: people }, person)).then(() => watched);
  };
  const round = accepted.length;
  const writes = watch(async (number) => {
    const text = `item ${round}-${number}`;
    const isGood = (await post(proxy, text)) === 303;
    if (isGood) accepted.push(text);
    return isGood;
  });
  const reads = watch(async () => (await ask(proxy, "GET", "/list")) === 200);
  return async () => {
    isOver = true;
    return { writes: await writes, reads: await reads };
  };
}

function post(host: string, text: string): Promise<number> {
  return ask(host, "POST", "/new", new URLSearchParams({ item: text }).toString());
}

/** The status of the answer; 0 when none came. */
function ask(host: string, method: string, path: string, body?: string): Promise<number> {
  return new Promise((resolve) => {
    const headers =
      body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) };
    const asked = request({ host, port: 80, method, path, headers, agent, timeout: patienceMs }, (response) => {
      response.on("error", () => resolve(0));
      response.on("end", () => resolve(response.statusCode ?? 0));
      response.resume();
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(0));
    asked.end(body);
  });
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error("the application does not take items");
    await sleep(100);
  }
}

function rolledOut(target: Engine, name: string): Promise<string> {
  return run(target, ["rollout", "status", name, "--timeout=120s"]);
}

/** Runs kubectl; resolves with what it printed. */
async function run(target: Engine, args: readonly string[]): Promise<string> {
  const environment = { ...process.env, KUBECONFIG: target.kubeconfig };
  const { stdout } = await promisify(execFile)(kubectl, [...args], { env: environment, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}
