/** Applies states one at a time, and of those that come meanwhile only the newest. */

export interface LatestOnly<T> {
  /** Resolves when this state or a newer one is in force; rejects when applying it failed. */
  submit(state: T): Promise<void>;
  /** Resolves when nothing submitted before the call waits or runs any more. Never rejects. */
  settled(): Promise<void>;
}

/** `apply` is never called again before its last call has ended. */
export function latestOnly<T>(apply: (state: T) => Promise<void>): LatestOnly<T> {
  let running: Promise<void> | undefined;
  let waiting: { state: T; readonly done: Promise<void> } | undefined;

  function start(state: T): Promise<void> {
    const run = apply(state).finally(() => {
      if (running === run) running = undefined;
    });
    running = run;
    return run;
  }

  return {
    submit(state) {
      if (waiting) {
        waiting.state = state;
        return waiting.done;
      }
      if (!running) return start(state);
      const next = async (): Promise<void> => {
        const { state: newest } = waiting as { state: T };
        waiting = undefined;
        return start(newest);
      };
      waiting = { state, done: running.then(next, next) };
      return waiting.done;
    },
    async settled() {
      await (waiting?.done ?? running)?.catch(() => {});
    },
  };
}
