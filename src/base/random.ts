/** Randomness as a parameter. The same seed gives the same sequence on every platform. */

export interface Random {
  /** A uniformly distributed unsigned 32-bit integer. */
  uint32(): number;
}

/** A seeded generator (xoshiro128**), for simulation and tests. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const splitMix = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = splitMix();
  let b = splitMix();
  let c = splitMix();
  let d = splitMix();
  const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  return {
    uint32() {
      const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotate(d, 11);
      return result;
    },
  };
}

/** A number in [0, 1). */
export const randomFloat = (random: Random): number => random.uint32() / 0x1_0000_0000;

/** An integer in [low, high], both included. */
export const randomInt = (random: Random, low: number, high: number): number => low + Math.floor(randomFloat(random) * (high - low + 1));

/** One element of a non-empty list. */
export const randomPick = <T>(random: Random, list: readonly T[]): T => list[randomInt(random, 0, list.length - 1)] as T;

/** `count` random bytes. */
export function randomBytes(random: Random, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i += 4) {
    const word = random.uint32();
    for (let j = 0; j < 4 && i + j < count; j++) bytes[i + j] = (word >>> (8 * j)) & 0xff;
  }
  return bytes;
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

/** `count` random bytes as lower-case hexadecimal. */
export const randomHex = (random: Random, count: number): string => hex(randomBytes(random, count));

/** A version 4 UUID (RFC 9562). */
export function randomUuid(random: Random): string {
  const bytes = randomBytes(random, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const text = hex(bytes);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

/** The alphabet of generated names: no vowels, no look-alikes (RS-4). */
const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** A suffix for generated names, five characters unless told (RS-4, API-50). */
export function randomNameSuffix(random: Random, length = 5): string {
  let suffix = "";
  for (let i = 0; i < length; i++) suffix += nameAlphabet[randomInt(random, 0, nameAlphabet.length - 1)];
  return suffix;
}
