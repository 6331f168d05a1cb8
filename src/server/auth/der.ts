/** Writes ASN.1 values in their one canonical form (DER, X.690): the little of it that certificates need. */

const encoder = new TextEncoder();

/** Joins bytes. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A value behind its tag and length. */
export function tagged(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const value = concat(...parts);
  return concat(new Uint8Array([tag, ...lengthOf(value.length)]), value);
}

/** Up to 127 in one byte; above, the number of bytes that the length takes, then these. */
function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tagged(0x30, ...parts);
export const setOf = (...parts: readonly Uint8Array[]): Uint8Array => tagged(0x31, ...parts);
/** A positive integer from its bytes: a leading zero keeps it from reading as negative. */
export const integer = (bytes: Uint8Array): Uint8Array =>
  tagged(0x02, ((bytes[0] ?? 0) & 0x80) !== 0 ? new Uint8Array([0]) : new Uint8Array(0), bytes);
export const bitString = (bytes: Uint8Array, unusedBits = 0): Uint8Array => tagged(0x03, new Uint8Array([unusedBits]), bytes);
export const octetString = (bytes: Uint8Array): Uint8Array => tagged(0x04, bytes);
export const utf8String = (text: string): Uint8Array => tagged(0x0c, encoder.encode(text));
export const yes: Uint8Array = new Uint8Array([0x01, 0x01, 0xff]);

/** An object identifier from its dotted form: the first two numbers share a byte, the others take seven bits a byte. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    bytes.push(...groups);
  }
  return tagged(0x06, new Uint8Array(bytes));
}

/** A time from RFC 3339 in whole seconds, UTC: two digits for the year before 2050, four from then on (RFC 5280, 4.1.2.5). */
export function time(rfc3339: string): Uint8Array {
  const digits = rfc3339.replace(/[-:T]/g, "");
  return Number(digits.slice(0, 4)) < 2050 ? tagged(0x17, encoder.encode(digits.slice(2))) : tagged(0x18, encoder.encode(digits));
}
