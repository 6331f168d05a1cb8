/** The kind HorizontalPodAutoscaler, in the versions v2 and v1 of autoscaling. They share one storage, in the form of v2. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type {
  AutoscalingV2HorizontalPodAutoscaler,
  HorizontalPodAutoscaler as AutoscalingV1HorizontalPodAutoscaler,
  HPAScalingRules,
} from "../../types.ts";
import { type Errors, rulePositive, ruleRequired } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { keepSpec } from "../status-writes.ts";
import { autoscalerColumns } from "./columns.ts";
import { fromV2, toV2 } from "./forms.ts";

const cpuTargetPercent = 80;

/** HorizontalPodAutoscaler (autoscaling/v2). */
export const HorizontalPodAutoscaler = defineKind<AutoscalingV2HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  scope: "Namespaced",
  schema: "autoscaling.v2.HorizontalPodAutoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  bumpsGeneration: neverBumps,
  defaults(autoscaler) {
    const spec = autoscaler.spec;
    if (!spec) return;
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length) {
      const target = { type: "Utilization", averageUtilization: cpuTargetPercent };
      spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
    }
    if (!spec.behavior) return;
    spec.behavior.scaleUp = withRules(spec.behavior.scaleUp, {
      stabilizationWindowSeconds: 0,
      selectPolicy: "Max",
      policies: [
        { type: "Pods", value: 4, periodSeconds: 15 },
        { type: "Percent", value: 100, periodSeconds: 15 },
      ],
    });
    spec.behavior.scaleDown = withRules(spec.behavior.scaleDown, {
      selectPolicy: "Max",
      policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
    });
  },
  validate,
  prepareForCreate(autoscaler) {
    autoscaler.status = { desiredReplicas: 0 };
  },
  status: { prepareForUpdate: keepSpec },
  columns: autoscalerColumns<AutoscalingV2HorizontalPodAutoscaler>((autoscaler) => autoscaler),
});

/** HorizontalPodAutoscaler (autoscaling/v1): knows the CPU target only. */
export const HorizontalPodAutoscalerV1 = defineKind<AutoscalingV1HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  scope: "Namespaced",
  schema: "autoscaling.v1.HorizontalPodAutoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  bumpsGeneration: neverBumps,
  storage: { as: "autoscaling/horizontalpodautoscalers", toStorage: toV2, fromStorage: (object) => fromV2(object as never) },
  defaults(autoscaler) {
    if (!autoscaler.spec) return;
    autoscaler.spec.minReplicas ??= 1;
    autoscaler.spec.targetCPUUtilizationPercentage ??= cpuTargetPercent;
  },
  validate: (autoscaler) => validate(toV2(autoscaler)),
  prepareForCreate(autoscaler) {
    autoscaler.status = { currentReplicas: 0, desiredReplicas: 0 };
  },
  status: { prepareForUpdate: keepSpec },
  columns: autoscalerColumns<AutoscalingV1HorizontalPodAutoscaler>(toV2),
});

const withRules = (rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules => ({ ...defaults, ...rules });

function validate(autoscaler: AutoscalingV2HorizontalPodAutoscaler): FieldError[] {
  const errors: Errors = [];
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics } = autoscaler.spec ?? {};
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(field.invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1"));
  }
  rulePositive(errors, "spec.maxReplicas", maxReplicas);
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(field.invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  ruleRequired(errors, "spec.scaleTargetRef.kind", scaleTargetRef?.kind);
  ruleRequired(errors, "spec.scaleTargetRef.name", scaleTargetRef?.name);
  for (const [i, metric] of (metrics ?? []).entries()) {
    const source = metric.type?.charAt(0).toLowerCase() + metric.type?.slice(1);
    const at = `spec.metrics[${i}]`;
    if (!ruleRequired(errors, `${at}.type`, metric.type)) continue;
    const types = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    if (!types.includes(metric.type)) errors.push(field.notSupported(`${at}.type`, metric.type, types));
    else if (!metric[source as "resource"]) {
      errors.push(field.required(`${at}.${source}`, "must populate information for the given metric source"));
    }
  }
  return errors;
}
