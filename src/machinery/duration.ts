/** How ages are written for people, as `kubectl get` shows them (KR-56). */
import { parseTime } from "../base/time.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** Two neighbouring units, the smaller one only when it is not zero: `3m20s`, `3m`. */
function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)}${largeName}${rest === 0 ? "" : `${rest}${smallName}`}`;
}

/**
 * A duration in milliseconds with two to three significant digits (KR-56): `95s`, `3m20s`, `25m`, `3h5m`, `2d4h`, `1y20d`.
 * Up to two seconds of clock skew read `0s`, anything further in the future `<invalid>`.
 */
export function humanDuration(ms: number): string {
  if (ms <= -2 * second) return "<invalid>";
  if (ms < 0) return "0s";
  if (ms < 2 * minute) return `${Math.floor(ms / second)}s`;
  if (ms < 10 * minute) return twoUnits(ms, minute, "m", second, "s");
  if (ms < 3 * hour) return `${Math.floor(ms / minute)}m`;
  if (ms < 8 * hour) return twoUnits(ms, hour, "h", minute, "m");
  if (ms < 2 * day) return `${Math.floor(ms / hour)}h`;
  if (ms < 8 * day) return twoUnits(ms, day, "d", hour, "h");
  if (ms < 2 * year) return `${Math.floor(ms / day)}d`;
  if (ms < 8 * year) return twoUnits(ms, year, "y", day, "d");
  return `${Math.floor(ms / year)}y`;
}

/** How long ago an RFC 3339 time was, in that form. No time reads `<unknown>`. `now` is in milliseconds. */
export function humanAge(time: string | undefined, now: number): string {
  const at = parseTime(time);
  return at === undefined ? "<unknown>" : humanDuration(now - at);
}
