/** Exponential back-off per key, as restarts and image pulls have it (KUB-1, KUB-5). */

interface Entry {
  delayMs: number;
  /** When the delay was last set. */
  updatedAt: number;
}

/** Keeps the delay of each key. Holds nothing for keys that never failed. */
export interface BackOff {
  /** Milliseconds from `now` until the key may be tried again; `eventAt` is when it last failed. 0: now. */
  remaining(key: string, eventAt: number, now: number): number;
  /** The delay in force. */
  delay(key: string): number;
  /** Notes a try: the next one is to wait longer. */
  next(key: string, now: number): void;
  forget(key: string): void;
}

/** Starts at `baseMs`, doubles up to `capMs`, and forgets what has been quiet for twice the cap (at least ten minutes: KUB-2). */
export function backOff(baseMs: number, capMs: number): BackOff {
  const entries = new Map<string, Entry>();
  const quietMs = Math.max(2 * capMs, 600_000);
  const current = (key: string, at: number): Entry | undefined => {
    const entry = entries.get(key);
    return entry && at - entry.updatedAt <= quietMs ? entry : undefined;
  };
  return {
    remaining(key, eventAt, now) {
      const entry = current(key, eventAt);
      return entry ? Math.max(0, eventAt + entry.delayMs - now) : 0;
    },
    delay: (key) => entries.get(key)?.delayMs ?? 0,
    next(key, now) {
      const entry = current(key, now);
      entries.set(key, { delayMs: entry ? Math.min(entry.delayMs * 2, capMs) : Math.min(baseMs, capMs), updatedAt: now });
    },
    forget(key) {
      entries.delete(key);
    },
  };
}

/** A duration as Go prints it: `10s`, `1m20s`, `5m0s`, `1.2s`. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = Number(((ms % 60_000) / 1000).toFixed(3));
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
