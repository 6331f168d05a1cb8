/**
 * Sets of field paths, as managed fields keep them: a tree in which some nodes are members. Trees are immutable and every operation
 * returns an operand itself where nothing changed, so that unchanged sets are recognised by identity.
 *
 * Steps are spelt as on the wire (FieldsV1): `f:replicas`, `k:{"name":"web"}`, `v:"finalizer"`, `i:0`.
 */
import { isRecord } from "../base/own-field.ts";

export interface FieldSet {
  /** Whether the path up to here is itself in the set. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();

export const emptySet: FieldSet = { member: false, children: noChildren };

/** A path that is in the set and has nothing below it. */
export const leafSet: FieldSet = { member: true, children: noChildren };

export const isEmptySet = (set: FieldSet): boolean => !set.member && set.children.size === 0;

const isLeaf = (set: FieldSet): boolean => set.member && set.children.size === 0;

/** A node of a tree; children that are empty are left out. */
export function fieldSet(member: boolean, children: ReadonlyMap<string, FieldSet>): FieldSet {
  if (children.size === 0) return member ? leafSet : emptySet;
  return { member, children };
}

/** Everything in `a` or in `b`. */
export function unionOf(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  if (isEmptySet(a)) return b;
  let children: Map<string, FieldSet> | undefined;
  for (const [step, right] of b.children) {
    const left = a.children.get(step);
    const joined = left ? unionOf(left, right) : right;
    if (joined === left) continue;
    children ??= new Map(a.children);
    children.set(step, joined);
  }
  const member = a.member || b.member;
  return children || member !== a.member ? fieldSet(member, children ?? a.children) : a;
}

/** What is in `a` but not in `b`. A leaf of `b` takes everything below it away too. */
export function differenceOf(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(b) || isEmptySet(a)) return a;
  if (isLeaf(b)) return emptySet;
  let children: Map<string, FieldSet> | undefined;
  for (const [step, right] of b.children) {
    const left = a.children.get(step);
    if (!left) continue;
    const rest = differenceOf(left, right);
    if (rest === left) continue;
    children ??= new Map(a.children);
    if (isEmptySet(rest)) children.delete(step);
    else children.set(step, rest);
  }
  const member = a.member && !b.member;
  return children || member !== a.member ? fieldSet(member, children ?? a.children) : a;
}

/** What is in both. */
export function intersectionOf(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  let children: Map<string, FieldSet> | undefined;
  for (const [step, left] of a.children) {
    const right = b.children.get(step);
    const shared = right && intersectionOf(left, right);
    if (!shared || isEmptySet(shared)) continue;
    children ??= new Map();
    children.set(step, shared);
  }
  return fieldSet(a.member && b.member, children ?? noChildren);
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [step, left] of a.children) {
    const right = b.children.get(step);
    if (!right || !sameSet(left, right)) return false;
  }
  return true;
}

/** How many nodes the tree has. */
export function sizeOf(set: FieldSet): number {
  let size = 1;
  for (const inner of set.children.values()) size += inner.children.size === 0 ? 1 : sizeOf(inner);
  return size;
}

/** Every path of the set, sorted, as errors print them: `.spec.template.spec.containers[name="web"].image`. */
export function pathsOf(set: FieldSet): string[] {
  const paths: string[] = [];
  collectPaths(set, "", paths);
  return paths.sort();
}

function collectPaths(set: FieldSet, prefix: string, paths: string[]): void {
  if (set.member) paths.push(prefix);
  for (const [step, inner] of set.children) collectPaths(inner, prefix + stepText(step), paths);
}

function stepText(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith("f:")) return `.${rest}`;
  if (step.startsWith("v:")) return `[=${rest}]`;
  if (step.startsWith("i:")) return `[${rest}]`;
  const keys = JSON.parse(rest) as Record<string, unknown>;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

/** The step to a list element with these keys; they are spelt in the order of their names. */
export function keyStep(keys: readonly (readonly [name: string, value: unknown])[]): string {
  const [only] = keys;
  if (keys.length === 1 && only && typeof only[1] === "string") return `k:{"${only[0]}":${JSON.stringify(only[1])}}`;
  const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
  return `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value ?? null)}`).join(",")}}`;
}

const depthMax = 200;

/** Reads FieldsV1. Returns undefined for a value that is none. */
export function decodeFieldSet(fields: unknown, depth = 0): FieldSet | undefined {
  if (!isRecord(fields) || depth > depthMax) return undefined;
  const steps = Object.keys(fields);
  if (steps.length === 0) return depth === 0 ? emptySet : leafSet;
  const children = new Map<string, FieldSet>();
  let member = false;
  for (const step of steps) {
    if (step === ".") {
      member = true;
      continue;
    }
    const inner = decodeFieldSet(fields[step], depth + 1);
    const spelt = canonicalStep(step);
    if (!inner || spelt === undefined) return undefined;
    children.set(spelt, inner);
  }
  return fieldSet(member, children);
}

function canonicalStep(step: string): string | undefined {
  if (step.startsWith("f:")) return step;
  try {
    const value = JSON.parse(step.slice(2));
    if (step.startsWith("k:") && isRecord(value)) return keyStep(Object.entries(value));
    if (step.startsWith("v:")) return `v:${JSON.stringify(value)}`;
    return step.startsWith("i:") && Number.isInteger(value) ? step : undefined;
  } catch {
    return undefined;
  }
}

const encodedLeaf: Record<string, unknown> = Object.freeze({});

/** Writes FieldsV1, steps sorted. The result is frozen. */
export function encodeFieldSet(set: FieldSet): Record<string, unknown> {
  if (set.children.size === 0) return encodedLeaf;
  const fields: Record<string, unknown> = set.member ? { ".": encodedLeaf } : {};
  const steps = [...set.children.keys()];
  if (steps.length > 1) steps.sort();
  for (const step of steps) fields[step] = encodeFieldSet(set.children.get(step) as FieldSet);
  return Object.freeze(fields);
}
