/** Waiting for something to come true, with a deadline and a sentence for when it does not. */
import assert from "node:assert/strict";
import { inspect } from "node:util";

const patienceMs = 90_000;
const lookEveryMs = 100;

export interface UntilOptions {
  readonly withinMs?: number;
  /** Default 100 ms: what is looked at is mostly another process. */
  readonly lookEveryMs?: number;
}

/**
 * Looks again and again until `look` returns something truthy, and resolves with that. A look that throws is one that saw
 * nothing yet. Fails the test after the deadline with `what` and what was seen last.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, false | "" | 0 | null | undefined>> {
  const withinMs = options.withinMs ?? patienceMs;
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen) return seen as Exclude<T, false | "" | 0 | null | undefined>;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) assert.fail(`not within ${withinMs / 1000} s: ${what}; last seen: ${inspect(last, { depth: 6 })}`);
    await new Promise((resolve) => setTimeout(resolve, options.lookEveryMs ?? lookEveryMs));
  }
}

/** Holds that `look` returns the same all the while; for what must not happen. */
export async function staysTrue(what: string, forMs: number, look: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + forMs;
  do {
    assert.ok(await look(), what);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  } while (performance.now() < end);
}
