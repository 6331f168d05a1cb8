/** Makes a plan that breaks a promise smaller: what can be left out of it, while the same promise breaks, is left out. */
import type { Spec } from "./spec.ts";

export interface ShrinkOptions {
  /** The promise that a plan breaks; undefined: it breaks none. */
  broken(spec: Spec): Promise<string | undefined>;
  /** So many plans are tried at most. */
  readonly runsMax?: number;
}

/** The name of the promise stands before the colon. */
const promiseOf = (broken: string | undefined): string | undefined => broken?.split(":")[0];

/** The smallest plan that was found. Itself where it breaks nothing. */
export async function shrink(spec: Spec, { broken, runsMax = 300 }: ShrinkOptions): Promise<Spec> {
  const promise = promiseOf(await broken(spec));
  if (promise === undefined) return spec;
  let smallest = spec;
  let runs = 0;
  for (;;) {
    const before = smallest;
    for (const candidate of smallerThan(smallest)) {
      if (runs++ >= runsMax) return smallest;
      if (promiseOf(await broken(candidate)) !== promise) continue;
      smallest = candidate;
      break;
    }
    if (smallest === before) return smallest;
  }
}

/** Every plan that lacks one thing, the greatest simplifications first. */
function* smallerThan(spec: Spec): Iterable<Spec> {
  const { steps, writeFaults } = spec;
  if (spec.ending !== "none") yield { ...spec, ending: "none" };
  if (steps.length > 3) {
    const half = Math.ceil(steps.length / 2);
    yield { ...spec, steps: steps.slice(0, half) };
    yield { ...spec, steps: steps.slice(half) };
  }
  if (writeFaults.length > 1) yield { ...spec, writeFaults: [] };
  for (let index = writeFaults.length - 1; index >= 0; index--) yield { ...spec, writeFaults: writeFaults.toSpliced(index, 1) };
  for (let index = steps.length - 1; index >= 0; index--) yield { ...spec, steps: steps.toSpliced(index, 1) };
  if (spec.latencyMaxMs > 0) yield { ...spec, latencyMaxMs: 0 };
  if (spec.watchDelayMaxMs > 0) yield { ...spec, watchDelayMaxMs: 0 };
  if (spec.stopMaxMs > 0) yield { ...spec, stopMaxMs: 0 };
  if (spec.startMaxMs > 0) yield { ...spec, startMaxMs: 0 };
  if (spec.nodes > 1) yield { ...spec, nodes: 1 };
}
