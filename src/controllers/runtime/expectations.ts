/**
 * What a controller has asked for and not yet seen in its cache. While something is outstanding the cache is known to
 * be behind, and acting on it would create or delete twice (RS-3).
 */
import type { Clock } from "../../base/clock.ts";

/** After this long the controller acts again although something was never seen: the watch must have missed it. */
const expiryMs = 300_000;

interface Outstanding {
  creations: number;
  /** Uids of what was asked to go. A set, not a number: one deletion may be seen twice. */
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #outstanding = new Map<string, Outstanding>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether everything asked for on behalf of `key` has been seen, or waiting for it has become pointless. */
  satisfied(key: string): boolean {
    const outstanding = this.#outstanding.get(key);
    if (!outstanding) return true;
    if (outstanding.creations <= 0 && outstanding.deletions.size === 0) return true;
    return this.#clock.monotonic() - outstanding.sinceMs > expiryMs;
  }

  /** To be called before the writes are sent: what they cause may be seen before they are answered. */
  expect(key: string, what: { readonly creations?: number; readonly deletions?: Iterable<string> }): void {
    this.#outstanding.set(key, {
      creations: what.creations ?? 0,
      deletions: new Set(what.deletions),
      sinceMs: this.#clock.monotonic(),
    });
  }

  /** A creation was seen, or `count` of them will never be because they failed or were not tried. */
  creationSeen(key: string, count = 1): void {
    const outstanding = this.#outstanding.get(key);
    if (outstanding) outstanding.creations -= count;
  }

  /** A deletion was seen, or will never be because it failed. */
  deletionSeen(key: string, uid: string): void {
    this.#outstanding.get(key)?.deletions.delete(uid);
  }

  /** The object that expected is gone. */
  forget(key: string): void {
    this.#outstanding.delete(key);
  }
}
