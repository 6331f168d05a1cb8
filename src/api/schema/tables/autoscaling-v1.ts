/** Field tables of autoscaling.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const autoscalingV1: TypeTable = {
  CrossVersionObjectReference: {
    $struct: "atomic",
    apiVersion: "string",
    kind: "!string",
    name: "!string",
  },
  HorizontalPodAutoscaler: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!autoscaling.v1.HorizontalPodAutoscalerSpec",
    status: "autoscaling.v1.HorizontalPodAutoscalerStatus",
  },
  HorizontalPodAutoscalerList: {
    apiVersion: "string",
    items: "![]autoscaling.v1.HorizontalPodAutoscaler",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  HorizontalPodAutoscalerSpec: {
    maxReplicas: "!int32",
    minReplicas: "int32",
    scaleTargetRef: "!autoscaling.v1.CrossVersionObjectReference",
    targetCPUUtilizationPercentage: "int32",
  },
  HorizontalPodAutoscalerStatus: {
    currentCPUUtilizationPercentage: "int32",
    currentReplicas: "!int32",
    desiredReplicas: "!int32",
    lastScaleTime: "time",
    observedGeneration: "int64",
  },
  Scale: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "autoscaling.v1.ScaleSpec",
    status: "autoscaling.v1.ScaleStatus",
  },
  ScaleSpec: {
    replicas: "int32",
  },
  ScaleStatus: {
    replicas: "!int32",
    selector: "string",
  },
};
