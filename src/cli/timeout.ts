/** The values of --timeout and --request-timeout: Go's durations, and bare numbers, which are seconds. */
import { parseGoDuration } from "../machinery/go-duration.ts";

/** Milliseconds; undefined where the text is neither. */
export const parseTimeout = (text: string): number | undefined => (/^\d+$/.test(text) ? Number(text) * 1000 : parseGoDuration(text));
