/** The functions of Go templates, and those that kubectl adds: exists and base64decode. Pure. */
import { isRecord } from "../../../base/own-field.ts";
import { TemplateError } from "./lexer.ts";
import { isTrue, textOf } from "./values.ts";

type Call = (...given: unknown[]) => unknown;

const compare = (a: unknown, b: unknown): number => {
  if (typeof a !== typeof b || (typeof a !== "number" && typeof a !== "string"))
    throw new TemplateError("incompatible types for comparison");
  return a < (b as string | number) ? -1 : a > (b as string | number) ? 1 : 0;
};

function equal(a: unknown, b: unknown): boolean {
  const isNothing = (value: unknown): boolean => value === undefined || value === null;
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b);
  if (typeof a === "object" || typeof b === "object") throw new TemplateError("non-comparable type for comparison");
  if (typeof a !== typeof b) throw new TemplateError("incompatible types for comparison");
  return a === b;
}

function index(value: unknown, ...path: unknown[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (at === undefined || at === null) throw new TemplateError("index of untyped nil");
    if (isRecord(at)) return Object.hasOwn(at, String(key)) ? at[String(key)] : undefined;
    if (typeof at !== "object" && typeof at !== "string") throw new TemplateError(`can't index item of type ${typeof at}`);
    const list = at as readonly unknown[] | string;
    if (typeof key !== "number") throw new TemplateError(`cannot index slice/array with type ${typeof key}`);
    if (key < 0 || key >= list.length) throw new TemplateError(`index out of range: ${key}`);
    return list[key];
  }, value);
}

function length(value: unknown): number {
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (isRecord(value)) return Object.keys(value).length;
  throw new TemplateError(value === undefined || value === null ? "len of nil pointer" : `len of type ${typeof value}`);
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (typeof value !== "string" && !Array.isArray(value)) throw new TemplateError(`can't slice item of type ${typeof value}`);
  const end = (to as number | undefined) ?? value.length;
  if ((from as number) < 0 || end > value.length) throw new TemplateError(`index out of range: ${end}`);
  return value.slice(from as number, end);
}

/** Verbs of Go's printf that templates use. */
function formatted(format: string, values: readonly unknown[]): string {
  let at = 0;
  const text = format.replace(
    /%(?:([-+ #0]*)(\d+)?(?:\.(\d+))?)([a-zA-Z%])/g,
    (_, flags: string, width: string, precision: string, verb: string) => {
      if (verb === "%") return "%";
      if (at >= values.length) return `%!${verb}(MISSING)`;
      const shown = one(verb, values[at++], flags, precision);
      const size = Number(width ?? 0);
      if (flags.includes("-")) return shown.padEnd(size);
      return flags.includes("0") && verb === "d" ? shown.padStart(size, "0") : shown.padStart(size);
    },
  );
  const extra = values.slice(at).map((value) => `${typeof value}=${textOf(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(", ")})`;
}

function one(verb: string, value: unknown, flags: string, precision: string | undefined): string {
  switch (verb) {
    case "s":
    case "v": {
      const text = textOf(value);
      return verb === "s" && precision !== undefined ? text.slice(0, Number(precision)) : text;
    }
    case "d":
      return typeof value === "number"
        ? `${flags.includes("+") && value >= 0 ? "+" : ""}${Math.trunc(value)}`
        : `%!d(${typeof value}=${textOf(value)})`;
    case "q":
      return JSON.stringify(textOf(value));
    case "t":
      return String(value);
    case "f":
      return Number(value).toFixed(Number(precision ?? 6));
    case "x":
      return typeof value === "number"
        ? value.toString(16)
        : [...new TextEncoder().encode(textOf(value))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    case "T":
      return typeof value;
    default:
      return `%!${verb}(${typeof value}=${textOf(value)})`;
  }
}

/** Spaces stand between values that are both no text, as Go's Sprint has it. */
const joined = (values: readonly unknown[]): string =>
  values
    .map((value, at) => (at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string" ? " " : "") + textOf(value))
    .join("");

const escaped = (text: string, table: Readonly<Record<string, string>>): string =>
  [...text].map((character) => table[character] ?? character).join("");
const html = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&#34;", "'": "&#39;" };
const script = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
  "\n": "\\u000A",
  "\r": "\\u000D",
  "\t": "\\u0009",
};

/** `and` and `or` are none of them: they look at as few of their arguments as they must. */
export const functions: Readonly<Record<string, Call>> = {
  not: (value) => !isTrue(value),
  eq: (first, ...others) => {
    if (others.length === 0) throw new TemplateError("missing argument for comparison");
    return others.some((other) => equal(first, other));
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  index,
  len: length,
  slice,
  print: (...values) => joined(values),
  println: (...values) => `${values.map(textOf).join(" ")}\n`,
  printf: (format, ...values) => formatted(String(format), values),
  html: (...values) => escaped(joined(values), html),
  js: (...values) => escaped(joined(values), script),
  urlquery: (...values) => encodeURIComponent(joined(values)).replaceAll("%20", "+"),
  exists: (value, ...path) => {
    try {
      const found = index(value, ...path);
      return found !== undefined && found !== null;
    } catch {
      return false;
    }
  },
  base64decode: (text) => {
    try {
      return new TextDecoder().decode(Uint8Array.from(atob(String(text)), (character) => character.charCodeAt(0)));
    } catch (error) {
      throw new TemplateError("base64 decode failed: illegal base64 data", { cause: error });
    }
  },
};
