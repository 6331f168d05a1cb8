/**
 * A clock that moves only when told: timers run in (time, sequence) order and everything a timer set in motion
 * comes to rest before the next one runs, so a run is a pure function of its inputs.
 */
import type { Clock, Timer } from "./clock.ts";
import { Heap } from "./heap.ts";

interface Entry {
  readonly dueMs: number;
  readonly sequence: number;
  task: (() => void) | undefined;
}

/** 2024-01-01T00:00:00Z: an arbitrary, memorable start. */
export const virtualEpochMs = 1_704_067_200_000;

export class VirtualClock implements Clock {
  #nowMs: number;
  #sequence = 0;
  readonly #entries = new Heap<Entry>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence));
  readonly #settle: () => Promise<void>;

  /** `settle` resolves when no microtask is left to run; see `settle.node.ts`. */
  constructor(settle: () => Promise<void>, startMs: number = virtualEpochMs) {
    this.#settle = settle;
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, task: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, task };
    this.#entries.push(entry);
    return {
      cancel: () => {
        entry.task = undefined;
      },
    };
  }

  /** When the next timer is due, or undefined when none is set. */
  nextDueMs(): number | undefined {
    for (;;) {
      const next = this.#entries.peek();
      if (!next) return undefined;
      if (next.task) return next.dueMs;
      this.#entries.pop();
    }
  }

  /** Moves time forward by `ms`, running every timer that falls due on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.#settle();
    while (await this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /**
   * Moves time forward, timer by timer, until `done` holds at rest. Throws after `limitMs` of virtual time, naming `what`.
   */
  async advanceUntil(what: string, done: () => boolean, limitMs = 3_600_000): Promise<void> {
    const untilMs = this.#nowMs + limitMs;
    await this.#settle();
    while (!done()) {
      if (!(await this.#runNext(untilMs))) throw new Error(`${what}: not within ${limitMs} ms of virtual time`);
    }
  }

  async #runNext(untilMs: number): Promise<boolean> {
    const dueMs = this.nextDueMs();
    if (dueMs === undefined || dueMs > untilMs) return false;
    const entry = this.#entries.pop() as Entry;
    this.#nowMs = Math.max(this.#nowMs, dueMs);
    const task = entry.task as () => void;
    entry.task = undefined;
    task();
    await this.#settle();
    return true;
  }
}
