/** JSON as kubectl prints it: keys sorted as a rule, four spaces, what HTML would take amiss escaped. */
import { isRecord } from "../../base/own-field.ts";

const step = "    ";

/** Which keys are printed, in which order. */
type KeyOrder = (value: Record<string, unknown>) => string[];

const asTheyAre: KeyOrder = (value) => Object.keys(value).filter((key) => value[key] !== undefined);
const sorted: KeyOrder = (value) => asTheyAre(value).sort();

/** With a line break at the end. */
export const toJsonText = (value: unknown): string => `${pretty(value, "", sorted)}\n`;

/** The same with keys as they stand in the value: kubectl prints what it has made itself in the order of its types. */
export const toUnsortedJsonText = (value: unknown): string => `${pretty(value, "", asTheyAre)}\n`;

/** On one line, keys sorted. */
export const toCompactJson = (value: unknown): string => compact(value, sorted);

/** On one line, keys as they stand in the value. */
export const toUnsortedCompactJson = (value: unknown): string => compact(value, asTheyAre);

function compact(value: unknown, order: KeyOrder): string {
  if (Array.isArray(value)) return `[${value.map((item) => compact(item, order)).join(",")}]`;
  if (isRecord(value))
    return `{${order(value)
      .map((key) => `${text(key)}:${compact(value[key], order)}`)
      .join(",")}}`;
  return text(value);
}

function pretty(value: unknown, indent: string, order: KeyOrder): string {
  const inner = indent + step;
  if (Array.isArray(value))
    return value.length === 0 ? "[]" : `[\n${value.map((item) => inner + pretty(item, inner, order)).join(",\n")}\n${indent}]`;
  if (!isRecord(value)) return text(value);
  const keys = order(value);
  if (keys.length === 0) return "{}";
  return `{\n${keys.map((key) => `${inner}${text(key)}: ${pretty(value[key], inner, order)}`).join(",\n")}\n${indent}}`;
}

const text = (value: unknown): string =>
  (JSON.stringify(value) ?? "null").replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
