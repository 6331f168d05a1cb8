/**
 * Quantities such as `100m`, `1.5Gi` or `3e6`: parsing, arithmetic and the canonical spelling. Values are exact: a
 * whole number of billionths, which is the finest step the API keeps.
 */

const nano = 1_000_000_000n;
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;
const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** Larger numbers are cut to this, as in the API: 2^63 - 1 units. */
const largest = (2n ** 63n - 1n) * nano;
const exponentMax = 30;

type Format = "decimal" | "binary" | "exponent";

interface Parsed {
  readonly nanos: bigint;
  readonly format: Format;
}

/** What the API says of text that is no quantity. */
const quantityProblem = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const cache = new Map<string, Parsed>();
const cacheMax = 4096;

function parse(quantity: string | number): Parsed {
  const text = String(quantity);
  const known = cache.get(text);
  if (known) return known;
  const parsed = read(text);
  if (!parsed) throw new Error(quantityProblem);
  if (cache.size >= cacheMax) cache.clear();
  cache.set(text, parsed);
  return parsed;
}

function read(text: string): Parsed | undefined {
  if (text.length > 64) return undefined;
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(whole + fraction);
  const binary = binaryExponents[suffix];
  let format: Format = "decimal";
  let exponent = -fraction.length;
  let scaled = digits;
  if (binary !== undefined) {
    format = "binary";
    scaled = digits << BigInt(binary);
  } else if (/^[eE][+-]?\d/.test(suffix)) {
    format = "exponent";
    exponent += Number(suffix.slice(1));
  } else exponent += decimalExponents[suffix] ?? 0;
  const nanos = scaleToNanos(scaled, exponent);
  const capped = nanos > largest ? largest : nanos;
  // Fractions of a byte are not binary any more.
  return { nanos: sign === "-" ? -capped : capped, format: format === "binary" && capped % nano !== 0n ? "decimal" : format };
}

/** `digits * 10^exponent` in billionths, rounded away from zero. */
function scaleToNanos(digits: bigint, exponent: number): bigint {
  if (digits === 0n) return 0n;
  const power = exponent + 9;
  if (power > exponentMax) return largest;
  if (power >= 0) return digits * 10n ** BigInt(power);
  if (-power > 200) return 1n;
  return ceilDivide(digits, 10n ** BigInt(-power));
}

const ceilDivide = (value: bigint, by: bigint): bigint => {
  const quotient = value / by;
  return value % by > 0n ? quotient + 1n : quotient;
};

/** Whether a value is a quantity: a number, or text that reads as one. */
export function isQuantity(quantity: unknown): quantity is string | number {
  if (typeof quantity === "number") return Number.isFinite(quantity) && read(String(quantity)) !== undefined;
  return typeof quantity === "string" && (cache.has(quantity) || read(quantity) !== undefined);
}

/** The quantity in whole units (bytes, cores), rounded up. Absent reads as 0. Throws for text that is no quantity. */
export const quantityValue = (quantity: string | number | undefined): number =>
  quantity === undefined ? 0 : Number(ceilDivide(parse(quantity).nanos, nano));

/** The quantity in thousandths of a unit, rounded up. Absent reads as 0. Throws for text that is no quantity. */
export const quantityMilliValue = (quantity: string | number | undefined): number =>
  quantity === undefined ? 0 : Number(ceilDivide(parse(quantity).nanos, 1_000_000n));

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. Throws for text that is no quantity. */
export function compareQuantities(a: string | number, b: string | number): number {
  const left = parse(a).nanos;
  const right = parse(b).nanos;
  return left < right ? -1 : left > right ? 1 : 0;
}

const combine = (a: string | number, b: string | number, sign: bigint): string => {
  const left = parse(a);
  const right = parse(b);
  return spell({ nanos: left.nanos + sign * right.nanos, format: left.nanos === 0n ? right.format : left.format });
};

/** The sum, spelt in the form of `a` (of `b` where `a` is zero). */
export const addQuantities = (a: string | number, b: string | number): string => combine(a, b, 1n);

/** The difference, spelt in the form of `a` (of `b` where `a` is zero). */
export const subtractQuantities = (a: string | number, b: string | number): string => combine(a, b, -1n);

/** The one spelling of a quantity: no fraction, the largest suffix that keeps it whole (`1.5Gi` is `1536Mi`, `0.5` is `500m`). */
export const canonicalQuantity = (quantity: string | number): string => spell(parse(quantity));

function spell({ nanos, format }: Parsed): string {
  if (nanos === 0n) return "0";
  const magnitude = nanos < 0n ? -nanos : nanos;
  if (format === "binary" && magnitude % nano === 0n && magnitude >= 1024n * nano) return spellBinary(nanos / nano);
  let value = nanos;
  let step = 0;
  while (step < decimalSuffixes.length - 1 && value % 1000n === 0n) {
    value /= 1000n;
    step++;
  }
  if (format !== "exponent") return `${value}${decimalSuffixes[step]}`;
  const exponent = step * 3 - 9;
  return exponent === 0 ? `${value}` : `${value}e${exponent}`;
}

function spellBinary(units: bigint): string {
  let value = units;
  let step = 0;
  while (step < binarySuffixes.length - 1 && value % 1024n === 0n) {
    value /= 1024n;
    step++;
  }
  return `${value}${binarySuffixes[step]}`;
}
