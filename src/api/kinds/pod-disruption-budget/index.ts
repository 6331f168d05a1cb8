/** The kind PodDisruptionBudget: how many Pods must stay when somebody evicts. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { PodDisruptionBudget as PodDisruptionBudgetObject } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { type Errors, ruleAtMostAll, ruleIntOrPercent, ruleLabelSelector, ruleNonNegative, ruleOneOfOptional } from "../field-rules.ts";
import { keepSpec } from "../status-writes.ts";

const counters = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const;

/** PodDisruptionBudget (policy/v1). */
export const PodDisruptionBudget = defineKind<PodDisruptionBudgetObject>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  scope: "Namespaced",
  schema: "policy.v1.PodDisruptionBudget",
  shortNames: ["pdb"],
  unconditionalUpdate: false,
  validate,
  prepareForCreate(budget) {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
  },
  status: {
    prepareForUpdate: keepSpec,
    validateUpdate(budget) {
      const errors: Errors = [];
      for (const name of counters) ruleNonNegative(errors, `status.${name}`, budget.status?.[name]);
      return errors;
    },
  },
  columns: [
    nameColumn,
    textColumn("Min Available", (budget) => String(budget.spec?.minAvailable ?? "N/A")),
    textColumn("Max Unavailable", (budget) => String(budget.spec?.maxUnavailable ?? "N/A")),
    numberColumn("Allowed Disruptions", (budget) => budget.status?.disruptionsAllowed),
    ageColumn,
  ],
});

function validate(budget: PodDisruptionBudgetObject): FieldError[] {
  const errors: Errors = [];
  const spec = budget.spec ?? {};
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(field.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const name of ["minAvailable", "maxUnavailable"] as const) {
    ruleIntOrPercent(errors, `spec.${name}`, spec[name]);
    ruleAtMostAll(errors, `spec.${name}`, spec[name]);
  }
  ruleLabelSelector(errors, "spec.selector", spec.selector);
  ruleOneOfOptional(errors, "spec.unhealthyPodEvictionPolicy", spec.unhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"]);
  return errors;
}
