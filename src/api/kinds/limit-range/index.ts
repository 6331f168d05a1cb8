/** The kind LimitRange: bounds and defaults for what containers of a namespace ask for. */
import { compareQuantities, isQuantity } from "../../../machinery/quantity.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { LimitRangeItem, LimitRange as LimitRangeObject } from "../../types.ts";
import { type Errors, ruleRequired } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { spellQuantities } from "../quantities.ts";

/** LimitRange (v1). Admission enforces it. */
export const LimitRange = defineKind<LimitRangeObject>({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  scope: "Namespaced",
  schema: "core.v1.LimitRange",
  shortNames: ["limits"],
  bumpsGeneration: neverBumps,
  defaults(limitRange) {
    for (const item of limitRange.spec?.limits ?? []) defaultItem(item);
  },
  validate,
});

/** What is not said of containers follows: the limit from the maximum, the request from the limit or the minimum. */
function defaultItem(item: LimitRangeItem): void {
  for (const list of [item.default, item.defaultRequest, item.max, item.min, item.maxLimitRequestRatio]) spellQuantities(list);
  if (item.type !== "Container") return;
  const limit = (item.default ??= {});
  const request = (item.defaultRequest ??= {});
  for (const name in item.max) limit[name] ??= item.max[name]!;
  for (const name in limit) request[name] ??= limit[name]!;
  for (const name in item.min) request[name] ??= item.min[name]!;
}

function validate(limitRange: LimitRangeObject): FieldError[] {
  const errors: Errors = [];
  const types = new Set<string>();
  for (const [i, item] of (limitRange.spec?.limits ?? []).entries()) {
    const at = `spec.limits[${i}]`;
    if (ruleRequired(errors, `${at}.type`, item.type) && types.has(item.type)) errors.push(field.duplicate(`${at}.type`, item.type));
    types.add(item.type);
    for (const name in item.min) {
      const min = item.min[name]!;
      const max = item.max?.[name];
      if (isQuantity(min) && isQuantity(max) && compareQuantities(min, max) > 0) {
        errors.push(field.invalid(`${at}.min[${name}]`, min, `min value ${min} is greater than max value ${max}`));
      }
    }
  }
  return errors;
}
