/** Field tables of autoscaling.v1; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const autoscalingV1: TypeTable = {
  CrossVersionObjectReference: {
    $struct: "atomic",
    apiVersion: "string #3",
    kind: "!string #1",
    name: "!string #2",
  },
  HorizontalPodAutoscaler: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!autoscaling.v1.HorizontalPodAutoscalerSpec #2",
    status: "autoscaling.v1.HorizontalPodAutoscalerStatus #3",
  },
  HorizontalPodAutoscalerList: {
    apiVersion: "string",
    items: "![]autoscaling.v1.HorizontalPodAutoscaler #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  HorizontalPodAutoscalerSpec: {
    maxReplicas: "!int32 #3",
    minReplicas: "int32 #2",
    scaleTargetRef: "!autoscaling.v1.CrossVersionObjectReference #1",
    targetCPUUtilizationPercentage: "int32 #4",
  },
  HorizontalPodAutoscalerStatus: {
    currentCPUUtilizationPercentage: "int32 #5",
    currentReplicas: "!int32 #3",
    desiredReplicas: "!int32 #4",
    lastScaleTime: "time #2",
    observedGeneration: "int64 #1",
  },
  Scale: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "autoscaling.v1.ScaleSpec #2",
    status: "autoscaling.v1.ScaleStatus #3",
  },
  ScaleSpec: {
    replicas: "int32 #1",
  },
  ScaleStatus: {
    replicas: "!int32 #1",
    selector: "string #2",
  },
};
