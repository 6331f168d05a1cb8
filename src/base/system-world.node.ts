/** The real world: the machine's clock and entropy. */
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** The longest delay that a platform timer takes; longer ones are split. */
const platformTimerMaxMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, task) {
    let handle: NodeJS.Timeout | NodeJS.Immediate;
    let cancelled = false;
    const arm = (leftMs: number): void => {
      if (leftMs <= 0) handle = setImmediate(run);
      else if (leftMs > platformTimerMaxMs) handle = setTimeout(() => arm(leftMs - platformTimerMaxMs), platformTimerMaxMs);
      else handle = setTimeout(run, leftMs);
    };
    const run = (): void => {
      if (!cancelled) task();
    };
    arm(delayMs);
    return {
      cancel() {
        cancelled = true;
        clearTimeout(handle as NodeJS.Timeout);
        clearImmediate(handle as NodeJS.Immediate);
      },
    };
  },
};

const pool = new Uint32Array(256);
let left = 0;

/** The operating system's entropy, drawn in blocks. Fit for secrets. What draws it is loaded with the first draw: commands start without. */
export const systemRandom: Random = {
  uint32() {
    if (left === 0) {
      process.getBuiltinModule("node:crypto").randomFillSync(pool);
      left = pool.length;
    }
    return pool[--left] as number;
  },
};
