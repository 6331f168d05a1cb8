/** When a schedule in cron's notation falls due. Schedules that reach this place have been found valid by the API. */
import { utcDay } from "../../base/time.ts";

/** The times at which a schedule falls due. */
export interface Schedule {
  /** The first time strictly after `afterMs` (milliseconds since the epoch); undefined: none within five years. */
  next(afterMs: number): number | undefined;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const searchDays = 366 * 5;
/** Daylight saving shifts by less than this. */
const shiftMaxMs = 3 * 3_600_000;

const words: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: minuteMs, s: 1000, ms: 1 };

/** Reads a schedule; its fields speak of the local time of `timeZone` (default UTC). */
export function parseSchedule(text: string, timeZone = "UTC"): Schedule {
  if (text.startsWith("@every ")) {
    const everyMs = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (unitsMs[unit ?? ""] ?? 0),
      0,
    );
    const stepMs = Math.max(1000, Math.floor(everyMs / 1000) * 1000);
    return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + stepMs };
  }
  const fields = (words[text] ?? text).trim().split(/\s+/);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const minutes = valuesOf(minute, 0, 59);
  const hours = valuesOf(hour, 0, 23);
  const days = valuesOf(day, 1, 31);
  const monthsWanted = valuesOf(month, 1, 12, months);
  const weekdaysWanted = valuesOf(weekday, 0, 6, weekdays);
  // Where both are given, either will do; a star leaves it to the other.
  const either = !isStar(day) && !isStar(weekday);
  const localOf = localTime(timeZone);

  /** `local` is a local time, written as if it were UTC. */
  function dayMatches(local: number): boolean {
    const { month: ofYear, day: ofMonth, weekday: ofWeek } = utcDay(local);
    if (!monthsWanted.has(ofYear)) return false;
    const byDay = days.has(ofMonth);
    const byWeekday = weekdaysWanted.has(ofWeek);
    return either ? byDay || byWeekday : byDay && byWeekday;
  }

  return {
    next(afterMs) {
      const first = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
      const firstLocal = localOf(first);
      let midnight = Math.floor(firstLocal / dayMs) * dayMs;
      for (let tried = 0; tried < searchDays; tried++, midnight += dayMs) {
        if (!dayMatches(midnight)) continue;
        for (const hourWanted of hours)
          for (const minuteWanted of minutes) {
            const due = instantOf(midnight + hourWanted * 3_600_000 + minuteWanted * minuteMs, localOf);
            if (due !== undefined && due >= first) return due;
          }
      }
      return undefined;
    },
  };
}

const isStar = (field: string): boolean => /^[*?](\/1)?$/.test(field);

/** In ascending order. */
function valuesOf(field: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const values: number[] = [];
  const numberOf = (text: string): number => (names.includes(text.toLowerCase()) ? names.indexOf(text.toLowerCase()) + min : Number(text));
  for (const item of field.split(",")) {
    const [range = "", step] = item.split("/");
    const [first = "", last] = range.split("-");
    const star = first === "*" || first === "?";
    const from = star ? min : numberOf(first);
    // `5/15` means from 5 on.
    const to = star || (last === undefined && step !== undefined) ? max : last === undefined ? from : numberOf(last);
    for (let value = from; value <= to; value += Number(step ?? 1)) values.push(value);
  }
  return new Set(values.sort((a, b) => a - b));
}

/** Local times, written as if they were UTC. */
function localTime(timeZone: string): (ms: number) => number {
  if (timeZone === "UTC") return (ms) => ms;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (name: string): number => parts.get(name as Intl.DateTimeFormatPartTypes) ?? 0;
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  };
}

/** The first instant that has this local time; undefined where clocks skip it. */
function instantOf(local: number, localOf: (ms: number) => number): number | undefined {
  // The offset before and after a shift of the clocks.
  const candidates = [local - shiftMaxMs * 8, local + shiftMaxMs * 8].map((near) => local - (localOf(near) - near));
  return candidates.sort((a, b) => a - b).find((ms) => localOf(ms) === local);
}
