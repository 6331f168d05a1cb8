/** The real world: the machine's clock and entropy. */
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** The longest delay that a platform timer takes; longer ones are split. */
const platformTimerMaxMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, task) {
    let timeout: NodeJS.Timeout | undefined;
    let immediate: NodeJS.Immediate | undefined;
    let cancelled = false;
    const arm = (leftMs: number): void => {
      if (leftMs <= 0) immediate = setImmediate(run);
      else if (leftMs > platformTimerMaxMs) timeout = setTimeout(() => arm(leftMs - platformTimerMaxMs), platformTimerMaxMs);
      else timeout = setTimeout(run, leftMs);
    };
    const run = (): void => {
      if (!cancelled) task();
    };
    arm(delayMs);
    return {
      cancel() {
        cancelled = true;
        if (timeout) clearTimeout(timeout);
        if (immediate) clearImmediate(immediate);
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
