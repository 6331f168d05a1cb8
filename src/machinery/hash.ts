/** The hashes in names of ReplicaSets, Pods and ControllerRevisions (DEP-11, CR-1). */
import type { PodTemplateSpec } from "../api/types.ts";
import { canonicalJson } from "./canonical-json.ts";

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;
/** The alphabet of generated names: no vowels, no look-alikes (RS-4). */
const safeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** 32-bit FNV-1a: exclusive-or, then multiply. `seed` continues an earlier hash. */
export function fnv1a32(bytes: Uint8Array, seed: number = offsetBasis): number {
  let hash = seed;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), prime);
  return hash >>> 0;
}

/** 32-bit FNV-1: multiply, then exclusive-or. `seed` continues an earlier hash. */
export function fnv1_32(bytes: Uint8Array, seed: number = offsetBasis): number {
  let hash = seed;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash, prime) ^ (bytes[i] as number);
  return hash >>> 0;
}

/** Re-spells text character by character in an alphabet that forms no words (DEP-11). */
export function safeEncode(text: string): string {
  let encoded = "";
  for (const character of text) encoded += safeAlphabet[(character.codePointAt(0) as number) % safeAlphabet.length];
  return encoded;
}

/** Drops what the API does not tell apart from absence, so that a template hashes alike however it was written. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => withoutEmpty(inner) ?? null);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  const kept: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const trimmed = Array.isArray(inner) && inner.length === 0 ? undefined : withoutEmpty(inner);
    if (trimmed !== undefined) kept.push([key, trimmed]);
  }
  return Object.fromEntries(kept);
}

/** Hashes of templates that can't change any more, before any collision. */
const hashed = new WeakMap<PodTemplateSpec, number>();

function hashOf(template: PodTemplateSpec): number {
  const known = hashed.get(template);
  if (known !== undefined) return known;
  const hash = fnv1a32(new TextEncoder().encode(canonicalJson(withoutEmpty(template))));
  if (Object.isFrozen(template)) hashed.set(template, hash);
  return hash;
}

/** The `pod-template-hash` of a template; another `collisionCount` gives another hash (DEP-11). */
export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  let hash = hashOf(template);
  if (collisionCount !== undefined) {
    const bytes = new Uint8Array(8);
    for (let i = 0; i < 4; i++) bytes[i] = (collisionCount >>> (8 * i)) & 0xff;
    hash = fnv1a32(bytes, hash);
  }
  return safeEncode(String(hash));
}
