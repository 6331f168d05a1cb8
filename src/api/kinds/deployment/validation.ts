/** Everything wrong with a Deployment (VAL-1 … VAL-8). */
import { type FieldError, field } from "../../errors.ts";
import type { Deployment, DeploymentStrategy } from "../../types.ts";
import { type Errors, isZeroIntOrPercent, ruleAtMostAll, ruleIntOrPercent, ruleNonNegative } from "../field-rules.ts";
import { ruleControlledTemplate } from "../pod/validate-controlled-template.ts";

/** Validates a Deployment after defaults. */
export function validateDeployment(deployment: Deployment): FieldError[] {
  const errors: Errors = [];
  const spec = deployment.spec ?? ({} as NonNullable<Deployment["spec"]>);
  ruleNonNegative(errors, "spec.replicas", spec.replicas);
  ruleControlledTemplate(errors, spec, { selectorOf: "deployment", templateOf: "ReplicaSet" });
  if (spec.strategy) ruleStrategy(errors, spec.strategy);
  ruleNonNegative(errors, "spec.minReadySeconds", spec.minReadySeconds);
  ruleNonNegative(errors, "spec.revisionHistoryLimit", spec.revisionHistoryLimit);
  const deadline = spec.progressDeadlineSeconds;
  ruleNonNegative(errors, "spec.progressDeadlineSeconds", deadline);
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push(field.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
  }
  return errors;
}

function ruleStrategy(errors: Errors, strategy: DeploymentStrategy): void {
  const { type, rollingUpdate } = strategy;
  if (type === "Recreate") {
    if (rollingUpdate) {
      errors.push(field.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"));
    }
  } else if (type === "RollingUpdate") {
    const path = "spec.strategy.rollingUpdate";
    const { maxSurge, maxUnavailable } = rollingUpdate ?? {};
    ruleIntOrPercent(errors, `${path}.maxUnavailable`, maxUnavailable);
    ruleIntOrPercent(errors, `${path}.maxSurge`, maxSurge);
    if (isZeroIntOrPercent(maxUnavailable) && isZeroIntOrPercent(maxSurge)) {
      // Such a rollout could neither add nor remove a Pod.
      errors.push(field.invalid(`${path}.maxUnavailable`, maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0"));
    }
    ruleAtMostAll(errors, `${path}.maxUnavailable`, maxUnavailable);
  } else errors.push(field.notSupported("spec.strategy.type", type, ["Recreate", "RollingUpdate"]));
}
