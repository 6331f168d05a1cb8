/** Time as a parameter: everything that reads a clock or waits is handed one of these. */

/** A pending callback. `cancel` is idempotent and safe after it has run. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary origin, never going back. For measuring durations. */
  monotonic(): number;
  /** Calls `task` once, `delayMs` from now (0 is allowed: after the current task). Timers due at one instant run in the order they were set. */
  setTimer(delayMs: number, task: () => void): Timer;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Runs `task` every `periodMs` until cancelled. The first run is one period from now. */
export function every(clock: Clock, periodMs: number, task: () => void): Timer {
  let timer = clock.setTimer(periodMs, tick);
  function tick(): void {
    timer = clock.setTimer(periodMs, tick);
    task();
  }
  return { cancel: () => timer.cancel() };
}
