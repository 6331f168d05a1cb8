/** The two versions of a HorizontalPodAutoscaler: v1 has one number where v2 has a list of metrics. */
import type {
  AutoscalingV2HorizontalPodAutoscaler,
  AutoscalingV2HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscaler as AutoscalingV1HorizontalPodAutoscaler,
} from "../../types.ts";

/** The form in which both are stored. */
export function toV2({ metadata, spec, status }: AutoscalingV1HorizontalPodAutoscaler): AutoscalingV2HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage, ...rest } = spec ?? {};
  const { currentCPUUtilizationPercentage, ...report } = status ?? {};
  const result: AutoscalingV2HorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata,
    spec: { ...rest } as AutoscalingV2HorizontalPodAutoscalerSpec,
  };
  if (targetCPUUtilizationPercentage !== undefined) {
    const target = { type: "Utilization", averageUtilization: targetCPUUtilizationPercentage };
    result.spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  if (status) {
    result.status = report as NonNullable<AutoscalingV2HorizontalPodAutoscaler["status"]>;
    if (currentCPUUtilizationPercentage !== undefined) {
      const current = { averageUtilization: currentCPUUtilizationPercentage };
      result.status.currentMetrics = [{ type: "Resource", resource: { name: "cpu", current } }];
    }
  }
  return result;
}

/** The form of v1. Metrics other than CPU utilisation do not show in it. */
export function fromV2({ metadata, spec, status }: AutoscalingV2HorizontalPodAutoscaler): AutoscalingV1HorizontalPodAutoscaler {
  const result: AutoscalingV1HorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata,
    spec: { maxReplicas: spec.maxReplicas, scaleTargetRef: spec.scaleTargetRef },
  };
  if (spec.minReplicas !== undefined) result.spec.minReplicas = spec.minReplicas;
  const target = spec.metrics?.find((metric) => metric.resource?.name === "cpu")?.resource?.target.averageUtilization;
  if (target !== undefined) result.spec.targetCPUUtilizationPercentage = target;
  if (status) {
    result.status = { currentReplicas: status.currentReplicas ?? 0, desiredReplicas: status.desiredReplicas ?? 0 };
    if (status.lastScaleTime !== undefined) result.status.lastScaleTime = status.lastScaleTime;
    if (status.observedGeneration !== undefined) result.status.observedGeneration = status.observedGeneration;
    const current = status.currentMetrics?.find((metric) => metric.resource?.name === "cpu")?.resource?.current.averageUtilization;
    if (current !== undefined) result.status.currentCPUUtilizationPercentage = current;
  }
  return result;
}
