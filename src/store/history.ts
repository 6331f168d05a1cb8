/**
 * The changes since the last compaction, oldest first: what a late watcher is told, and what a read of the past undoes.
 *
 *     versions   … 7 │ 8  8  9  10  12  12  12
 *                    └ compactedVersion = 7: the state at 7 can be rebuilt, that at 6 can't
 */
import type { Change, Entry } from "./store.ts";

/**
 * What the newest changes replaced keeps its companion, for watchers that lag a little. Older states are rarely looked at again; who
 * does makes what they need of the bytes. An object in memory takes several times as much as its bytes do.
 */
const companionsKept = 1000;

export class History {
  #changes: Change[] = [];
  /** How many leading changes are forgotten; they are cut off when they are the greater part. */
  #forgotten = 0;
  #bytes = 0;

  /** How many changes are kept. */
  get size(): number {
    return this.#changes.length - this.#forgotten;
  }

  /** Bytes of the values that only the history still holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a change of the newest version or of one above it. */
  push(change: Change): void {
    this.#changes.push(change);
    this.#bytes += weight(change);
    const { previous } = this.#changes[this.#changes.length - 1 - companionsKept] ?? nothing;
    if (previous?.companion !== undefined) (previous as { -readonly [K in keyof Entry]: Entry[K] }).companion = undefined;
  }

  /** The changes of versions > `after`, oldest first. */
  since(after: number): Change[] {
    return this.#changes.slice(this.#firstAfter(after));
  }

  /** The version such that forgetting up to it keeps at most `count` changes. Undefined when that needs no forgetting. */
  versionKeeping(count: number): number | undefined {
    return this.size > count ? this.#changes[this.#changes.length - count - 1]?.version : undefined;
  }

  /** Forgets the changes of versions <= `version` and returns them, oldest first. */
  forget(version: number): Change[] {
    const until = this.#firstAfter(version);
    const gone = this.#changes.slice(this.#forgotten, until);
    for (const change of gone) this.#bytes -= weight(change);
    if (until * 2 > this.#changes.length) {
      this.#changes = this.#changes.slice(until);
      this.#forgotten = 0;
    } else {
      // The values are released at once, whatever becomes of the slots.
      this.#changes.fill(nothing, this.#forgotten, until);
      this.#forgotten = until;
    }
    return gone;
  }

  #firstAfter(version: number): number {
    let low = this.#forgotten;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle] as Change).version <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const nothing: Change = { type: "delete", key: "", version: 0, entry: undefined, previous: undefined };

const weight = (change: Change): number => change.previous?.value.length ?? 0;
