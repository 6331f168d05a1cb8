/** Who is who: ordinals, names, and the labels and volumes that go with them (STS-1 … STS-4). */
import type { Pod, PodTemplateSpec, StatefulSet, Volume } from "../../api/types.ts";
import { semanticEqual } from "../../machinery/equality.ts";
import { podFromTemplate } from "../runtime/pod-control.ts";
import { claimName } from "./claims.ts";

/** Label of a Pod: the whole name of the ControllerRevision it was made from. */
const revisionLabel = "controller-revision-hash";
const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

/** How many Pods the set asks for. */
export const replicasOf = (set: StatefulSet): number => set.spec?.replicas ?? 1;

/** The ordinal of the first Pod. */
export const startOrdinal = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;

/** Whether the set asks for a Pod of this ordinal. */
export const isWanted = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + replicasOf(set);

const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The ordinal in a Pod's name; undefined for a name that is not of this set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(pod.metadata.name ?? "");
  return match && match[1] === set.metadata.name ? Number(match[2]) : undefined;
}

/** The name of the revision that a Pod was made from; empty where its labels do not say. */
export const revisionOf = (pod: Pod): string => pod.metadata.labels?.[revisionLabel] ?? "";

/** The Pod of an ordinal, made from a revision, to be created. */
export function newPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): Pod {
  const { metadata, spec, ...pod } = podFromTemplate(template, set);
  const name = podName(set, ordinal);
  const subdomain = set.spec?.serviceName;
  const volumes = volumesOf(set, ordinal, spec?.volumes);
  return {
    ...pod,
    metadata: { ...metadata, name, labels: { ...metadata.labels, ...identityLabels(set, ordinal), [revisionLabel]: revision } },
    spec: {
      ...(spec ?? { containers: [] }),
      hostname: name,
      ...(subdomain && { subdomain }),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

/** The Pod with the labels and volumes of its ordinal; itself where it has them. */
export function withIdentity(set: StatefulSet, ordinal: number, pod: Pod): Pod {
  const wanted = identityLabels(set, ordinal);
  const labelled = Object.entries(wanted).every(([key, value]) => pod.metadata.labels?.[key] === value);
  const stored = claimVolumes(set, ordinal).every((volume) =>
    semanticEqual(
      pod.spec?.volumes?.find(({ name }) => name === volume.name)?.persistentVolumeClaim?.claimName,
      volume.persistentVolumeClaim?.claimName,
    ),
  );
  if (labelled && stored) return pod;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...wanted } },
    ...(!stored && { spec: { ...(pod.spec as NonNullable<Pod["spec"]>), volumes: volumesOf(set, ordinal, pod.spec?.volumes) } }),
  };
}

const identityLabels = (set: StatefulSet, ordinal: number): Record<string, string> => ({
  [podNameLabel]: podName(set, ordinal),
  [podIndexLabel]: String(ordinal),
});

const claimVolumes = (set: StatefulSet, ordinal: number): Volume[] =>
  (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata.name as string,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));

/** A claim stands in for a volume of its name. */
function volumesOf(set: StatefulSet, ordinal: number, others: readonly Volume[] | undefined): Volume[] {
  const claims = claimVolumes(set, ordinal);
  const claimed = new Set(claims.map(({ name }) => name));
  return [...claims, ...(others ?? []).filter(({ name }) => !claimed.has(name))];
}
