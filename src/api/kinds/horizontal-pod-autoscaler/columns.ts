/** What `kubectl get hpa` shows. */
import type { Column } from "../../kind.ts";
import type { AutoscalingV2HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";

const shownMetrics = 2;

interface Measure {
  readonly name: string;
  readonly target: MetricTarget;
}

function measureOf(metric: MetricSpec): Measure | undefined {
  const { resource, containerResource, pods, object, external } = metric;
  if (resource) return { name: resource.name, target: resource.target };
  if (containerResource) return { name: containerResource.name, target: containerResource.target };
  const other = pods ?? object ?? external;
  return other && { name: "", target: other.target };
}

function currentOf(status: MetricStatus | undefined): MetricValueStatus | undefined {
  return (status?.resource ?? status?.containerResource ?? status?.pods ?? status?.object ?? status?.external)?.current;
}

/** `cpu: 12%/80%`, or `cpu: <unknown>/80%` while nothing was measured. */
function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  const measure = measureOf(metric);
  if (!measure) return "<unknown type>";
  const { name, target } = measure;
  const current = currentOf(status);
  const prefix = name === "" ? "" : `${name}: `;
  if (target.averageUtilization !== undefined) {
    const now = current?.averageUtilization === undefined ? "<unknown>" : `${current.averageUtilization}%`;
    return `${prefix}${now}/${target.averageUtilization}%`;
  }
  if (target.averageValue !== undefined) {
    const suffix = name === "" && !metric.pods ? " (avg)" : "";
    return `${prefix}${current?.averageValue ?? "<unknown>"}/${target.averageValue}${suffix}`;
  }
  return `${prefix}${current?.value ?? "<unknown>"}/${target.value ?? "<auto>"}`;
}

function targetsText({ spec, status }: AutoscalingV2HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const texts = metrics.map((metric, i) => metricText(metric, status?.currentMetrics?.[i]));
  const more = texts.length - shownMetrics;
  return more > 0 ? `${texts.slice(0, shownMetrics).join(", ")} + ${more} more...` : texts.join(", ");
}

/** The columns, for either version of the kind. */
export const autoscalerColumns = <
  T extends { metadata: AutoscalingV2HorizontalPodAutoscaler["metadata"]; apiVersion: string; kind: string },
>(
  v2: (autoscaler: T) => AutoscalingV2HorizontalPodAutoscaler,
): Column<T>[] => [
  nameColumn,
  textColumn("Reference", (autoscaler) => {
    const { kind, name } = v2(autoscaler).spec?.scaleTargetRef ?? {};
    return `${kind}/${name}`;
  }),
  textColumn("Targets", (autoscaler) => targetsText(v2(autoscaler))),
  textColumn("MinPods", (autoscaler) => String(v2(autoscaler).spec?.minReplicas ?? "<unset>")),
  numberColumn("MaxPods", (autoscaler) => v2(autoscaler).spec?.maxReplicas),
  numberColumn("Replicas", (autoscaler) => v2(autoscaler).status?.currentReplicas),
  ageColumn,
];
