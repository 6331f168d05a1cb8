/** Claims and the volumes behind them. */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../../api/types.ts";
import { podRef } from "../../objects/pods-of.ts";
import { listed } from "../../printing/pod-template.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};
const modesText = (modes: readonly string[] | undefined): string => (modes ?? []).map((mode) => shortModes[mode] ?? mode).join(",");
const finalizersText = (finalizers: readonly string[] | undefined): string => `[${(finalizers ?? []).join(" ")}]`;

export const persistentVolumeClaim: Describer = {
  async lines(object, { list }) {
    const { metadata, spec, status } = object as unknown as PersistentVolumeClaim;
    const pods: readonly Pod[] = await list(podRef, { namespace: metadata.namespace ?? "" });
    const users = pods.filter((pod) => pod.spec?.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === metadata.name));
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      `StorageClass:\t${spec?.storageClassName ?? ""}`,
      `Status:\t${metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? "")}`,
      `Volume:\t${spec?.volumeName ?? ""}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Finalizers:\t${finalizersText(metadata.finalizers)}`,
      `Capacity:\t${status?.capacity?.["storage"] ?? ""}`,
      `Access Modes:\t${modesText(status?.accessModes)}`,
      `VolumeMode:\t${spec?.volumeMode ?? "Filesystem"}`,
      ...listed("Used By", users.map((pod) => pod.metadata.name as string).sort()),
    ];
  },
};

export const persistentVolume: Describer = {
  lines(object) {
    const { metadata, spec, status } = object as unknown as PersistentVolume;
    const claim = spec?.claimRef;
    const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
    const source = spec?.local
      ? { Type: "LocalVolume (a persistent volume backed by local storage on a node)", Path: spec.local.path }
      : spec?.hostPath && {
          Type: "HostPath (bare host directory volume)",
          Path: spec.hostPath.path,
          HostPathType: spec.hostPath.type ?? "",
        };
    return [
      `Name:\t${metadata.name}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Finalizers:\t${finalizersText(metadata.finalizers)}`,
      `StorageClass:\t${spec?.storageClassName ?? ""}`,
      `Status:\t${metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? "")}`,
      `Claim:\t${claim ? `${claim.namespace}/${claim.name}` : ""}`,
      `Reclaim Policy:\t${spec?.persistentVolumeReclaimPolicy ?? ""}`,
      `Access Modes:\t${modesText(spec?.accessModes)}`,
      `VolumeMode:\t${spec?.volumeMode ?? "Filesystem"}`,
      `Capacity:\t${spec?.capacity?.["storage"] ?? ""}`,
      ...(terms.length === 0
        ? ["Node Affinity:\t<none>"]
        : [
            "Node Affinity:\t",
            "  Required Terms:\t",
            ...terms.map((term, at) => {
              const rules = (term.matchExpressions ?? []).map(
                ({ key, operator, values = [] }) => `${key} ${operator.toLowerCase()} [${values.join(", ")}]`,
              );
              return `    Term ${at}:\t${rules.join("\n\t\t")}`;
            }),
          ]),
      `Message:\t${status?.message ?? ""}`,
      "Source:",
      ...Object.entries(source ?? {}).map(([field, value]) => `    ${field}:\t${value}`),
    ];
  },
};
