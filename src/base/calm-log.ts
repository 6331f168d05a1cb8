/** A log for trouble that lasts: a server that is away fails everybody who asks it, again and again, with one and the same error. */
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";

/** The same trouble is told once in this time. */
const restMs = 60_000;
/** How many troubles are told apart; of more the oldest is forgotten, and told again if it comes back. */
const rememberedMax = 100;

/**
 * Passes everything on to `log`, but warnings and errors with the same `error` field (where there is none: the same message) once a
 * minute. The next one that is told says how many there were since, as `times`.
 */
export function calmLog(log: Log, clock: Clock): Log {
  const told = new Map<string, { readonly sinceMs: number; readonly times: number }>();
  const calm =
    (level: "warn" | "error"): Log["warn"] =>
    (message, fields = {}) => {
      const trouble = `${level} ${String(fields.error ?? message)}`;
      const before = told.get(trouble);
      const nowMs = clock.monotonic();
      if (before && nowMs - before.sinceMs < restMs) {
        told.set(trouble, { ...before, times: before.times + 1 });
        return;
      }
      told.delete(trouble);
      told.set(trouble, { sinceMs: nowMs, times: 0 });
      for (const oldest of told.keys()) {
        if (told.size <= rememberedMax) break;
        told.delete(oldest);
      }
      log[level](message, before && before.times > 0 ? { ...fields, times: before.times + 1 } : fields);
    };
  return { debug: log.debug, info: log.info, warn: calm("warn"), error: calm("error") };
}
