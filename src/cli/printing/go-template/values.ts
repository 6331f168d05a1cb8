/** How Go sees JSON values: what counts as true, and how they are printed. Pure. */
import { isRecord } from "../../../base/own-field.ts";

/** Not false, zero, nothing or empty. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return isRecord(value) ? Object.keys(value).length > 0 : true;
}

/** `map[a:1 b:[x y]]`, as fmt prints values of a template. */
export function textOf(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(textOf).join(" ")}]`;
  if (isRecord(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${textOf(value[key])}`)
      .join(" ")}]`;
  return typeof value === "number" && (Math.abs(value) >= 1e21 || (!Number.isInteger(value) && Math.abs(value) < 1e-4))
    ? value.toExponential()
    : String(value);
}
