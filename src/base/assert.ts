/** Broken invariants end in one of these; expected failures are typed errors. */

/** Throws when an invariant does not hold. The message says which. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
