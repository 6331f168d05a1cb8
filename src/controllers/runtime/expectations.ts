/**
 * What a controller has asked for and not yet seen in its cache. While something is outstanding the cache is known to
 * be behind, and acting on it would create or delete twice (RS-3). Owners are known by uid: one that is made anew under the
 * name of another has asked for nothing yet.
 */
import type { KubeObject } from "../../api/meta/object.ts";
import type { Clock } from "../../base/clock.ts";
import type { Change } from "../../client/informer.ts";

/** After this long the controller acts again although something was never seen: the watch must have missed it. */
const expiryMs = 300_000;
/** Longer than any watch lasts: by then the cache has been brought up to date, whatever became of the watch. */
const lookAgainMs = 900_000;

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

  /** Whether everything asked for on behalf of `owner` has been seen, or waiting for it has become pointless. */
  satisfied(owner: string): boolean {
    const sinceMs = this.#waitingSince(owner);
    return sinceMs === undefined || this.#clock.monotonic() - sinceMs > expiryMs;
  }

  /**
   * In how many milliseconds to look again although nothing has changed; undefined where nothing is waited for. What was made and is
   * gone again before the cache had heard of it is never seen, and nothing else may ask for another pass.
   */
  waitMs(owner: string): number | undefined {
    const sinceMs = this.#waitingSince(owner);
    return sinceMs === undefined ? undefined : Math.max(1, sinceMs + lookAgainMs - this.#clock.monotonic());
  }

  /** Whether a deletion was asked for and not seen yet: the cache still shows what is on its way out. */
  isLeaving(owner: string, uid: string): boolean {
    return this.#outstanding.get(owner)?.deletions.has(uid) ?? false;
  }

  #waitingSince(owner: string): number | undefined {
    const outstanding = this.#outstanding.get(owner);
    return outstanding && (outstanding.creations > 0 || outstanding.deletions.size > 0) ? outstanding.sinceMs : undefined;
  }

  /** To be called before the writes are sent: what they cause may be seen before they are answered. */
  expect(owner: string, what: { readonly creations?: number; readonly deletions?: Iterable<string> }): void {
    this.#outstanding.set(owner, {
      creations: what.creations ?? 0,
      deletions: new Set(what.deletions),
      sinceMs: this.#clock.monotonic(),
    });
  }

  /** A creation was seen, or `count` of them will never be because they failed or were not tried. */
  creationSeen(owner: string, count = 1): void {
    const outstanding = this.#outstanding.get(owner);
    if (outstanding) outstanding.creations -= count;
  }

  /** A deletion was seen, or will never be because it failed. */
  deletionSeen(owner: string, uid: string): void {
    this.#outstanding.get(owner)?.deletions.delete(uid);
  }

  /** A handler of changes of owners: what one that is gone has asked for is of no interest. */
  readonly forgetsGone = ({ type, object }: Change<KubeObject>): void => {
    if (type === "deleted") this.#outstanding.delete(object.metadata.uid as string);
  };
}
