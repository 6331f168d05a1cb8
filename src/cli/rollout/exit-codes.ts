/** How commands about rollouts end, beside 0 and kubectl's 1. Documented in docs/reference/explain.md and watch.md. */
import type { Verdict } from "../../release/explain/explain.ts";

/** It cannot succeed without a change. */
export const failedCode = 10;

/** By what a rollout came to. */
const verdictCodes: Readonly<Record<Verdict, number>> = {
  complete: 0,
  progressing: 0,
  failed: failedCode,
  "waiting-for-somebody": 11,
  "likely-failing": 12,
};

const worstFirst: readonly Verdict[] = ["failed", "waiting-for-somebody", "likely-failing"];

/** The code of the worst of several; 0 where none is bad. */
export function worstCode(verdicts: readonly Verdict[]): number {
  const worst = worstFirst.find((verdict) => verdicts.includes(verdict));
  return worst === undefined ? 0 : verdictCodes[worst];
}

/** --timeout was over before the rollout was. */
export const timedOutCode = 13;

/** The revision to go back to can't run as things are; nothing was changed. */
export const refusedCode = 14;

/** What was waited for was rolled back by itself, and an earlier release is there instead. */
export const rolledBackCode = 15;
