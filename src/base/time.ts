/** RFC 3339 in the two precisions of the Kubernetes API. */

let lastSecond = Number.NaN;
let lastText = "";

/** Seconds precision, UTC: `2026-11-22T10:00:00Z` (meta/v1 Time). */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  // Times come in runs of the same second: every write of a burst bears it.
  if (second !== lastSecond) {
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** Microseconds precision, UTC: `2026-11-22T10:00:00.123000Z` (meta/v1 MicroTime). */
export function formatMicroTime(ms: number): string {
  return `${new Date(Math.floor(ms)).toISOString().slice(0, 23)}000Z`;
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch, or undefined where the text is no RFC 3339 time. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || !rfc3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A day of the calendar. */
export interface CalendarDay {
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** The day that it is in UTC. */
export function utcDay(ms: number): CalendarDay {
  const date = new Date(ms);
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() };
}
