/** Lists of resources (`cpu: 500m`): the one spelling, and the rules for names and amounts. */
import { canonicalQuantity, compareQuantities, isQuantity, quantityMilliValue } from "../../machinery/quantity.ts";
import { isQualifiedName } from "../../machinery/names.ts";
import { field } from "../errors.ts";
import type { ResourceRequirements } from "../types.ts";
import { type Errors, ruleName } from "./field-rules.ts";

type ResourceList = Record<string, string | number>;

/** Most quantities are written in their only spelling already. */
const plain = /^[1-9]\d{0,2}(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;

/** The one spelling of a quantity; text that is none stays as it is, for validation to find. */
export const spellQuantity = (quantity: string | number): string | number =>
  (typeof quantity === "string" && plain.test(quantity)) || !isQuantity(quantity) ? quantity : canonicalQuantity(quantity);

/** Spells every amount of a list in the one way. */
export function spellQuantities(list: ResourceList | undefined): void {
  for (const name in list) {
    const spelled = spellQuantity(list[name] as string | number);
    if (spelled !== list[name]) list[name] = spelled;
  }
}

const containerResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);
const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
/** Whether a node may promise more of it than it has. Extended resources and huge pages may not. */
const isOvercommitted = (name: string): boolean => (!name.includes("/") || name.includes("kubernetes.io/")) && !isHugePages(name);
const isExtended = (name: string): boolean => name.includes("/") && !name.includes("kubernetes.io/");

/** A name of something that a container may ask for. */
function ruleContainerResourceName(errors: Errors, path: string, name: string): void {
  if (!isQualifiedName(name)) ruleName(errors, path, "qualified-name", name);
  else if (!name.includes("/") && !containerResources.has(name) && !isHugePages(name)) {
    errors.push(field.invalid(path, name, "must be a standard resource for containers"));
  }
}

/** An amount of a resource: a quantity, not negative, whole where the resource does not divide. */
export function ruleResourceAmount(errors: Errors, path: string, name: string, amount: string | number): boolean {
  if (!isQuantity(amount)) {
    errors.push(field.invalid(path, amount, "must be a quantity such as 500m, 1.5 or 64Mi"));
    return false;
  }
  const milli = quantityMilliValue(amount);
  if (milli < 0) errors.push(field.invalid(path, amount, "must be greater than or equal to 0"));
  else if (isExtended(name) && milli % 1000 !== 0) errors.push(field.invalid(path, amount, "must be an integer"));
  return true;
}

/** Limits and requests of a container: names, amounts, and no request above its limit. */
export function ruleResources(errors: Errors, path: string, resources: ResourceRequirements | undefined): void {
  if (resources === undefined) return;
  const { limits, requests } = resources;
  for (const name in limits) {
    const at = `${path}.limits[${name}]`;
    ruleContainerResourceName(errors, at, name);
    ruleResourceAmount(errors, at, name, limits[name]!);
  }
  for (const name in requests) {
    const at = `${path}.requests[${name}]`;
    ruleContainerResourceName(errors, at, name);
    const request = requests[name]!;
    const limit = limits?.[name];
    if (!ruleResourceAmount(errors, at, name, request)) continue;
    if (limit === undefined) {
      if (!isOvercommitted(name)) errors.push(field.required(`${path}.limits`, "Limit must be set for non overcommitable resources"));
      continue;
    }
    if (!isQuantity(limit)) continue;
    const order = compareQuantities(request, limit);
    if (order !== 0 && !isOvercommitted(name)) {
      errors.push(field.invalid(`${path}.requests`, String(request), `must be equal to ${name} limit of ${limit}`));
    } else if (order > 0) {
      errors.push(field.invalid(`${path}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
}
