/**
 * `windlass` beside kubectl, both asking the same engine, by turns: how long a command takes, and for how long it has a
 * processor. Over the engine's socket, as its own kubeconfig says; and over TLS, as from any other cluster.
 *
 *     npm run bench -- command
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { scratch, startEngine } from "./engine.ts";
import { type Figure, median, progress, report } from "./figures.ts";

const rounds = 30;
const windlass = process.env.WINDLASS_BENCH_COMMAND ?? join(import.meta.dirname, "..", "bin", "windlass");
const kubectl = process.env.WINDLASS_BENCH_KUBECTL ?? "kubectl";
const patienceMs = 120_000;
/** Pods that `get` lists. */
const podCounts = [10, 1000] as const;

/** Caches of discovery and the like are the bench's own. */
const home = mkdtempSync(join(tmpdir(), "windlass-bench-home-"));

interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Runs a command, without a reader; bash measures it, for Node does not tell what a child used. */
function run(command: readonly string[], kubeconfig: string): Times {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" > /dev/null 2>&1';
  const { stderr, status } = spawnSync("bash", ["-c", script, "bash", ...command], {
    encoding: "utf8",
    env: { ...process.env, HOME: home, KUBECONFIG: kubeconfig },
  });
  const [wall = 0, user = 0, system = 0] = stderr.trim().split(/\s+/).map(Number);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with code ${status}`);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}

/** The commands take turns, so that a machine that grows slower does so for all of them. */
function byTurns(commands: Readonly<Record<string, readonly [command: readonly string[], kubeconfig: string]>>): Record<string, Times> {
  const all: Record<string, Times[]> = {};
  for (let round = 0; round <= rounds; round++) {
    for (const [name, [command, kubeconfig]] of Object.entries(commands)) {
      const times = run(command, kubeconfig);
      // The first round fills the caches.
      if (round > 0) (all[name] ??= []).push(times);
    }
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, times]) => [
      name,
      { wallMs: median(times.map(({ wallMs }) => wallMs)), cpuMs: median(times.map(({ cpuMs }) => cpuMs)) },
    ]),
  );
}

const beside = (name: string, ours: Times, theirs: Times): Figure[] =>
  (
    [
      ["wallMs", "from start to end"],
      ["cpuMs", "processor time"],
    ] as const
  ).map(([field, what]) => ({
    name: `${name}, ${what}`,
    figure: ours[field],
    unit: "ms",
    target: { atMost: theirs[field] },
    peer: { name: "kubectl", figure: theirs[field], how: "measured" },
  }));

const engine = await startEngine({ nodes: 10 });
const figures: Figure[] = [];
try {
  const socket = engine.kubeconfig;
  const tls = join(scratch(), "kubeconfig");
  writeFileSync(tls, withoutSocket(readFileSync(socket, "utf8")));
  const manifest = join(scratch(), "web.yaml");
  for (const pods of podCounts) {
    writeFileSync(manifest, deployment(pods));
    run([kubectl, "apply", "-f", manifest], socket);
    await untilReady(pods, socket);
    const get = ["get", "pods"] as const;
    const found = byTurns({
      kubectl: [[kubectl, ...get], tls],
      socket: [[windlass, ...get], socket],
      tls: [[windlass, ...get], tls],
    });
    progress(`get pods of ${pods}: ${JSON.stringify(found)}`);
    const { kubectl: theirs, socket: bySocket, tls: byTls } = found as Record<"kubectl" | "socket" | "tls", Times>;
    figures.push(...beside(`\`get pods\`, ${pods.toLocaleString("en")} Pods, own engine`, bySocket, theirs));
    figures.push(...beside(`\`get pods\`, ${pods.toLocaleString("en")} Pods, over TLS`, byTls, theirs));
  }
  const apply = ["apply", "-f", manifest] as const;
  const applied = byTurns({ kubectl: [[kubectl, ...apply], tls], windlass: [[windlass, ...apply], socket] });
  figures.push(...beside("`apply -f` of what is already so", applied.windlass as Times, applied.kubectl as Times));
  const version = ["version", "--client"] as const;
  const said = byTurns({ kubectl: [[kubectl, ...version], tls], windlass: [[windlass, ...version], tls] });
  figures.push(...beside("`version --client`", said.windlass as Times, said.kubectl as Times));
} finally {
  await engine.stop();
}
report("command", figures);

/** The kubeconfig of another machine: it knows nothing of a socket. The extensions stand last in the user. */
function withoutSocket(text: string): string {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.trim() === "extensions:");
  if (from < 0) throw new Error(`no socket in the kubeconfig:\n${lines.length} lines`);
  const indent = (line: string): number => line.length - line.trimStart().length;
  const own = indent(lines[from] as string);
  let to = from + 1;
  while (
    to < lines.length &&
    (indent(lines[to] as string) > own || ((lines[to] as string).trimStart().startsWith("- ") && indent(lines[to] as string) === own))
  )
    to++;
  return [...lines.slice(0, from), ...lines.slice(to)].join("\n");
}

function deployment(replicas: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: example/web:1
`;
}

async function untilReady(pods: number, kubeconfig: string): Promise<void> {
  const until = performance.now() + patienceMs;
  const ask = [kubectl, "get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}"];
  for (;;) {
    const { stdout } = spawnSync(ask[0] as string, ask.slice(1), {
      encoding: "utf8",
      env: { ...process.env, HOME: home, KUBECONFIG: kubeconfig },
    });
    if (stdout === String(pods)) return;
    if (performance.now() > until) throw new Error(`${stdout} of ${pods} Pods are ready`);
    await sleep(100);
  }
}
