/** Plans that once broke a promise, kept whole: how plans are drawn may change, and these stay what they were. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Spec } from "./spec.ts";

export interface Pinned {
  /** What was wrong, in one sentence. */
  readonly why: string;
  readonly spec: Spec;
}

const file = new URL("../../sims/pinned.json", import.meta.url);

export const readPinned = (): readonly Pinned[] => JSON.parse(readFileSync(file, "utf8"));

/** Adds one at the end. */
export function pin(pinned: Pinned): void {
  writeFileSync(file, `${JSON.stringify([...readPinned(), pinned], undefined, 1)}\n`);
}
