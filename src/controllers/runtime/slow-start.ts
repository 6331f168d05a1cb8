/**
 * Doing something many times where the first failure probably means that all will fail (a quota, a broken template):
 * batches of 1, 2, 4, 8 …, each concurrently, and none after a batch with a failure (RS-2).
 */

export interface SlowStart {
  readonly succeeded: number;
  /** How many were never tried. */
  readonly skipped: number;
  /** The first failure. */
  readonly error?: unknown;
}

/** Calls `once` up to `count` times. Never rejects. */
export async function slowStart(count: number, once: (index: number) => Promise<unknown>): Promise<SlowStart> {
  let succeeded = 0;
  let next = 0;
  for (let batch = 1; next < count; batch *= 2) {
    const size = Math.min(batch, count - next);
    const first = next;
    next += size;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => once(first + i)));
    let failure: PromiseRejectedResult | undefined;
    for (const result of results) {
      if (result.status === "fulfilled") succeeded++;
      else failure ??= result;
    }
    if (failure) return { succeeded, skipped: count - next, error: failure.reason };
  }
  return { succeeded, skipped: 0 };
}
