/**
 * Many watchers of the same objects: how many events a second reach them, how late, and what one that hangs costs.
 *
 *     npm run bench -- watch
 */
import { startEngine } from "./engine.ts";
import { type Figure, kubernetes, progress, report } from "./figures.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { load, watchers } from "./load/load.ts";

const namespace = "fan-out";
const seconds = 4;
/** What was written last may still be on its way; the rate counts this time too. */
const drainMs = 500;
const figures: Figure[] = [];

for (const [count, atLeast, peer] of [
  [100, 100_000, 35_000],
  [1000, 80_000, 31_700],
] as const) {
  progress(`${count} watchers`);
  const engine = await startEngine();
  const { access } = engine;
  const writing = { job: "create", access, namespace, connections: 1 } as const;
  await load({ ...writing, clients: 8, seconds: 1 });
  const watching = await watchers({ job: "watch", access, namespace, watchers: count, connections: 10 });
  await load({ ...writing, clients: 4, seconds: 1 });
  await watching.reset();
  const written = await load({ ...writing, clients: 8, seconds });
  await sleep(drainMs);
  const outcome = await watching.stop();
  const lost = written.answered * count - outcome.events;
  figures.push({
    name: `events delivered, ${count} watchers`,
    figure: outcome.events / (seconds + drainMs / 1000),
    unit: "1/s",
    target: { atLeast },
    peer: kubernetes(peer, "rate"),
    note: `${Math.round(written.perSecond)} writes a second; ${outcome.ended} watches ended, ${outcome.disorder} events out of order, ${lost} not yet delivered at the end`,
  });
  await engine.stop();
}
{
  progress("100 watchers, 100 writes a second, one that hangs");
  const engine = await startEngine();
  const { access } = engine;
  const writing = { job: "create", access, namespace, connections: 1, clients: 8, perSecond: 100 } as const;
  await load({ ...writing, seconds: 2 });
  for (const stalled of [false, true]) {
    const watching = await watchers({ job: "watch", access, namespace, watchers: 100, connections: 10, stalled });
    await load({ ...writing, seconds: 1 });
    await watching.reset();
    const before = engine.memory();
    await load({ ...writing, seconds: 5 });
    const grown = engine.memory() - before;
    const { p99Ms } = await watching.stop();
    const name = `100 writes/s to 100 watchers${stalled ? ", and one that hangs" : ""}`;
    figures.push({ name: `${name}, p99`, figure: p99Ms, unit: "ms", target: { atMost: 10 } });
    if (stalled) figures.push({ name: `${name}, growth of memory`, figure: grown, unit: "MiB", note: "with what 500 new objects take" });
  }
  await engine.stop();
}
report("watch", figures);
