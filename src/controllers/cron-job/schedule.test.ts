// When schedules fall due.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTime } from "../../base/time.ts";
import { parseSchedule } from "./schedule.ts";

const rows: readonly [what: string, schedule: string, zone: string | undefined, after: string, due: string][] = [
  ["every minute", "* * * * *", undefined, "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"],
  ["strictly after", "0 * * * *", undefined, "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"],
  ["steps from a start", "5/15 * * * *", undefined, "2026-01-01T00:06:00Z", "2026-01-01T00:20:00Z"],
  ["lists and ranges", "30 8-10,14 * * *", undefined, "2026-01-01T10:30:00Z", "2026-01-01T14:30:00Z"],
  ["over the end of a year", "@monthly", undefined, "2026-12-15T00:00:00Z", "2027-01-01T00:00:00Z"],
  ["a name of a weekday", "0 0 * * fri", undefined, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"],
  ["either day of the month or of the week", "0 0 13 * fri", undefined, "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"],
  ["the 29th of February", "0 0 29 2 *", undefined, "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"],
  ["a time zone", "0 9 * * *", "America/New_York", "2026-01-01T00:00:00Z", "2026-01-01T14:00:00Z"],
  ["a time zone in summer", "0 9 * * *", "America/New_York", "2026-07-01T00:00:00Z", "2026-07-01T13:00:00Z"],
  ["an hour that clocks skip", "30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-30T00:30:00Z"],
  ["an interval", "@every 1h30m", undefined, "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z"],
];

for (const [what, schedule, zone, after, due] of rows) {
  test(`${schedule}: ${what}`, () => {
    assert.equal(formatTime(parseSchedule(schedule, zone).next(Date.parse(after)) ?? 0), due);
  });
}

test("a day that never comes is given up", () => {
  assert.equal(parseSchedule("0 0 31 2 *").next(0), undefined);
});
