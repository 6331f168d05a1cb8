/** Exponential back-off per thing of a Pod, as restarts and image pulls have it (KUB-1, KUB-5). */

interface Entry {
  delayMs: number;
  /** When the delay was last set. */
  updatedAt: number;
}

/** Keeps a delay per Pod and key. Holds nothing for what never failed. */
export interface BackOff {
  /** Milliseconds from `now` until it may be tried again; `eventAt` is when it last failed. 0: now. */
  remaining(podUid: string, key: string, eventAt: number, now: number): number;
  /** The delay in force. */
  delay(podUid: string, key: string): number;
  /** Notes a try: the next one is to wait longer. */
  next(podUid: string, key: string, now: number): void;
  /** The Pod, or with a key one thing of it, is to begin anew. */
  forget(podUid: string, key?: string): void;
}

/** Starts at `baseMs`, doubles up to `capMs`, and forgets what has been quiet for twice the cap (at least ten minutes: KUB-2). */
export function backOff(baseMs: number, capMs: number): BackOff {
  const pods = new Map<string, Map<string, Entry>>();
  const quietMs = Math.max(2 * capMs, 600_000);
  const current = (podUid: string, key: string, at: number): Entry | undefined => {
    const entry = pods.get(podUid)?.get(key);
    return entry && at - entry.updatedAt <= quietMs ? entry : undefined;
  };
  return {
    remaining(podUid, key, eventAt, now) {
      const entry = current(podUid, key, eventAt);
      return entry ? Math.max(0, eventAt + entry.delayMs - now) : 0;
    },
    delay: (podUid, key) => pods.get(podUid)?.get(key)?.delayMs ?? 0,
    next(podUid, key, now) {
      const entry = current(podUid, key, now);
      let own = pods.get(podUid);
      if (!own) {
        own = new Map();
        pods.set(podUid, own);
      }
      own.set(key, { delayMs: entry ? Math.min(entry.delayMs * 2, capMs) : Math.min(baseMs, capMs), updatedAt: now });
    },
    forget(podUid, key) {
      if (key === undefined) pods.delete(podUid);
      else pods.get(podUid)?.delete(key);
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
