/** A Pod: where it is, how its containers are, what they were given. */
import type { Container, ContainerState, ContainerStatus, Pod } from "../../../api/types.ts";
import { containerLines, type ContainerFacts, listed, pairs, toleration, volumeLines } from "../../printing/pod-template.ts";
import { parseTime } from "../../../base/time.ts";
import { humanDuration } from "../../../machinery/duration.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, controllerLines, labelLines, longTime } from "../lines.ts";

export const pod: Describer = {
  lines(object, { nowMs }) {
    const { metadata, spec, status } = object as unknown as Pod;
    const ips = status?.podIPs ?? [];
    const conditions = status?.conditions ?? [];
    const volumes = spec?.volumes ?? [];
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      ...(spec?.priority !== undefined ? [`Priority:\t${spec.priority}`] : []),
      ...(spec?.priorityClassName ? [`Priority Class Name:\t${spec.priorityClassName}`] : []),
      ...(spec?.runtimeClassName ? [`Runtime Class Name:\t${spec.runtimeClassName}`] : []),
      ...(spec?.serviceAccountName ? [`Service Account:\t${spec.serviceAccountName}`] : []),
      `Node:\t${spec?.nodeName ? `${spec.nodeName}/${status?.hostIP ?? ""}` : "<none>"}`,
      ...(status?.startTime ? [`Start Time:\t${longTime(status.startTime)}`] : []),
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      ...phaseLines(object as unknown as Pod, nowMs),
      ...(spec?.securityContext?.seccompProfile ? [`SeccompProfile:\t${spec.securityContext.seccompProfile.type}`] : []),
      `IP:\t${status?.podIP ?? ""}`,
      ...(ips.length > 0 ? ["IPs:", ...ips.map(({ ip }) => `  IP:\t${ip}`)] : ["IPs:\t<none>"]),
      ...controllerLines(object),
      ...(status?.nominatedNodeName ? [`NominatedNodeName:\t${status.nominatedNodeName}`] : []),
      ...containers("Init Containers", spec?.initContainers, status?.initContainerStatuses),
      ...containers("Containers", spec?.containers, status?.containerStatuses),
      ...containers(
        "Ephemeral Containers",
        spec?.ephemeralContainers as readonly Container[] | undefined,
        status?.ephemeralContainerStatuses,
      ),
      ...gates(object as unknown as Pod),
      ...(conditions.length > 0 ? ["Conditions:", "  Type\tStatus", ...conditions.map((each) => `  ${each.type} \t${each.status} `)] : []),
      ...(volumes.length === 0 ? ["Volumes:\t<none>"] : ["Volumes:", ...volumes.flatMap((each) => volumeLines(each, { indent: 2 }))]),
      `QoS Class:\t${status?.qosClass ?? ""}`,
      ...listed("Node-Selectors", pairs(spec?.nodeSelector)),
      ...listed("Tolerations", (spec?.tolerations ?? []).map(toleration).sort()),
      ...spread(object as unknown as Pod),
    ];
  },
};

function phaseLines({ metadata, status }: Pod, nowMs: number): string[] {
  const deleted = parseTime(metadata.deletionTimestamp);
  const lines =
    deleted !== undefined
      ? [
          `Status:\tTerminating (lasts ${humanDuration(nowMs - deleted)})`,
          `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`,
        ]
      : [`Status:\t${status?.phase ?? ""}`];
  if (status?.reason) lines.push(`Reason:\t${status.reason}`);
  if (status?.message) lines.push(`Message:\t${status.message}`);
  return lines;
}

function containers(title: string, all: readonly Container[] | undefined, statuses: readonly ContainerStatus[] | undefined): string[] {
  if (!all || all.length === 0) return [];
  return [
    `${title}:`,
    ...all.flatMap((each) => {
      const status = statuses?.find(({ name }) => name === each.name);
      return containerLines(each, { indent: 2, beside: factsOf(status) });
    }),
  ];
}

const factsOf = (status: ContainerStatus | undefined): ContainerFacts => ({
  identity: [`    Container ID:\t${status?.containerID ?? ""}`],
  imageId: [`    Image ID:\t${status?.imageID ?? ""}`],
  state: status
    ? [
        ...stateLines("State", status.state),
        ...(status.lastState && Object.keys(status.lastState).length > 0 ? stateLines("Last State", status.lastState) : []),
        `    Ready:\t${status.ready ? "True" : "False"}`,
        `    Restart Count:\t${status.restartCount ?? 0}`,
      ]
    : [],
});

function stateLines(title: string, state: ContainerState | undefined): string[] {
  if (state?.running) return [`    ${title}:\tRunning`, `      Started:\t${longTime(state.running.startedAt)}`];
  if (state?.terminated) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = state.terminated;
    return [
      `    ${title}:\tTerminated`,
      ...(reason ? [`      Reason:\t${reason}`] : []),
      ...(message ? [`      Message:\t${message}`] : []),
      `      Exit Code:\t${exitCode}`,
      ...(signal ? [`      Signal:\t${signal}`] : []),
      `      Started:\t${longTime(startedAt)}`,
      `      Finished:\t${longTime(finishedAt)}`,
    ];
  }
  return [`    ${title}:\tWaiting`, ...(state?.waiting?.reason ? [`      Reason:\t${state.waiting.reason}`] : [])];
}

function gates({ spec, status }: Pod): string[] {
  const all = spec?.readinessGates ?? [];
  if (all.length === 0) return [];
  const value = (type: string): string => status?.conditions?.find((each) => each.type === type)?.status ?? "<none>";
  return ["Readiness Gates:", "  Type\tStatus", ...all.map(({ conditionType }) => `  ${conditionType} \t${value(conditionType)} `)];
}

const spread = ({ spec }: Pod): string[] =>
  (spec?.topologySpreadConstraints ?? []).map((each, at) => {
    const text = `${each.topologyKey}:${each.whenUnsatisfiable} when max skew ${each.maxSkew} is exceeded`;
    return at === 0 ? `Topology Spread Constraints:\t${text}` : `\t${text}`;
  });
