/**
 * Rollouts of simulated Pods on the machine's clock over a durable store: create, update, and back. The promise of the
 * Deployment (25 % / 25 %) is checked after every event of a watch on its Pods.
 *
 *     npm run bench -- rollout
 */
import { startEngine } from "./engine.ts";
import { type Figure, kubernetes, median, progress, report } from "./figures.ts";
import { deploymentOf, deployments, remove, rollout, watchBudget, watchRollouts } from "./rollouts.ts";

interface Size {
  readonly replicas: number;
  readonly runs: number;
  readonly targetMs: number;
  /** Seconds of Kubernetes without its client limits: create, update, back. */
  readonly peer: readonly [number, number, number];
}

const sizes: readonly Size[] = [
  { replicas: 10, runs: 7, targetMs: 40, peer: [0.12, 0.4, 0.36] },
  { replicas: 1000, runs: 3, targetMs: 1000, peer: [5.2, 10.3, 11] },
  { replicas: 10_000, runs: 1, targetMs: 10_000, peer: [40.9, 106.3, 124.6] },
];
const podsPerNode = 100;
/** Surge, and some room. */
const room = 1.4;

const figures: Figure[] = [];
let broken = 0;
let events = 0;
for (const { replicas, runs, targetMs, peer } of sizes) {
  const engine = await startEngine({ nodes: Math.ceil((replicas / podsPerNode) * room) + 1 });
  const { access } = engine;
  const watching = await watchRollouts(access, deployments);
  const times: [number[], number[], number[]] = [[], [], []];
  // The first one of a new engine runs code that is not compiled yet: it is told, not counted.
  const first = await rollout(access, watching, "POST", deploymentOf("first", 10, 1));
  if (replicas === 10) figures.push({ name: "10 Pods, create, first of a new engine", figure: first, unit: "ms" });
  for (let run = 0; run < runs; run++) {
    const name = `web-${run}`;
    times[0].push(await rollout(access, watching, "POST", deploymentOf(name, replicas, 1)));
    const budget = await watchBudget(access, name, Math.ceil(replicas * 0.75), Math.ceil(replicas * 1.25));
    times[1].push(await rollout(access, watching, "PATCH", deploymentOf(name, replicas, 2)));
    times[2].push(await rollout(access, watching, "PATCH", deploymentOf(name, replicas, 1)));
    const outcome = budget();
    broken += outcome.broken;
    events += outcome.events;
    progress(`${replicas} Pods: ${times.map((each) => `${Math.round(each.at(-1) ?? 0)} ms`).join(", ")}; ${JSON.stringify(outcome)}`);
    await remove(access, deployments, name);
  }
  watching.close();
  const [createMs, updateMs, undoMs] = times.map(median) as [number, number, number];
  const title = `${replicas.toLocaleString("en")} Pods`;
  const of = (index: 0 | 1 | 2) => kubernetes(peer[index] * 1000, "time");
  figures.push({ name: `${title}, create`, figure: createMs, unit: "ms", peer: of(0) });
  figures.push({ name: `${title}, update`, figure: updateMs, unit: "ms", target: { atMost: targetMs }, peer: of(1) });
  figures.push({ name: `${title}, undo`, figure: undoMs, unit: "ms", target: { atMost: targetMs * 1.1 }, peer: of(2) });
  if (replicas >= 1000) figures.push({ name: `${title}, memory afterwards`, figure: engine.memory(), unit: "MiB" });
  await engine.stop();
}
figures.push({
  name: "events after which a promise was broken",
  figure: broken,
  unit: "",
  target: { atMost: 0 },
  note: `of ${events.toLocaleString("en")} looked at`,
});
report("rollout", figures);
