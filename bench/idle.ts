/**
 * Memory and processor time of an engine that has nothing to do: empty, with many objects, with many simulated Pods.
 *
 *     npm run bench -- idle
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Engine, homeWith, startEngine } from "./engine.ts";
import { type Figure, kubernetes, progress, report } from "./figures.ts";
import { deploymentOf, deployments, rollout, watchRollouts } from "./rollouts.ts";

const settleMs = 20_000;
const cpuOverMs = 20_000;
const pods = 10_000;
const podsPerNode = 100;

async function shareOfCore(engine: Engine): Promise<number> {
  const before = engine.cpuMs();
  await sleep(cpuOverMs);
  return ((engine.cpuMs() - before) / cpuOverMs) * 100;
}

const figures: Figure[] = [];
{
  progress("an empty engine");
  const engine = await startEngine();
  await sleep(settleMs);
  const peer = { name: "Kubernetes 1.20", figure: 483, how: "recorded" } as const;
  figures.push({ name: "memory, idle", figure: engine.memory(), unit: "MiB", target: { atMost: 80 }, peer });
  figures.push({
    name: "processor, idle",
    figure: await shareOfCore(engine),
    unit: "% of a core",
    target: { atMost: 0.5 },
    peer: kubernetes(3.2, "recorded"),
  });
  await engine.stop();
}
{
  progress("100,000 objects");
  const engine = await startEngine({ home: await homeWith(100_000) });
  await sleep(settleMs);
  figures.push({ name: "memory with 100,000 objects of 1.2 KiB", figure: engine.memory(), unit: "MiB", target: { atMost: 600 } });
  await engine.stop();
}
{
  progress(`${pods.toLocaleString("en")} simulated Pods`);
  const engine = await startEngine({ nodes: pods / podsPerNode + 20 });
  const watching = await watchRollouts(engine.access, deployments);
  await rollout(engine.access, watching, "POST", deploymentOf("idle", pods, 1));
  watching.close();
  await sleep(settleMs);
  figures.push({
    name: "memory with 10,000 simulated Pods",
    figure: engine.memory(),
    unit: "MiB",
    target: { atMost: 250 },
    peer: { name: "k0s", figure: 2300, how: "recorded" },
  });
  figures.push({ name: "processor with 10,000 simulated Pods, nothing changing", figure: await shareOfCore(engine), unit: "% of a core" });
  await engine.stop();
}
report("idle", figures);
