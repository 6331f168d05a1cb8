/**
 * How soon a cause is named: bad releases of four kinds, each from the moment in which its evidence reaches a client that watches Pods and
 * events until `windlass rollout watch -o json`, a process of its own, has written the cause.
 *
 *     npm run bench -- causes
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../src/api/types.ts";
import { startEngine } from "./engine.ts";
import { type Figure, median, progress, report } from "./figures.ts";
import { openConnection } from "./load/http2-connection.ts";
import { deploymentOf, deployments, rollout, send, watch, watchRollouts } from "./rollouts.ts";

const rounds = 10;
const replicas = 5;
const lookEveryMs = 2;
const patienceMs = 30_000;
const command = process.env.WINDLASS_BENCH_COMMAND ?? join(import.meta.dirname, "..", "bin", "windlass");
const path = `${deployments.path}/web`;

/** What makes the release bad, what of its Pods shows it, and the names that its cause may have. */
const causes = [
  {
    about: "an image that can't be pulled",
    fail: "image",
    evidence: /"reason":"(?:ErrImagePull|ImagePullBackOff)"/,
    code: /^ImageNotFound|^ImagePull/,
  },
  {
    about: "a container that can't be started",
    fail: "start",
    evidence: /"reason":"(?:RunContainerError|StartError)"/,
    code: /^ContainerStartFailed|^CommandNotFound/,
  },
  { about: "a container that crashes", fail: "crash", evidence: /"terminated":\{[^}]*"exitCode":1/, code: /^ContainerCrashed/ },
  {
    about: "a container that can't be created",
    fail: "create",
    evidence: /"reason":"CreateContainerError"/,
    code: /^ContainerCreateFailed/,
  },
] as const;

const engine = await startEngine({ nodes: 1 });
const { access } = engine;
const connection = await openConnection(access);
const releasing = await watchRollouts(access, deployments);
await rollout(access, releasing, "POST", deploymentOf("web", replicas, 1));
releasing.close();

/** When a Pod of this image first showed what is looked for, and when its cause was first told. */
let sought: (typeof causes)[number] = causes[0];
let image = "";
let evidentMs: number | undefined;
let namedMs: number | undefined;
const podWatch = await openConnection(access);
await watch<{ metadata: { resourceVersion?: string }; spec?: { containers: { image?: string }[] }; status?: unknown }>(
  podWatch,
  access,
  "/api/v1/namespaces/default/pods",
  ({ object }) => {
    if (object.spec?.containers[0]?.image === image && sought.evidence.test(JSON.stringify(object.status))) evidentMs ??= performance.now();
  },
);
const watching = spawn(command, ["rollout", "watch", "deploy/web", "-o", "json", "--until=forever"], {
  env: { ...process.env, KUBECONFIG: engine.kubeconfig },
  stdio: ["ignore", "pipe", "inherit"],
});
process.on("exit", () => watching.kill("SIGTERM"));
let verdict = "";
createInterface({ input: watching.stdout }).on("line", (line) => {
  const told = JSON.parse(line) as { verdict?: string; explanations?: { code: string; isPassing?: boolean }[] };
  verdict = told.verdict ?? verdict;
  if (told.explanations?.some(({ code, isPassing }) => !isPassing && sought.code.test(code))) namedMs ??= performance.now();
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await sleep(lookEveryMs);
  }
}

const release = (fail: string | null, version: string): Promise<unknown> => {
  const annotations = { "simulated.windlass.dev/fail": fail };
  return send(connection, access, "PATCH", path, {
    spec: { template: { metadata: { annotations }, spec: { containers: [{ name: "app", image: version }] } } },
  });
};
const isBack = async (): Promise<boolean> => deployments.isComplete((await send(connection, access, "GET", path)) as Deployment);

const figures: Figure[] = [];
for (const cause of causes) {
  const times: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    await until("watch tells that all is well", () => verdict === "complete");
    sought = cause;
    image = `broken-${cause.fail}:${round}`;
    [evidentMs, namedMs] = [undefined, undefined];
    await release(cause.fail, image);
    await until(`${cause.about} is named`, () => namedMs !== undefined && evidentMs !== undefined);
    // Two clients of one server: the other one may have heard of it first.
    times.push(Math.max(0, (namedMs as unknown as number) - (evidentMs as unknown as number)));
    await release(null, "app:1");
    await until("the good release is back", isBack);
  }
  progress(`${cause.about}: ${rounds} rounds, the longest ${Math.round(Math.max(...times))} ms`);
  figures.push(
    { name: `${cause.about}: from evidence to cause, median`, figure: median(times), unit: "ms", target: { atMost: 3000 } },
    { name: `${cause.about}: from evidence to cause, longest`, figure: Math.max(...times), unit: "ms", target: { atMost: 3000 } },
  );
}
watching.kill("SIGTERM");
podWatch.close();
connection.close();
await engine.stop();
report("causes", figures);
