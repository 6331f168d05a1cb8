/**
 * Rolling updates of real containers, one at a time with one more than wanted, gated by readiness probes: from
 * `kubectl set image` until `kubectl rollout status` says that it is done. Needs root and the images of the examples.
 *
 *     npm run bench -- containers
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, startEngine } from "./engine.ts";
import { type Figure, median, progress, report } from "./figures.ts";

const root = join(import.meta.dirname, "..");
const command = process.env.WINDLASS_BENCH_COMMAND ?? join(root, "bin", "windlass");
const kubectl = process.env.WINDLASS_BENCH_KUBECTL ?? "kubectl";
const archive = join(root, "images", "ch09-vweb.tar");
const runs = 5;

if (process.getuid?.() !== 0 || !existsSync(archive)) {
  progress("left out: needs root and images/ch09-vweb.tar");
  process.exit(0);
}

const engine = await startEngine({ runtime: "oci", nodes: 1 });
const figures: Figure[] = [];
try {
  const loaded = spawnSync(command, ["image", "load", "--home", engine.home, archive], { encoding: "utf8" });
  if (loaded.status !== 0) throw new Error(`the image can't be loaded: ${loaded.stderr}`);
  for (const [replicas, atMost, peer] of [
    [3, 250, 1440],
    [10, 800, 5110],
  ] as const) {
    const times: number[] = [];
    writeFileSync(join(engine.home, "bench.yaml"), manifest(replicas));
    await run(engine, ["apply", "-f", join(engine.home, "bench.yaml")]);
    await run(engine, ["rollout", "status", "deployment/web"]);
    for (let n = 0; n < runs; n++) {
      const start = performance.now();
      await run(engine, ["set", "image", "deployment/web", `web=kiamol/ch09-vweb:v${n % 2 === 0 ? 2 : 1}`]);
      await run(engine, ["rollout", "status", "deployment/web"]);
      times.push(performance.now() - start);
    }
    progress(`${replicas} replicas: ${times.map(Math.round).join(", ")} ms`);
    const swarm = { name: "Docker Swarm 20.10, without a probe", figure: peer, how: "time" } as const;
    figures.push({ name: `${replicas} containers, one by one`, figure: median(times), unit: "ms", target: { atMost }, peer: swarm });
  }
  const version = performance.now();
  await run(engine, ["version", "--client"]);
  figures.push({ name: "kubectl by itself (it runs twice in each figure)", figure: performance.now() - version, unit: "ms" });
} finally {
  await engine.stop();
}
report("containers", figures);

/** Runs kubectl; the process is not waited for synchronously, so that the engine's output is read meanwhile. */
function run(target: Engine, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(kubectl, args, { env: { ...process.env, KUBECONFIG: target.kubeconfig }, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text: Buffer) => {
      said += text;
    });
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`kubectl ${args.join(" ")}: ${said}`))));
  });
}

function manifest(replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: kiamol/ch09-vweb:v1
          readinessProbe: {httpGet: {path: /v.txt, port: 80}, periodSeconds: 1}
`;
}
