/** One pass after another over a Pod, never two at once: now, or when the next one is due. */
import type { Clock, Timer } from "../../../base/clock.ts";

export interface PassesOptions {
  readonly clock: Clock;
  /** Looks at everything and does what there is to do. */
  pass(): Promise<void>;
  /** A pass failed; it is repeated a moment later. */
  failed(error: unknown): void;
  /** A pass is over. True: there is work left that waits for nothing, so the next one follows at once. */
  hasMore(): boolean;
  /** A pass is over, and none follows at once. */
  settled(): void;
}

const failedPassRetryMs = 1000;

export class Passes {
  readonly #options: PassesOptions;
  #dirty = false;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** Monotonic. */
  #nextAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: PassesOptions) {
    this.#options = options;
  }

  /** Another pass, as soon as the one under way is over. */
  wake(): void {
    if (this.#closed) return;
    this.#dirty = true;
    this.#running ??= this.#run();
  }

  /** Another pass, at the latest after `delayMs`. */
  within(delayMs: number): void {
    this.#nextAt = Math.min(this.#nextAt, this.#options.clock.monotonic() + delayMs);
    if (!this.#running) this.#armTimer();
  }

  /** Another pass a moment after something failed. */
  retry(): void {
    this.within(failedPassRetryMs);
  }

  /** None begins any more. The promise resolves when the one under way is over. */
  close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    // What woke it may come in a burst: look once when all of it has been heard.
    await undefined;
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      this.#nextAt = Number.POSITIVE_INFINITY;
      try {
        await this.#options.pass();
      } catch (error) {
        if (!this.#closed) this.#options.failed(error);
        this.retry();
      }
      if (this.#nextAt === Number.POSITIVE_INFINITY && this.#options.hasMore()) this.#dirty = true;
      if (!this.#dirty) this.#options.settled();
    }
    this.#running = undefined;
    this.#armTimer();
  }

  #armTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#closed || this.#nextAt === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    this.#timer = clock.setTimer(Math.max(0, this.#nextAt - clock.monotonic()), () => this.wake());
  }
}
