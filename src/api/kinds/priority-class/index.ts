/** The kind PriorityClass: how much a Pod matters when not all fit. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { PriorityClass as PriorityClassObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { type Errors, ruleOneOfOptional } from "../field-rules.ts";

const userPriorityMax = 1_000_000_000;
const systemPrefix = "system-";
const systemPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/** PriorityClass (scheduling.k8s.io/v1). */
export const PriorityClass = defineKind<PriorityClassObject>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  scope: "Cluster",
  schema: "scheduling.v1.PriorityClass",
  shortNames: ["pc"],
  defaults(priorityClass) {
    priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
    priorityClass.value ??= 0;
  },
  prepareForCreate(priorityClass) {
    priorityClass.metadata.generation = 1;
  },
  validate,
  validateUpdate(priorityClass, old) {
    const errors: Errors = [];
    if (priorityClass.value !== old.value) errors.push(field.forbidden("value", "may not be changed in an update."));
    if (priorityClass.preemptionPolicy !== old.preemptionPolicy) {
      errors.push(field.invalid("preemptionPolicy", priorityClass.preemptionPolicy, "field is immutable"));
    }
    return errors;
  },
  columns: [
    nameColumn,
    numberColumn("Value", (priorityClass) => priorityClass.value),
    { name: "Global-Default", type: "boolean", cell: (priorityClass) => priorityClass.globalDefault ?? false },
    ageColumn,
    textColumn("PreemptionPolicy", (priorityClass) => priorityClass.preemptionPolicy ?? ""),
  ],
});

function validate(priorityClass: PriorityClassObject): FieldError[] {
  const errors: Errors = [];
  const name = priorityClass.metadata.name ?? "";
  const value = priorityClass.value ?? 0;
  if (name.startsWith(systemPrefix)) {
    if (systemPriorities[name] !== value) {
      const detail =
        "priority class names with 'system-' prefix are reserved for system use only. error: not a known system priority class";
      errors.push(field.forbidden("metadata.name", detail));
    }
  } else if (value > userPriorityMax) {
    const detail = `maximum allowed value of a user defined priority is ${userPriorityMax}`;
    errors.push(field.forbidden("value", detail));
  }
  ruleOneOfOptional(errors, "preemptionPolicy", priorityClass.preemptionPolicy, ["Never", "PreemptLowerPriority"]);
  return errors;
}
