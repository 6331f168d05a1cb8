/**
 * The queue between "something changed" and "look at it again": each key is worked on by at most one worker at a time,
 * is never lost, and is queued at most once however often it is added. Failing keys come back ever more slowly.
 */
import type { Clock, Timer } from "../base/clock.ts";

/** First delay of a failing key. It doubles with each failure. */
const backOffBaseMs = 5;
/** No key waits longer than this after a failure. */
const backOffCapMs = 1_000_000;

interface Delayed {
  readonly dueMs: number;
  readonly timer: Timer;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Called whenever a key has become available to `take`. */
  onReady?(): void;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #onReady: () => void;
  /** Keys to be taken, in order. Invariant 1: every key in here is in `#dirty` and not in `#processing`. */
  #queue: string[] = [];
  /** How many of the first elements of `#queue` have been taken already; they are dropped in bulk. */
  #taken = 0;
  /** Keys that need work. Invariant 2: a key in here is either in `#queue` or in `#processing`. */
  readonly #dirty = new Set<string>();
  /** Keys that a worker holds. A key added meanwhile is only marked dirty, and queued by `done`. */
  readonly #processing = new Set<string>();
  /** Keys to be added later; of several delays for one key the shortest stays. */
  readonly #delayed = new Map<string, Delayed>();
  /** How often each key has failed since it was last forgotten. */
  readonly #failures = new Map<string, number>();
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#onReady = () => options.onReady?.();
  }

  /** Keys that can be taken now. */
  get size(): number {
    return this.#queue.length - this.#taken;
  }

  /** Keys that wait for their time. */
  get delayedSize(): number {
    return this.#delayed.size;
  }

  /** Keys that are held by a worker. */
  get processingSize(): number {
    return this.#processing.size;
  }

  /** Asks for work on a key. A key that waits for its time is worked on now, too. */
  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (this.#processing.has(key)) return; // Invariant 1: `done` will queue it.
    this.#queue.push(key);
    this.#onReady();
  }

  /** Asks for work on a key in `delayMs`. An earlier appointment of the same key stays; a later one is brought forward. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const dueMs = this.#clock.monotonic() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier) {
      if (earlier.dueMs <= dueMs) return;
      earlier.timer.cancel();
    }
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
  }

  /** Asks for work on a key that failed: after 5 ms, 10 ms, 20 ms … at most 1,000 s. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(backOffBaseMs * 2 ** failures, backOffCapMs));
  }

  /** How often the key has come back by `addRateLimited` since `forget`. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key has succeeded: its next failure starts with the shortest delay again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, now held by the caller until `done`; undefined when there is none. */
  take(): string | undefined {
    if (this.#taken === this.#queue.length) return undefined;
    const key = this.#queue[this.#taken++] as string;
    if (this.#taken === this.#queue.length || this.#taken > 1024) {
      this.#queue = this.#queue.slice(this.#taken);
      this.#taken = 0;
    }
    this.#processing.add(key);
    this.#dirty.delete(key);
    return key;
  }

  /** The caller lets go of a key that it took. If it was added meanwhile it is queued again. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#closed || !this.#dirty.has(key)) return;
    this.#queue.push(key);
    this.#onReady();
  }

  /** Forgets everything; later adds are ignored. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#queue = [];
    this.#taken = 0;
    this.#dirty.clear();
    this.#failures.clear();
  }
}
