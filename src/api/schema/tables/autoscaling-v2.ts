/** Field tables of autoscaling.v2; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const autoscalingV2: TypeTable = {
  ContainerResourceMetricSource: {
    container: "!string #3",
    name: "!string #1",
    target: "!autoscaling.v2.MetricTarget #2",
  },
  ContainerResourceMetricStatus: {
    container: "!string #3",
    current: "!autoscaling.v2.MetricValueStatus #2",
    name: "!string #1",
  },
  CrossVersionObjectReference: {
    apiVersion: "string #3",
    kind: "!string #1",
    name: "!string #2",
  },
  ExternalMetricSource: {
    metric: "!autoscaling.v2.MetricIdentifier #1",
    target: "!autoscaling.v2.MetricTarget #2",
  },
  ExternalMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus #2",
    metric: "!autoscaling.v2.MetricIdentifier #1",
  },
  HPAScalingPolicy: {
    periodSeconds: "!int32 #3",
    type: "!string #1",
    value: "!int32 #2",
  },
  HPAScalingRules: {
    policies: "[]autoscaling.v2.HPAScalingPolicy list=atomic #2",
    selectPolicy: "string #1",
    stabilizationWindowSeconds: "int32 #3",
    tolerance: "quantity #4",
  },
  HorizontalPodAutoscaler: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta #1",
    spec: "!autoscaling.v2.HorizontalPodAutoscalerSpec #2",
    status: "autoscaling.v2.HorizontalPodAutoscalerStatus #3",
  },
  HorizontalPodAutoscalerBehavior: {
    scaleDown: "autoscaling.v2.HPAScalingRules #2",
    scaleUp: "autoscaling.v2.HPAScalingRules #1",
  },
  HorizontalPodAutoscalerCondition: {
    lastTransitionTime: "time #3",
    message: "string #5",
    reason: "string #4",
    status: "!string #2",
    type: "!string #1",
  },
  HorizontalPodAutoscalerList: {
    apiVersion: "string",
    items: "![]autoscaling.v2.HorizontalPodAutoscaler #2",
    kind: "string",
    metadata: "meta.v1.ListMeta #1",
  },
  HorizontalPodAutoscalerSpec: {
    behavior: "autoscaling.v2.HorizontalPodAutoscalerBehavior #5",
    maxReplicas: "!int32 #3",
    metrics: "[]autoscaling.v2.MetricSpec list=atomic #4",
    minReplicas: "int32 #2",
    scaleTargetRef: "!autoscaling.v2.CrossVersionObjectReference #1",
  },
  HorizontalPodAutoscalerStatus: {
    conditions: "[]autoscaling.v2.HorizontalPodAutoscalerCondition list=map:type patch=merge:type #6",
    currentMetrics: "[]autoscaling.v2.MetricStatus list=atomic #5",
    currentReplicas: "int32 #3",
    desiredReplicas: "!int32 #4",
    lastScaleTime: "time #2",
    observedGeneration: "int64 #1",
  },
  MetricIdentifier: {
    name: "!string #1",
    selector: "meta.v1.LabelSelector #2",
  },
  MetricSpec: {
    containerResource: "autoscaling.v2.ContainerResourceMetricSource #7",
    external: "autoscaling.v2.ExternalMetricSource #5",
    object: "autoscaling.v2.ObjectMetricSource #2",
    pods: "autoscaling.v2.PodsMetricSource #3",
    resource: "autoscaling.v2.ResourceMetricSource #4",
    type: "!string #1",
  },
  MetricStatus: {
    containerResource: "autoscaling.v2.ContainerResourceMetricStatus #7",
    external: "autoscaling.v2.ExternalMetricStatus #5",
    object: "autoscaling.v2.ObjectMetricStatus #2",
    pods: "autoscaling.v2.PodsMetricStatus #3",
    resource: "autoscaling.v2.ResourceMetricStatus #4",
    type: "!string #1",
  },
  MetricTarget: {
    averageUtilization: "int32 #4",
    averageValue: "quantity #3",
    type: "!string #1",
    value: "quantity #2",
  },
  MetricValueStatus: {
    averageUtilization: "int32 #3",
    averageValue: "quantity #2",
    value: "quantity #1",
  },
  ObjectMetricSource: {
    describedObject: "!autoscaling.v2.CrossVersionObjectReference #1",
    metric: "!autoscaling.v2.MetricIdentifier #3",
    target: "!autoscaling.v2.MetricTarget #2",
  },
  ObjectMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus #2",
    describedObject: "!autoscaling.v2.CrossVersionObjectReference #3",
    metric: "!autoscaling.v2.MetricIdentifier #1",
  },
  PodsMetricSource: {
    metric: "!autoscaling.v2.MetricIdentifier #1",
    target: "!autoscaling.v2.MetricTarget #2",
  },
  PodsMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus #2",
    metric: "!autoscaling.v2.MetricIdentifier #1",
  },
  ResourceMetricSource: {
    name: "!string #1",
    target: "!autoscaling.v2.MetricTarget #2",
  },
  ResourceMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus #2",
    name: "!string #1",
  },
};
