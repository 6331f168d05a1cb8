/** Classes of storage and of Pods, and budgets of evictions. */
import type { PodDisruptionBudget, PriorityClass, StorageClass } from "../../../api/types.ts";
import { labelSelectorText } from "../../../machinery/selectors.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";

/** `a=b,c=d` on one line. */
const joined = (pairs: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(pairs ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(",") || "<none>";

const defaultAnnotation = "storageclass.kubernetes.io/is-default-class";

export const storageClass: Describer = {
  lines(object) {
    const each = object as unknown as StorageClass;
    const { metadata, mountOptions = [] } = each;
    return [
      `Name:\t${metadata.name}`,
      `IsDefaultClass:\t${metadata.annotations?.[defaultAnnotation] === "true" ? "Yes" : "No"}`,
      `Annotations:\t${joined(metadata.annotations)}`,
      `Provisioner:\t${each.provisioner}`,
      `Parameters:\t${joined(each.parameters)}`,
      `AllowVolumeExpansion:\t${each.allowVolumeExpansion === undefined ? "<unset>" : each.allowVolumeExpansion ? "True" : "False"}`,
      ...(mountOptions.length === 0 ? ["MountOptions:\t<none>"] : ["MountOptions:", ...mountOptions.map((option) => `  ${option}`)]),
      `ReclaimPolicy:\t${each.reclaimPolicy ?? ""}`,
      `VolumeBindingMode:\t${each.volumeBindingMode ?? ""}`,
    ];
  },
};

export const priorityClass: Describer = {
  lines(object) {
    const each = object as unknown as PriorityClass;
    return [
      `Name:\t${each.metadata.name}`,
      `Value:\t${each.value}`,
      `GlobalDefault:\t${each.globalDefault ?? false}`,
      `PreemptionPolicy:\t${each.preemptionPolicy ?? "PreemptLowerPriority"}`,
      `Description:\t${each.description ?? ""}`,
      `Annotations:\t${joined(each.metadata.annotations)}`,
    ];
  },
};

export const podDisruptionBudget: Describer = {
  lines(object) {
    const { metadata, spec, status } = object as unknown as PodDisruptionBudget;
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      ...(Object.keys(metadata.labels ?? {}).length > 0 ? labelLines("Labels", metadata.labels) : []),
      ...(Object.keys(metadata.annotations ?? {}).some((key) => !key.startsWith("kubectl.kubernetes.io/last-applied"))
        ? annotationLines(object)
        : []),
      ...(spec?.minAvailable !== undefined ? [`Min available:\t${spec.minAvailable}`] : []),
      ...(spec?.maxUnavailable !== undefined ? [`Max unavailable:\t${spec.maxUnavailable}`] : []),
      `Selector:\t${spec?.selector ? labelSelectorText(spec.selector) : "<unset>"}`,
      "Status:",
      `    Allowed disruptions:\t${status?.disruptionsAllowed ?? 0}`,
      `    Current:\t${status?.currentHealthy ?? 0}`,
      `    Desired:\t${status?.desiredHealthy ?? 0}`,
      `    Total:\t${status?.expectedPods ?? 0}`,
    ];
  },
};
