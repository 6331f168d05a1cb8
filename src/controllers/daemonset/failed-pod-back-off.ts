/**
 * How long a failed Pod of a node is left alone: not at all the first time, then a second, then twice as long each time. Otherwise a
 * node that refuses a Pod and the controller that makes it anew would keep each other busy (DS-5).
 */
import type { Clock } from "../../base/clock.ts";

const firstMs = 1000;
const longestMs = 900_000;

interface Entry {
  delayMs: number;
  sinceMs: number;
}

export class FailedPodBackOff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For how many more milliseconds to wait; 0: not at all. */
  remainingMs(key: string): number {
    const entry = this.#entries.get(key);
    return entry ? Math.max(0, entry.sinceMs + entry.delayMs - this.#clock.monotonic()) : 0;
  }

  /** A failed Pod is being replaced. Whoever has been well for twice the longest delay begins anew. */
  next(key: string): void {
    const nowMs = this.#clock.monotonic();
    for (const [known, { sinceMs }] of this.#entries) if (nowMs - sinceMs > 2 * longestMs) this.#entries.delete(known);
    const entry = this.#entries.get(key);
    this.#entries.set(key, { delayMs: entry ? Math.min(entry.delayMs * 2, longestMs) : firstMs, sinceMs: nowMs });
  }
}
