/** A Node: its conditions, what it has, and what it has given away. */
import type { KindRef } from "../../../api/kind.ts";
import type { Lease, Node, Pod } from "../../../api/types.ts";
import { parseTime } from "../../../base/time.ts";
import { humanDuration } from "../../../machinery/duration.ts";
import { addQuantities, quantityMilliValue } from "../../../machinery/quantity.ts";
import { isPodTerminal } from "../../../machinery/pods.ts";
import { podRef } from "../../objects/pods-of.ts";
import { listed } from "../../printing/pod-template.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines, longTime } from "../lines.ts";

const leaseRef: KindRef<Lease> = { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", scope: "Namespaced" };
const rolePrefix = "node-role.kubernetes.io/";

export const node: Describer = {
  async lines(object, { list, get, nowMs }) {
    const { metadata, spec, status } = object as unknown as Node;
    const pods: readonly Pod[] = await list(podRef, { fieldSelector: `spec.nodeName=${metadata.name}` });
    const lease: Lease | undefined = await get(leaseRef, { namespace: "kube-node-lease", name: metadata.name ?? "" });
    const roles = Object.keys(metadata.labels ?? {})
      .filter((key) => key.startsWith(rolePrefix))
      .map((key) => key.slice(rolePrefix.length));
    const taints = (spec?.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ""}:${effect}`);
    const info = status?.nodeInfo;
    return [
      `Name:\t${metadata.name}`,
      `Roles:\t${roles.sort().join(",") || "<none>"}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
      ...listed("Taints", taints),
      `Unschedulable:\t${spec?.unschedulable === true}`,
      "Lease:",
      `  HolderIdentity:\t${lease?.spec?.holderIdentity ?? "<unset>"}`,
      `  AcquireTime:\t${longTime(lease?.spec?.acquireTime)}`,
      `  RenewTime:\t${longTime(lease?.spec?.renewTime)}`,
      ...conditionLines(status?.conditions ?? []),
      "Addresses:",
      ...(status?.addresses ?? []).map(({ type, address }) => `  ${type}:\t${address}`),
      ...amounts("Capacity", status?.capacity),
      ...amounts("Allocatable", status?.allocatable),
      "System Info:",
      `  Machine ID:\t${info?.machineID ?? ""}`,
      `  System UUID:\t${info?.systemUUID ?? ""}`,
      `  Boot ID:\t${info?.bootID ?? ""}`,
      `  Kernel Version:\t${info?.kernelVersion ?? ""}`,
      `  OS Image:\t${info?.osImage ?? ""}`,
      `  Operating System:\t${info?.operatingSystem ?? ""}`,
      `  Architecture:\t${info?.architecture ?? ""}`,
      `  Container Runtime Version:\t${info?.containerRuntimeVersion ?? ""}`,
      `  Kubelet Version:\t${info?.kubeletVersion ?? ""}`,
      `  Kube-Proxy Version:\t${info?.kubeProxyVersion ?? ""}`,
      ...(spec?.podCIDR ? [`PodCIDR:\t${spec.podCIDR}`] : []),
      ...((spec?.podCIDRs ?? []).length > 0 ? [`PodCIDRs:\t${spec?.podCIDRs?.join(",")}`] : []),
      ...podLines(object as unknown as Node, pods, nowMs),
    ];
  },
};

const conditionLines = (conditions: NonNullable<NonNullable<Node["status"]>["conditions"]>): string[] =>
  conditions.length === 0
    ? []
    : [
        "Conditions:",
        "  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage",
        "  ----\t------\t-----------------\t------------------\t------\t-------",
        ...conditions.map(
          (each) =>
            `  ${each.type} \t${each.status} \t${longTime(each.lastHeartbeatTime)} \t${longTime(each.lastTransitionTime)} \t${each.reason ?? ""} \t${each.message ?? ""}`,
        ),
      ];

const amounts = (title: string, map: Readonly<Record<string, string | number>> | undefined): string[] =>
  map
    ? [
        `${title}:`,
        ...Object.keys(map)
          .sort()
          .map((name) => `  ${name}:\t${map[name]}`),
      ]
    : [];

type Amounts = Record<string, string>;

function podLines({ status }: Node, pods: readonly Pod[], nowMs: number): string[] {
  const running = pods.filter((pod) => !isPodTerminal(pod));
  const allocatable = status?.allocatable ?? status?.capacity ?? {};
  const share = (name: string, amount: string | undefined): string => {
    const all = quantityMilliValue(String(allocatable[name] ?? "0"));
    const part = quantityMilliValue(amount ?? "0");
    return `${amount ?? "0"} (${all > 0 ? Math.floor((part / all) * 100) : 0}%)`;
  };
  const totals: { requests: Amounts; limits: Amounts } = { requests: {}, limits: {} };
  const rows = running.map((pod) => {
    const requests = amountsOf(pod, "requests");
    const limits = amountsOf(pod, "limits");
    sumUp(totals.requests, requests);
    sumUp(totals.limits, limits);
    const age = humanDuration(nowMs - (parseTime(pod.metadata.creationTimestamp) ?? nowMs));
    return `  ${pod.metadata.namespace}\t${pod.metadata.name}\t\t${share("cpu", requests["cpu"])}\t${share("cpu", limits["cpu"])}\t${share("memory", requests["memory"])}\t${share("memory", limits["memory"])}\t${age}`;
  });
  const names = [
    "cpu",
    "memory",
    "ephemeral-storage",
    ...Object.keys(allocatable)
      .filter((name) => name.startsWith("hugepages-") || name.includes("/"))
      .sort(),
  ];
  return [
    `Non-terminated Pods:\t(${running.length} in total)`,
    "  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge",
    "  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---",
    ...rows,
    "Allocated resources:",
    "  (Total limits may be over 100 percent, i.e., overcommitted.)",
    "  Resource\tRequests\tLimits",
    "  --------\t--------\t------",
    ...names.map((name) => `  ${name}\t${share(name, totals.requests[name])}\t${share(name, totals.limits[name])}`),
  ];
}

/** What runs side by side adds up: the containers, and the init containers that go on running. */
function amountsOf({ spec }: Pod, field: "requests" | "limits"): Amounts {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const amounts: Amounts = {};
  for (const { resources } of [...(spec?.containers ?? []), ...sidecars]) sumUp(amounts, (resources?.[field] ?? {}) as Amounts);
  return amounts;
}

function sumUp(total: Amounts, part: Readonly<Amounts>): void {
  for (const [name, amount] of Object.entries(part)) total[name] = total[name] === undefined ? amount : addQuantities(total[name], amount);
}
