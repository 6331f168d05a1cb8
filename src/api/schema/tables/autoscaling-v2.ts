/** Field tables of autoscaling.v2; `notation.ts` documents the notation. */
import type { TypeTable } from "../notation.ts";

export const autoscalingV2: TypeTable = {
  ContainerResourceMetricSource: {
    container: "!string",
    name: "!string",
    target: "!autoscaling.v2.MetricTarget",
  },
  ContainerResourceMetricStatus: {
    container: "!string",
    current: "!autoscaling.v2.MetricValueStatus",
    name: "!string",
  },
  CrossVersionObjectReference: {
    apiVersion: "string",
    kind: "!string",
    name: "!string",
  },
  ExternalMetricSource: {
    metric: "!autoscaling.v2.MetricIdentifier",
    target: "!autoscaling.v2.MetricTarget",
  },
  ExternalMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus",
    metric: "!autoscaling.v2.MetricIdentifier",
  },
  HPAScalingPolicy: {
    periodSeconds: "!int32",
    type: "!string",
    value: "!int32",
  },
  HPAScalingRules: {
    policies: "[]autoscaling.v2.HPAScalingPolicy list=atomic",
    selectPolicy: "string",
    stabilizationWindowSeconds: "int32",
    tolerance: "quantity",
  },
  HorizontalPodAutoscaler: {
    apiVersion: "string",
    kind: "string",
    metadata: "meta.v1.ObjectMeta",
    spec: "!autoscaling.v2.HorizontalPodAutoscalerSpec",
    status: "autoscaling.v2.HorizontalPodAutoscalerStatus",
  },
  HorizontalPodAutoscalerBehavior: {
    scaleDown: "autoscaling.v2.HPAScalingRules",
    scaleUp: "autoscaling.v2.HPAScalingRules",
  },
  HorizontalPodAutoscalerCondition: {
    lastTransitionTime: "time",
    message: "string",
    reason: "string",
    status: "!string",
    type: "!string",
  },
  HorizontalPodAutoscalerList: {
    apiVersion: "string",
    items: "![]autoscaling.v2.HorizontalPodAutoscaler",
    kind: "string",
    metadata: "meta.v1.ListMeta",
  },
  HorizontalPodAutoscalerSpec: {
    behavior: "autoscaling.v2.HorizontalPodAutoscalerBehavior",
    maxReplicas: "!int32",
    metrics: "[]autoscaling.v2.MetricSpec list=atomic",
    minReplicas: "int32",
    scaleTargetRef: "!autoscaling.v2.CrossVersionObjectReference",
  },
  HorizontalPodAutoscalerStatus: {
    conditions: "[]autoscaling.v2.HorizontalPodAutoscalerCondition list=map:type patch=merge:type",
    currentMetrics: "[]autoscaling.v2.MetricStatus list=atomic",
    currentReplicas: "int32",
    desiredReplicas: "!int32",
    lastScaleTime: "time",
    observedGeneration: "int64",
  },
  MetricIdentifier: {
    name: "!string",
    selector: "meta.v1.LabelSelector",
  },
  MetricSpec: {
    containerResource: "autoscaling.v2.ContainerResourceMetricSource",
    external: "autoscaling.v2.ExternalMetricSource",
    object: "autoscaling.v2.ObjectMetricSource",
    pods: "autoscaling.v2.PodsMetricSource",
    resource: "autoscaling.v2.ResourceMetricSource",
    type: "!string",
  },
  MetricStatus: {
    containerResource: "autoscaling.v2.ContainerResourceMetricStatus",
    external: "autoscaling.v2.ExternalMetricStatus",
    object: "autoscaling.v2.ObjectMetricStatus",
    pods: "autoscaling.v2.PodsMetricStatus",
    resource: "autoscaling.v2.ResourceMetricStatus",
    type: "!string",
  },
  MetricTarget: {
    averageUtilization: "int32",
    averageValue: "quantity",
    type: "!string",
    value: "quantity",
  },
  MetricValueStatus: {
    averageUtilization: "int32",
    averageValue: "quantity",
    value: "quantity",
  },
  ObjectMetricSource: {
    describedObject: "!autoscaling.v2.CrossVersionObjectReference",
    metric: "!autoscaling.v2.MetricIdentifier",
    target: "!autoscaling.v2.MetricTarget",
  },
  ObjectMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus",
    describedObject: "!autoscaling.v2.CrossVersionObjectReference",
    metric: "!autoscaling.v2.MetricIdentifier",
  },
  PodsMetricSource: {
    metric: "!autoscaling.v2.MetricIdentifier",
    target: "!autoscaling.v2.MetricTarget",
  },
  PodsMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus",
    metric: "!autoscaling.v2.MetricIdentifier",
  },
  ResourceMetricSource: {
    name: "!string",
    target: "!autoscaling.v2.MetricTarget",
  },
  ResourceMetricStatus: {
    current: "!autoscaling.v2.MetricValueStatus",
    name: "!string",
  },
};
