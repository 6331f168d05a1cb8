/** The values of --timeout and --request-timeout: Go's durations, and bare numbers, which are seconds. */
import { parseGoDuration } from "../machinery/go-duration.ts";
import { FlagError, type Flags } from "./flags.ts";

/** The same of a flag. Throws `FlagError` with pflag's words. */
export function timeoutOf(flags: Flags, name: string): number {
  const text = flags.string(name);
  const ms = parseTimeout(text);
  if (ms === undefined)
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--${name}" flag: time: invalid duration ${JSON.stringify(text)}`);
  return ms;
}

/** Milliseconds; undefined where the text is neither. */
export const parseTimeout = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) * 1000 : parseGoDuration(text));
