/**
 * From the start of the process until `/readyz` says that the API answers and every controller's cache is complete, on
 * a durable store.
 *
 *     npm run bench -- cold-start
 */
import { spawnSync } from "node:child_process";
import { homeWith, startEngine } from "./engine.ts";
import { type Figure, kubernetes, median, percentile, progress, report } from "./figures.ts";

const starts = 20;
const startsWithObjects = 5;
/** The first start after a build fills the compile cache, as the first start after an installation does. */
const warmUps = 2;

const firstMs: number[] = [];
const nodeMs: number[] = [];
for (let n = 0; n < starts + warmUps; n++) {
  const before = performance.now();
  spawnSync(process.execPath, ["-e", "0"]);
  const bareMs = performance.now() - before;
  const engine = await startEngine();
  await engine.stop();
  if (n < warmUps) continue;
  nodeMs.push(bareMs);
  firstMs.push(engine.readyMs);
}
progress(`an empty home: ${Math.round(Math.min(...firstMs))} to ${Math.round(Math.max(...firstMs))} ms`);

const again = async (objects: number): Promise<number> => {
  const home = await homeWith(objects);
  const times: number[] = [];
  for (let n = 0; n < startsWithObjects; n++) {
    const engine = await startEngine({ home });
    times.push(engine.readyMs);
    await engine.stop();
  }
  return median(times);
};

const p50 = median(firstMs);
const figures: Figure[] = [
  { name: "first start, p50", figure: p50, unit: "ms", target: { atMost: 250 }, peer: kubernetes(4300, "time") },
  { name: "first start, p95", figure: percentile(firstMs, 0.95), unit: "ms", target: { atMost: 400 } },
  {
    name: "first start as a multiple of `node -e 0`",
    figure: p50 / median(nodeMs),
    unit: "×",
    target: { atMost: 2.5 },
    note: `node -e 0 takes ${Math.round(median(nodeMs))} ms`,
  },
  { name: "start with 10,000 objects", figure: await again(10_000), unit: "ms", target: { atMost: 500 } },
];
report("cold-start", figures);
