/** Whether a text is a schedule in cron's notation: five fields, or a word such as `@daily`. */

const words = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface CronField {
  readonly min: number;
  readonly max: number;
  /** Names for `min`, `min + 1` … */
  readonly names?: readonly string[];
}

const fields: readonly CronField[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
];

/** What is wrong with a schedule, or undefined. */
export function scheduleProblem(schedule: string): string | undefined {
  if (/\bTZ=/.test(schedule)) return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
  if (schedule.startsWith("@")) {
    if (words.includes(schedule) || /^@every (\d+(\.\d+)?(h|m|s|ms))+$/.test(schedule)) return undefined;
    return `unrecognized descriptor: ${schedule}`;
  }
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  for (const [i, part] of parts.entries()) {
    for (const item of part.split(",")) {
      const problem = itemProblem(item, fields[i] as CronField);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** One of `*`, `5`, `1-5`, `mon-fri`, each with an optional step. */
function itemProblem(item: string, { min, max, names }: CronField): string | undefined {
  const [range = "", step, ...rest] = item.split("/");
  if (rest.length > 0) return `too many slashes: ${item}`;
  if (step !== undefined && !/^[1-9]\d*$/.test(step)) return `failed to parse int from ${step}`;
  if (range === "*" || range === "?") return undefined;
  const [first = "", last, ...more] = range.split("-");
  if (more.length > 0) return `too many hyphens: ${item}`;
  const numberOf = (text: string): number => {
    const named = names?.indexOf(text.toLowerCase()) ?? -1;
    return named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  const from = numberOf(first);
  const to = last === undefined ? from : numberOf(last);
  if (Number.isNaN(from) || Number.isNaN(to)) return `failed to parse int from ${Number.isNaN(from) ? first : last}`;
  if (from < min) return `beginning of range (${from}) below minimum (${min}): ${item}`;
  if (to > max) return `end of range (${to}) above maximum (${max}): ${item}`;
  return from > to ? `beginning of range (${from}) beyond end of range (${to}): ${item}` : undefined;
}
