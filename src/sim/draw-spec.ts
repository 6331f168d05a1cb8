/** A run's plan from its seed. A third of the worlds are calm: there the bounds are exact, for nobody sees the past. */
import { type Random, randomInt, randomPick, seededRandom } from "../base/random.ts";
import type { Spec, Step, WriteFault } from "./spec.ts";
import { plainWorkloads, releasedWorkloads } from "./workloads/all.ts";
import type { Workload } from "./workloads/workload.ts";

const podHarms = ["unready", "unready", "crash", "fail", "delete", "evict"] as const;
const writeHarms = ["refused", "request-lost", "answer-lost", "outrun", "outrun", "crash-before", "crash-after"] as const;
/** Later writes than this are struck by none of the planned faults. */
const lastStruckWrite = 150;
/** The same for the writes of the controllers of releases, who write less. */
const lastStruckReleaseWrite = 40;
/** In one of so many worlds releases are looked after, where nobody chooses the workload. */
const releasedShare = 4;

/** The plan of a seed. `only` chooses the workload, which is otherwise drawn as well. */
export function drawSpec(seed: number, only?: Workload): Spec {
  const random = seededRandom(seed);
  const plain = randomPick(random, [...plainWorkloads, plainWorkloads[0], plainWorkloads[1], plainWorkloads[2]] as readonly Workload[]);
  // From a generator of its own: the other worlds stay what they were.
  const isReleased = randomInt(seededRandom(seed + 0x5eed), 1, releasedShare) === 1;
  const workload = only ?? (isReleased ? releasedWorkloads.find(({ kind }) => kind === plain.kind) : undefined) ?? plain;
  const manifest = workload.drawManifest(random);
  const isCalm = randomInt(random, 0, 2) === 0;
  const [watchDelayMaxMs, latencyMaxMs] = isCalm ? [0, 0] : [randomPick(random, [0, 50, 500, 3000]), randomPick(random, [0, 0, 5, 50])];
  return {
    seed,
    workload: workload.name,
    manifest,
    nodes: randomInt(random, 1, 5),
    watchDelayMaxMs,
    latencyMaxMs,
    startMaxMs: randomPick(random, [0, 1000, 5000, 15_000]),
    stopMaxMs: randomPick(random, [0, 1000, 10_000]),
    steps: drawSteps(random, workload, manifest, isCalm),
    writeFaults: isCalm ? [] : drawWriteFaults(random, lastStruckWrite),
    ending: randomPick(random, ["none", "none", "bad-image", "delete", "orphan"]),
    ...(workload.releases && { releaseFaults: isCalm ? [] : drawWriteFaults(random, lastStruckReleaseWrite) }),
  };
}

function drawSteps(random: Random, workload: Workload, manifest: Spec["manifest"], isCalm: boolean): Step[] {
  const steps: Step[] = [];
  const images = ["v0"];
  // The first rollout is usually let alone, as it is in life.
  let atMs = randomPick(random, [0, 20_000, 60_000, 60_000]);
  for (let count = randomInt(random, 1, 5); count > 0; count--) {
    atMs += randomPick(random, [randomInt(random, 0, 2000), randomInt(random, 0, 40_000)]);
    steps.push({ atMs, ...workload.drawStep(random, { manifest, images, atMs }) });
  }
  const anyTime = (): number => randomInt(random, 0, atMs + 30_000);
  for (let count = randomInt(random, 0, 5); count > 0; count--)
    steps.push({
      atMs: anyTime(),
      do: "pod",
      harm: randomPick(random, podHarms),
      pick: randomInt(random, 0, 1000),
      forMs: randomInt(random, 100, 20_000),
    });
  for (let count = randomPick(random, [0, 0, 1, 2]); count > 0; count--)
    steps.push({
      atMs: anyTime(),
      do: "node",
      harm: randomPick(random, workload.nodeHarms),
      pick: randomInt(random, 0, 1000),
      forMs: randomInt(random, 1000, randomPick(random, [30_000, 500_000])),
    });
  for (let count = isCalm ? 0 : randomPick(random, [0, 0, 1, 3]); count > 0; count--)
    steps.push({ atMs: anyTime(), do: "cut", expired: randomInt(random, 0, 1) === 1 });
  return steps.sort((a, b) => a.atMs - b.atMs);
}

function drawWriteFaults(random: Random, last: number): WriteFault[] {
  const faults = new Map<number, WriteFault>();
  for (let count = randomPick(random, [0, 1, 3, 8]); count > 0; count--) {
    const write = randomInt(random, 1, last);
    faults.set(write, { write, what: randomPick(random, writeHarms), downMs: randomPick(random, [0, 100, 5000]) });
  }
  return [...faults.values()].sort((a, b) => a.write - b.write);
}
