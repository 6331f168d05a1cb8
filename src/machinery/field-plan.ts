/**
 * How server-side apply sees a value of each type: as one leaf, as fields to go into, or as a list whose elements are known by
 * key or by value. Read from the field tables once per type. On top of it: the fields of a value, the difference of two
 * values, the merge of one into the other, and taking fields out.
 */
import type { FieldSchema, TypeExpression } from "../api/schema/notation.ts";
import { findStruct } from "../api/schema/schema.ts";
import { isRecord, ownField, setOwnField } from "../base/own-field.ts";
import { deepEqual } from "./equality.ts";
import { emptySet, type FieldSet, fieldSet, isEmptySet, keyStep, leafSet } from "./field-set.ts";
import { deepCopy } from "./freeze.ts";
import { compareQuantities, isQuantity } from "./quantity.ts";

type Json = Record<string, unknown>;

export type Plan =
  /** One value: it changes hands whole. */
  | { readonly kind: "leaf"; readonly quantity: boolean }
  /** An object: each of its fields is owned for itself. */
  | { readonly kind: "fields"; readonly map: boolean; readonly dotted: boolean; field(name: string): Plan | undefined }
  /** A list whose elements are known by their value. */
  | { readonly kind: "set"; readonly dotted: boolean }
  /** A list whose elements are known by some of their fields. */
  | { readonly kind: "items"; readonly keys: readonly string[]; readonly of: Plan; readonly dotted: boolean };

const leaf: Plan = { kind: "leaf", quantity: false };
const quantityLeaf: Plan = { kind: "leaf", quantity: true };

/** For values that no table describes: objects field by field, lists whole. */
const free: Plan = { kind: "fields", map: false, dotted: true, field: () => undefined };

/** Keys of list elements that may be left out, with what they then are. */
const keyDefaults: Readonly<Record<string, string>> = { protocol: "TCP" };

/** Fields that nobody ever owns. */
const unownedFields: ReadonlySet<string> = new Set(["apiVersion", "kind"]);
const unownedMetadata: ReadonlySet<string> = new Set([
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "generation",
  "managedFields",
  "resourceVersion",
]);

const structPlans = new Map<string, Plan>();
const rootPlans = new Map<string, Plan>();

/** The plan of a whole object: without the fields that nobody owns. A type that no table has is free. */
export function rootPlan(schemaName: string): Plan {
  const known = rootPlans.get(schemaName);
  if (known) return known;
  const whole = structPlan(schemaName, false);
  const metadata = without(structPlan("meta.v1.ObjectMeta", false), unownedMetadata);
  const fields = without(whole.kind === "fields" ? whole : free, unownedFields);
  const plan: Plan = { ...fields, field: (name) => (name === "metadata" ? metadata : fields.field(name)) };
  rootPlans.set(schemaName, plan);
  return plan;
}

type FieldsPlan = Plan & { kind: "fields" };

const skipped: Plan = { kind: "leaf", quantity: false };

/** Whether a field is one that nobody owns. */
const isSkipped = (plan: Plan | undefined): boolean => plan === skipped;

const without = (plan: Plan, names: ReadonlySet<string>): FieldsPlan => {
  const fields = plan as FieldsPlan;
  return { ...fields, dotted: false, field: (name) => (names.has(name) ? skipped : fields.field(name)) };
};

/** `dotted`: an update that adds the struct also comes to own the path to it. */
function structPlan(name: string, dotted: boolean): Plan {
  const key = dotted ? `${name} .` : name;
  const known = structPlans.get(key);
  if (known) return known;
  const struct = findStruct(name);
  const plan: Plan = !struct
    ? free
    : struct.atomic || struct.free
      ? leaf
      : { kind: "fields", map: false, dotted, field: fieldPlans(struct.fields) };
  structPlans.set(key, plan);
  return plan;
}

function fieldPlans(fields: ReadonlyMap<string, FieldSchema>): (name: string) => Plan | undefined {
  const plans = new Map<string, Plan>();
  return (name) => {
    let plan = plans.get(name);
    const field = plan ? undefined : fields.get(name);
    if (field) plans.set(name, (plan = fieldPlan(field)));
    return plan;
  };
}

/** Structs that every object of a kind has, given or not. */
const alwaysThere: ReadonlySet<string> = new Set(["metadata", "spec", "status", "strategy", "updateStrategy", "resources"]);

function fieldPlan(field: FieldSchema): Plan {
  if (field.atomicStruct) return leaf;
  const dotted = !field.required && !alwaysThere.has(field.name);
  if (field.type.kind === "list") {
    if (field.listType === "set") return { kind: "set", dotted };
    if (field.listType !== "map" || !field.listKeys) return leaf;
    return { kind: "items", keys: field.listKeys, of: typePlan(field.type.of, true), dotted };
  }
  return typePlan(field.type, dotted);
}

function typePlan(type: TypeExpression, dotted: boolean): Plan {
  switch (type.kind) {
    case "struct":
      return structPlan(type.name, dotted);
    case "map": {
      const of = typePlan(type.of, true);
      return { kind: "fields", map: true, dotted, field: () => of };
    }
    case "list":
      return leaf;
    default:
      return type.scalar === "quantity" ? quantityLeaf : leaf;
  }
}

/** The plan for a value, where the tables leave it open: objects are gone into, everything else is a leaf. */
const planFor = (plan: Plan | undefined, value: unknown): Plan => plan ?? (isRecord(value) ? free : leaf);

const isNothing = (value: unknown): boolean => value === undefined || value === null;

const isEmptyObject = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0;

/** The step to an element of a list under a plan. */
function elementStep(plan: Plan & { kind: "set" | "items" }, element: unknown): string {
  if (plan.kind === "set") return `v:${JSON.stringify(element)}`;
  const record = isRecord(element) ? element : {};
  return keyStep(plan.keys.map((key) => [key, ownField(record, key) ?? keyDefaults[key]]));
}

/**
 * The fields of a value. `dots` is the way of updates: a container that an update adds is owned itself, besides what is in it; an
 * apply owns only what its manifest spells out.
 */
export function fieldsOf(value: unknown, plan: Plan | undefined, options: { readonly dots: boolean }): FieldSet {
  const known = planFor(plan, value);
  if (known.kind === "leaf") return isSkipped(plan) || value === undefined ? emptySet : leafSet;
  if (known.kind === "fields") return isRecord(value) ? objectFields(value, known, options) : leafSet;
  if (!Array.isArray(value)) return leafSet;
  const children = new Map<string, FieldSet>();
  for (const element of value) {
    children.set(elementStep(known, element), known.kind === "items" ? asMember(fieldsOf(element, known.of, options)) : leafSet);
  }
  return fieldSet((options.dots && known.dotted) || value.length === 0, children);
}

function objectFields(value: Json, plan: FieldsPlan, options: { readonly dots: boolean }): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const name of Object.keys(value)) {
    const inner = value[name];
    const field = plan.field(name);
    if (isSkipped(field) || inner === undefined) continue;
    const fields = fieldsOf(inner, field, options);
    // A key of a map is somebody's, whatever stands below it; so is a field that holds nothing.
    const owned = plan.map || inner === null || isEmptyObject(inner) ? asMember(fields) : fields;
    if (!isEmptySet(owned)) children.set(`f:${name}`, owned);
  }
  return fieldSet(options.dots && plan.dotted, children);
}

const asMember = (set: FieldSet): FieldSet => (set.member ? set : fieldSet(true, set.children));

export interface Difference {
  /** Fields that were added or have another value. */
  readonly changed: FieldSet;
  /** Fields that are gone; a leaf stands for everything below it. */
  readonly removed: FieldSet;
}

const noDifference: Difference = { changed: emptySet, removed: emptySet };

/** What changed from `before` to `after`. Values shared by both cost nothing. */
export function differenceBetween(before: unknown, after: unknown, plan: Plan | undefined): Difference {
  if (before === after || isSkipped(plan)) return noDifference;
  if (isNothing(before) && isNothing(after)) return noDifference;
  if (isNothing(before)) return { changed: addedFields(after, plan), removed: emptySet };
  if (isNothing(after)) return { changed: emptySet, removed: leafSet };
  const known = planFor(plan, after);
  if (known.kind === "fields" && isRecord(before) && isRecord(after)) return fieldsDifference(before, after, known);
  if ((known.kind === "set" || known.kind === "items") && Array.isArray(before) && Array.isArray(after)) {
    return listDifference(before, after, known);
  }
  const same = deepEqual(before, after) || (known.kind === "leaf" && known.quantity && sameQuantity(before, after));
  return same ? noDifference : { changed: leafSet, removed: emptySet };
}

const sameQuantity = (a: unknown, b: unknown): boolean => isQuantity(a) && isQuantity(b) && compareQuantities(a, b) === 0;

function addedFields(value: unknown, plan: Plan | undefined): FieldSet {
  const fields = fieldsOf(value, plan, { dots: true });
  return isEmptyObject(value) ? leafSet : fields;
}

/** Gathers differences of children, made only where there are any. */
class Gathered {
  #changed: Map<string, FieldSet> | undefined;
  #removed: Map<string, FieldSet> | undefined;

  add(step: string, { changed, removed }: Difference): void {
    if (!isEmptySet(changed)) (this.#changed ??= new Map()).set(step, changed);
    if (!isEmptySet(removed)) (this.#removed ??= new Map()).set(step, removed);
  }

  result(): Difference {
    if (!this.#changed && !this.#removed) return noDifference;
    return {
      changed: this.#changed ? fieldSet(false, this.#changed) : emptySet,
      removed: this.#removed ? fieldSet(false, this.#removed) : emptySet,
    };
  }
}

function fieldsDifference(before: Json, after: Json, plan: FieldsPlan): Difference {
  const gathered = new Gathered();
  for (const name of Object.keys(after)) {
    const old = ownField(before, name);
    if (old === after[name]) continue;
    const inner = plan.field(name);
    const difference = differenceBetween(old, after[name], inner);
    const isNew = isNothing(old) && !isNothing(after[name]) && !isSkipped(inner);
    gathered.add(`f:${name}`, isNew && plan.map ? { ...difference, changed: { ...difference.changed, member: true } } : difference);
  }
  for (const name of Object.keys(before)) {
    if (isNothing(ownField(after, name))) gathered.add(`f:${name}`, differenceBetween(before[name], undefined, plan.field(name)));
  }
  return gathered.result();
}

function listDifference(before: readonly unknown[], after: readonly unknown[], plan: Plan & { kind: "set" | "items" }): Difference {
  // Most lists of most writes are as they were; comparing is far cheaper than spelling out the steps.
  if (deepEqual(before, after)) return noDifference;
  const gathered = new Gathered();
  const old = new Map(before.map((element) => [elementStep(plan, element), element]));
  for (const element of after) {
    const step = elementStep(plan, element);
    if (!old.has(step)) {
      const inner = plan.kind === "items" ? fieldsOf(element, plan.of, { dots: true }) : leafSet;
      gathered.add(step, { changed: { ...inner, member: true }, removed: emptySet });
    } else if (plan.kind === "items") gathered.add(step, differenceBetween(old.get(step), element, plan.of));
    old.delete(step);
  }
  for (const step of old.keys()) gathered.add(step, { changed: emptySet, removed: leafSet });
  return gathered.result();
}

/** The live value with the applied one laid over it. Shares unchanged parts with `live`. */
export function mergeValues(live: unknown, applied: unknown, plan: Plan | undefined): unknown {
  const known = planFor(plan, applied);
  if (known.kind === "fields" && isRecord(live) && isRecord(applied)) {
    const result: Json = {};
    for (const name of Object.keys(live)) setOwnField(result, name, live[name]);
    for (const name of Object.keys(applied)) {
      setOwnField(result, name, mergeValues(ownField(live, name), applied[name], known.field(name)));
    }
    return result;
  }
  if ((known.kind === "set" || known.kind === "items") && Array.isArray(live) && Array.isArray(applied)) {
    return mergeLists(live, applied, known);
  }
  return deepCopy(applied);
}

/**
 * The applied order wins; elements that only the live list has keep their place before the shared element that follows them.
 * Live `[x, a, y, b]` with `[b, a, c]` applied gives `[x, b, a, y, c]`.
 */
function mergeLists(live: readonly unknown[], applied: readonly unknown[], plan: Plan & { kind: "set" | "items" }): unknown[] {
  const liveSteps = live.map((element) => elementStep(plan, element));
  const appliedSteps = applied.map((element) => elementStep(plan, element));
  const wanted = new Set(appliedSteps);
  const present = new Map(liveSteps.map((step, at) => [step, live[at]]));
  const placed = new Set<string>();
  const result: unknown[] = [];
  let cursor = 0;
  for (const [at, step] of appliedSteps.entries()) {
    for (; cursor < live.length; cursor++) {
      const liveStep = liveSteps[cursor] as string;
      if (!wanted.has(liveStep)) result.push(live[cursor]);
      else if (!placed.has(liveStep)) break;
    }
    placed.add(step);
    result.push(plan.kind === "items" ? mergeValues(present.get(step), applied[at], plan.of) : applied[at]);
  }
  for (; cursor < live.length; cursor++) if (!wanted.has(liveSteps[cursor] as string)) result.push(live[cursor]);
  return result;
}

/**
 * The value without the fields in `unwanted`, except those that one of `owners` still owns or owns something below, and except the
 * keys of list elements that stay. Containers that become empty go too, unless
 * somebody owns them as such. Shares unchanged parts with `value`.
 */
export function withoutFields(value: unknown, unwanted: FieldSet, owners: readonly FieldSet[], plan: Plan | undefined): unknown {
  const known = planFor(plan, value);
  if (known.kind === "fields" && isRecord(value)) return fieldsWithout(value, unwanted, owners, known, []);
  if (known.kind !== "set" && known.kind !== "items") return value;
  if (!Array.isArray(value)) return value;
  const kept: unknown[] = [];
  for (const element of value) {
    const fate = fateOf(elementStep(known, element), unwanted, owners);
    if (fate === "stays") kept.push(element);
    else if (fate !== "goes" && known.kind === "items" && known.of.kind === "fields" && isRecord(element)) {
      kept.push(fieldsWithout(element, fate.unwanted, fate.owners, known.of, known.keys));
    } else if (fate !== "goes") kept.push(element);
  }
  return kept;
}

function fieldsWithout(value: Json, unwanted: FieldSet, owners: readonly FieldSet[], plan: FieldsPlan, keys: readonly string[]): Json {
  const result: Json = {};
  for (const name of Object.keys(value)) {
    const field = plan.field(name);
    const fate = keys.includes(name) || isSkipped(field) ? "stays" : fateOf(`f:${name}`, unwanted, owners);
    if (fate === "goes") continue;
    const kept = fate === "stays" ? value[name] : withoutFields(value[name], fate.unwanted, fate.owners, field);
    const asksForEmpty = fate !== "stays" && fate.owners.some((owner) => owner.member);
    if (isEmptyContainer(kept) && !isEmptyContainer(value[name]) && !asksForEmpty) continue;
    setOwnField(result, name, kept);
  }
  return result;
}

const isEmptyContainer = (value: unknown): boolean => (Array.isArray(value) ? value.length === 0 : isEmptyObject(value));

/** Whether what stands at a step stays as it is, goes, or has to be looked into. */
function fateOf(
  step: string,
  unwanted: FieldSet,
  owners: readonly FieldSet[],
): "stays" | "goes" | { readonly unwanted: FieldSet; readonly owners: readonly FieldSet[] } {
  const inner = unwanted.children.get(step);
  if (!inner) return "stays";
  const owning = owners.flatMap((owner) => owner.children.get(step) ?? []);
  return owning.length === 0 ? "goes" : { unwanted: inner, owners: owning };
}
