/** How long a Pod that is to go has left. A later delete may shorten it; whoever waits is told. */
import type { Clock, Timer } from "../../base/clock.ts";

export class Grace {
  readonly #clock: Clock;
  /** Monotonic; Infinity: no termination is under way. */
  #until = Number.POSITIVE_INFINITY;
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that are left; negative when it is over. */
  get leftMs(): number {
    return this.#until - this.#clock.monotonic();
  }

  /** Grants `graceMs` from now on, if that is less than what is left. */
  shorten(graceMs: number): void {
    const until = this.#clock.monotonic() + graceMs;
    if (until >= this.#until) return;
    this.#until = until;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls back whenever the grace gets shorter. Returns the function that ends it. */
  onShorter(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits for `work`, but no longer than `leftMs` says, asked again whenever the grace gets shorter; rejects when time is up. */
  async bounded(work: Promise<void>, leftMs: () => number): Promise<void> {
    let timer: Timer | undefined;
    let stopListening = (): void => {};
    const limit = new Promise<never>((_resolve, reject) => {
      const arm = (): void => {
        timer?.cancel();
        timer = this.#clock.setTimer(Math.max(0, leftMs()), () => reject(new Error("the grace period is over")));
      };
      stopListening = this.onShorter(arm);
      arm();
    });
    try {
      await Promise.race([work, limit]);
    } finally {
      timer?.cancel();
      stopListening();
    }
  }
}
