/** How one pass of a controller over one key ends. To retry, throw. */

export type Outcome =
  | { readonly type: "done" }
  /** Look again after `afterMs`, even if nothing changes until then; `why` is for the log. */
  | { readonly type: "requeue"; readonly afterMs: number; readonly why: string };

/** Nothing more to do until something changes. */
export const done: Outcome = { type: "done" };

/** Look again after `afterMs` even if nothing changes until then. */
export const requeueAfter = (afterMs: number, why: string): Outcome => ({ type: "requeue", afterMs, why });

/** A failure that trying again can't mend: it is logged, and the key rests until something changes. */
export class TerminalError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "TerminalError";
  }
}
