/** JSON as kubectl prints it: keys sorted, four spaces, what HTML would take amiss escaped. */
import { isRecord } from "../../base/own-field.ts";

const step = "    ";

/** With a line break at the end. */
export const toJsonText = (value: unknown): string => `${pretty(value, "")}\n`;

/** On one line, keys sorted. */
export function toCompactJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCompactJson).join(",")}]`;
  if (isRecord(value))
    return `{${keysOf(value)
      .map((key) => `${text(key)}:${toCompactJson(value[key])}`)
      .join(",")}}`;
  return text(value);
}

function pretty(value: unknown, indent: string): string {
  const inner = indent + step;
  if (Array.isArray(value))
    return value.length === 0 ? "[]" : `[\n${value.map((item) => inner + pretty(item, inner)).join(",\n")}\n${indent}]`;
  if (!isRecord(value)) return text(value);
  const keys = keysOf(value);
  if (keys.length === 0) return "{}";
  return `{\n${keys.map((key) => `${inner}${text(key)}: ${pretty(value[key], inner)}`).join(",\n")}\n${indent}}`;
}

const keysOf = (value: Record<string, unknown>): string[] =>
  Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();

const text = (value: unknown): string =>
  (JSON.stringify(value) ?? "null").replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
