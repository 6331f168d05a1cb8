/** The kind HorizontalPodAutoscaler, in the versions v2 and v1 of autoscaling. They share one storage. */
import type { AutoscalingV2HorizontalPodAutoscaler, HorizontalPodAutoscaler as AutoscalingV1HorizontalPodAutoscaler } from "../../types.ts";
import { defineKind } from "../../kind.ts";

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
  status: {},
});

/** HorizontalPodAutoscaler (autoscaling/v1). */
export const HorizontalPodAutoscalerV1 = defineKind<AutoscalingV1HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  scope: "Namespaced",
  schema: "autoscaling.v1.HorizontalPodAutoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  status: {},
});
