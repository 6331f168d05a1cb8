/** Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and Jobs. */
import type { AnyObject } from "../../../api/meta/object.ts";
import type { CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet } from "../../../api/types.ts";
import { deploymentKind } from "../../../release/kinds/deployment.ts";
import { parseTime } from "../../../base/time.ts";
import { humanDuration } from "../../../machinery/duration.ts";
import { labelSelectorText } from "../../../machinery/selectors.ts";
import { podRef } from "../../objects/pods-of.ts";
import { describePodTemplate } from "../../printing/pod-template.ts";
import type { Describer, Surroundings } from "../describer.ts";
import { annotationLines, controllerLines, labelLines, longTime, podCounts } from "../lines.ts";

const template = ({ spec }: AnyObject): string[] => describePodTemplate(spec.template).trimEnd().split("\n");

const identity = ({ metadata }: AnyObject): string[] => [`Name:\t${metadata.name}`, `Namespace:\t${metadata.namespace}`];

/** Pods that the object controls. */
async function podsOf(object: AnyObject, { list }: Surroundings): Promise<readonly AnyObject[]> {
  const { selector } = object["spec"];
  const isFull = selector?.matchLabels !== undefined || selector?.matchExpressions !== undefined;
  const pods = await list(podRef, {
    namespace: object.metadata.namespace ?? "",
    labelSelector: labelSelectorText(isFull ? selector : { matchLabels: selector }),
  });
  return pods.filter((pod) => pod.metadata.ownerReferences?.some((owner: any) => owner.controller && owner.uid === object.metadata.uid));
}

/** Nothing where there are none. */
const conditionLines = (conditions: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]): string[] =>
  conditions.length === 0
    ? []
    : [
        "Conditions:",
        "  Type\tStatus\tReason",
        "  ----\t------\t------",
        ...conditions.map((each) => `  ${each.type} \t${each.status}\t${each.reason ?? ""}`),
      ];

export const deployment: Describer = {
  async lines(object, { list }) {
    const { metadata, spec, status } = object as unknown as Deployment;
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, unavailableReplicas = 0, conditions = [] } = status ?? {};
    const rolling = spec?.strategy?.rollingUpdate;
    return [
      ...identity(object),
      `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Selector:\t${labelSelectorText(spec?.selector)}`,
      `Replicas:\t${spec?.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
      `StrategyType:\t${spec?.strategy?.type ?? ""}`,
      `MinReadySeconds:\t${spec?.minReadySeconds ?? 0}`,
      ...(rolling ? [`RollingUpdateStrategy:\t${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`] : []),
      ...template(object),
      ...conditionLines(conditions),
      ...(await replicaSetLines(object, list)),
    ];
  },
};

/** Which ReplicaSet the template is, and which others still have Pods. */
async function replicaSetLines(object: AnyObject, list: Surroundings["list"]): Promise<string[]> {
  const all: ReplicaSet[] = [
    ...(await list(deploymentKind.revisionRef, {
      namespace: object.metadata.namespace ?? "",
      labelSelector: labelSelectorText(object["spec"].selector),
    })),
  ].filter((set) => set.metadata.ownerReferences?.some((owner: any) => owner.controller && owner.uid === object.metadata.uid));
  const revisions = all.map((set) => ({ set, ...deploymentKind.revision(object as any, set as any), name: set.metadata.name as string }));
  const current = deploymentKind.targetOf(object as any, revisions as any);
  const text = (sets: readonly ReplicaSet[]): string =>
    sets
      .map(({ metadata, spec, status }) => `${metadata.name} (${status?.replicas ?? 0}/${spec?.replicas ?? 0} replicas created)`)
      .join(", ") || "<none>";
  const created = ({ metadata }: ReplicaSet): string => metadata.creationTimestamp ?? "";
  const byAge = all.toSorted((a, b) => (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0));
  return [
    `OldReplicaSets:\t${text(byAge.filter(({ metadata }) => metadata.name !== current))}`,
    `NewReplicaSet:\t${text(byAge.filter(({ metadata }) => metadata.name === current))}`,
  ];
}

export const replicaSet: Describer = {
  async lines(object, surroundings) {
    const { metadata, spec, status } = object as unknown as ReplicaSet;
    const { conditions = [] } = status ?? {};
    return [
      ...identity(object),
      `Selector:\t${labelSelectorText(spec?.selector)}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      ...controllerLines(object),
      `Replicas:\t${status?.replicas ?? 0} current / ${spec?.replicas ?? 0} desired`,
      `Pods Status:\t${podCounts(await podsOf(object, surroundings))}`,
      ...template(object),
      ...conditionLines(conditions),
    ];
  },
};

export const statefulSet: Describer = {
  async lines(object, surroundings) {
    const { metadata, spec, status } = object as unknown as StatefulSet;
    const { type, rollingUpdate } = spec?.updateStrategy ?? {};
    const claims = spec?.volumeClaimTemplates ?? [];
    return [
      ...identity(object),
      `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
      `Selector:\t${labelSelectorText(spec?.selector)}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Replicas:\t${spec?.replicas ?? 1} desired | ${status?.replicas ?? 0} total`,
      `Update Strategy:\t${type ?? ""}`,
      ...(rollingUpdate?.partition !== undefined ? [`  Partition:\t${rollingUpdate.partition}`] : []),
      ...(rollingUpdate?.maxUnavailable !== undefined ? [`  MaxUnavailable:\t${rollingUpdate.maxUnavailable}`] : []),
      `Pods Status:\t${podCounts(await podsOf(object, surroundings))}`,
      ...template(object),
      ...(claims.length === 0
        ? ["Volume Claims:\t<none>"]
        : [
            "Volume Claims:",
            ...claims.flatMap((claim) => [
              `  Name:\t${claim.metadata?.name}`,
              `  StorageClass:\t${claim.spec?.storageClassName ?? ""}`,
              ...labelLines("  Labels", claim.metadata?.labels),
              ...(claim.metadata?.annotations ? labelLines("  Annotations", claim.metadata.annotations) : ["  Annotations:\t<none>"]),
              `  Capacity:\t${claim.spec?.resources?.requests?.["storage"] ?? "<default>"}`,
              `  Access Modes:\t[${(claim.spec?.accessModes ?? []).join(" ")}]`,
            ]),
          ]),
    ];
  },
};

export const daemonSet: Describer = {
  async lines(object, surroundings) {
    const { metadata, spec, status } = object as unknown as DaemonSet;
    const counted = {
      "Desired Number of Nodes Scheduled": status?.desiredNumberScheduled ?? 0,
      "Current Number of Nodes Scheduled": status?.currentNumberScheduled ?? 0,
      "Number of Nodes Scheduled with Up-to-date Pods": status?.updatedNumberScheduled ?? 0,
      "Number of Nodes Scheduled with Available Pods": status?.numberAvailable ?? 0,
      "Number of Nodes Misscheduled": status?.numberMisscheduled ?? 0,
    };
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      `Selector:\t${labelSelectorText(spec?.selector)}`,
      `Node-Selector:\t${
        Object.entries(spec?.template.spec?.nodeSelector ?? {})
          .sort()
          .map(([key, value]) => `${key}=${value}`)
          .join(",") || "<none>"
      }`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      ...Object.entries(counted).map(([title, count]) => `${title}: ${count}`),
      `Pods Status:\t${podCounts(await podsOf(object, surroundings))}`,
      ...template(object),
    ];
  },
};

export const job: Describer = {
  async lines(object) {
    const { metadata, spec, status } = object as unknown as Job;
    const started = parseTime(status?.startTime);
    const completed = parseTime(status?.completionTime);
    return [
      ...identity(object),
      ...(spec?.selector ? [`Selector:\t${labelSelectorText(spec.selector)}`] : []),
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      ...controllerLines(object),
      `Parallelism:\t${spec?.parallelism ?? "<unset>"}`,
      `Completions:\t${spec?.completions ?? "<unset>"}`,
      ...(spec?.completionMode ? [`Completion Mode:\t${spec.completionMode}`] : []),
      ...(spec?.suspend !== undefined ? [`Suspend:\t${spec.suspend}`] : []),
      `Backoff Limit:\t${spec?.backoffLimit ?? 6}`,
      ...(spec?.ttlSecondsAfterFinished !== undefined ? [`TTL Seconds After Finished:\t${spec.ttlSecondsAfterFinished}`] : []),
      ...(started !== undefined ? [`Start Time:\t${longTime(status?.startTime)}`] : []),
      ...(completed !== undefined ? [`Completed At:\t${longTime(status?.completionTime)}`] : []),
      ...(started !== undefined && completed !== undefined ? [`Duration:\t${humanDuration(completed - started)}`] : []),
      ...(spec?.activeDeadlineSeconds !== undefined ? [`Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`] : []),
      `Pods Statuses:\t${status?.active ?? 0} Active (${status?.ready ?? 0} Ready) / ${status?.succeeded ?? 0} Succeeded / ${status?.failed ?? 0} Failed`,
      ...(spec?.completionMode === "Indexed" ? [`Completed Indexes:\t${status?.completedIndexes || "<none>"}`] : []),
      ...template(object),
    ];
  },
};

export const cronJob: Describer = {
  lines(object) {
    const { spec, status, metadata } = object as unknown as CronJob;
    const ofJob = spec?.jobTemplate.spec;
    const active = status?.active ?? [];
    return [
      ...identity(object),
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Schedule:\t${spec?.schedule ?? ""}`,
      ...(spec?.timeZone !== undefined ? [`Time Zone:\t${spec.timeZone}`] : []),
      `Concurrency Policy:\t${spec?.concurrencyPolicy ?? "Allow"}`,
      `Suspend:\t${spec?.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False"}`,
      `Successful Job History Limit:\t${spec?.successfulJobsHistoryLimit ?? "<unset>"}`,
      `Failed Job History Limit:\t${spec?.failedJobsHistoryLimit ?? "<unset>"}`,
      `Starting Deadline Seconds:\t${spec?.startingDeadlineSeconds === undefined ? "<unset>" : `${spec.startingDeadlineSeconds}s`}`,
      `Selector:\t${ofJob?.selector ? labelSelectorText(ofJob.selector) : "<unset>"}`,
      `Parallelism:\t${ofJob?.parallelism ?? "<unset>"}`,
      `Completions:\t${ofJob?.completions ?? "<unset>"}`,
      ...template({ ...object, spec: ofJob } as AnyObject),
      `Last Schedule Time:\t${longTime(status?.lastScheduleTime)}`,
      `Active Jobs:\t${active.map(({ name }) => name).join(", ") || "<none>"}`,
    ];
  },
};
