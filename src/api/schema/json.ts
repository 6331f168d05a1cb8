/** Reading JSON bodies: UTF-8 is checked, nesting is bounded, and duplicate keys are found when someone asks. */
import { badRequest } from "../errors.ts";

/** Deeper nesting is refused: walkers of objects are recursive, and nothing that the API knows comes near. */
const depthMax = 1000;

const decoder = new TextDecoder("utf-8", { fatal: true });

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of keys that occur more than once in one object; only looked for when asked. The last one wins in `value`. */
  readonly duplicates: string[];
}

/** Parses a JSON document. Throws `badRequest` for anything that is none, is not UTF-8 or is nested too deeply. */
export function parseJson(bytes: Uint8Array, options: { readonly findDuplicates?: boolean } = {}): ParsedJson {
  const keys = countKeys(bytes);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw badRequest("the body of the request is not valid UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(`couldn't parse the body of the request as JSON: ${(error as Error).message}`);
  }
  // Nearly no body has duplicates; where the text has as many keys as the value, there is nothing to look for.
  const suspicious = options.findDuplicates === true && countFields(value) !== keys;
  return { value, duplicates: suspicious ? findDuplicateKeys(bytes) : [] };
}

function countFields(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const inner of Object.values(value)) count += countFields(inner);
  return count;
}

/** How many keys the text has: colons outside of strings. Refuses deep nesting on the way. */
function countKeys(bytes: Uint8Array): number {
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      for (at++; at < bytes.length && bytes[at] !== quote; at++) if (bytes[at] === backslash) at++;
    } else if (byte === openBrace || byte === openBracket) {
      if (++depth > depthMax) throw badRequest(`the body of the request is nested more than ${depthMax} levels deep`);
    } else if (byte === closeBrace || byte === closeBracket) depth--;
    else if (byte === colon) keys++;
  }
  return keys;
}

interface Level {
  /** Keys seen so far; undefined in a list. */
  readonly keys: Set<string> | undefined;
  readonly path: string;
  /** Path of the value being read. */
  at: string;
  index: number;
}

/** Paths (`spec.replicas`, `spec.containers[0].name`) of keys that repeat within their object, in order. `bytes` must be valid JSON. */
export function findDuplicateKeys(bytes: Uint8Array): string[] {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    const level = levels.at(-1);
    if (byte === openBrace || byte === openBracket) {
      const isList = byte === openBracket;
      const path = level ? valuePath(level) : "";
      levels.push({ keys: isList ? undefined : new Set(), path, at: path, index: 0 });
    } else if (byte === closeBrace || byte === closeBracket) levels.pop();
    else if (byte === 0x2c && level && !level.keys) level.index++;
    else if (byte === quote) {
      const start = at;
      for (at++; bytes[at] !== quote; at++) if (bytes[at] === backslash) at++;
      if (!level?.keys || !isKey(bytes, at + 1)) continue;
      const key = JSON.parse(decoder.decode(bytes.subarray(start, at + 1))) as string;
      level.at = level.path === "" ? key : `${level.path}.${key}`;
      if (level.keys.has(key)) {
        if (!duplicates.includes(level.at)) duplicates.push(level.at);
      } else level.keys.add(key);
    }
  }
  return duplicates;
}

const valuePath = (level: Level): string => (level.keys ? level.at : `${level.path}[${level.index}]`);

function isKey(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return bytes[at] === colon;
}
