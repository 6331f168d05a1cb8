/** A Service: what leads to it, and where it leads. */
import type { KindRef } from "../../../api/kind.ts";
import type { EndpointSlice, Service, ServicePort } from "../../../api/types.ts";
import { labelSelectorText } from "../../../machinery/selectors.ts";
import type { Describer } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";

/** EndpointSlices, as a client addresses them. */
export const sliceRef: KindRef<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
};

/** So many addresses are shown of one port. */
const endpointsMax = 3;

export const service: Describer = {
  async lines(object, { list }) {
    const { metadata, spec = {}, status } = object as unknown as Service;
    const slices: readonly EndpointSlice[] = await list(sliceRef, {
      namespace: metadata.namespace ?? "",
      labelSelector: `kubernetes.io/service-name=${metadata.name}`,
    });
    const ingress = status?.loadBalancer?.ingress ?? [];
    const ports = spec.ports ?? [];
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      `Selector:\t${spec.selector ? labelSelectorText({ matchLabels: spec.selector }) : "<none>"}`,
      `Type:\t${spec.type ?? ""}`,
      ...(spec.ipFamilyPolicy ? [`IP Family Policy:\t${spec.ipFamilyPolicy}`] : []),
      `IP Families:\t${(spec.ipFamilies ?? []).join(",") || "<none>"}`,
      `IP:\t${spec.clusterIP ?? ""}`,
      `IPs:\t${(spec.clusterIPs ?? []).join(",") || "<none>"}`,
      ...((spec.externalIPs ?? []).length > 0 ? [`External IPs:\t${spec.externalIPs?.join(",")}`] : []),
      ...(spec.loadBalancerIP ? [`Desired LoadBalancer IP:\t${spec.loadBalancerIP}`] : []),
      ...(spec.externalName ? [`External Name:\t${spec.externalName}`] : []),
      ...(ingress.length > 0
        ? [
            `LoadBalancer Ingress:\t${ingress.map(({ ip, hostname, ipMode }) => (ip ? `${ip}${ipMode ? ` (${ipMode})` : ""}` : hostname)).join(", ")}`,
          ]
        : []),
      ...ports.flatMap((port) => portLines(port, slices)),
      `Session Affinity:\t${spec.sessionAffinity ?? ""}`,
      ...(spec.externalTrafficPolicy ? [`External Traffic Policy:\t${spec.externalTrafficPolicy}`] : []),
      ...(spec.internalTrafficPolicy ? [`Internal Traffic Policy:\t${spec.internalTrafficPolicy}`] : []),
      ...(spec.trafficDistribution ? [`Traffic Distribution:\t${spec.trafficDistribution}`] : []),
      ...(spec.healthCheckNodePort ? [`HealthCheck NodePort:\t${spec.healthCheckNodePort}`] : []),
      ...((spec.loadBalancerSourceRanges ?? []).length > 0
        ? [`LoadBalancer Source Ranges:\t${spec.loadBalancerSourceRanges?.join(",")}`]
        : []),
    ];
  },
};

function portLines(port: ServicePort, slices: readonly EndpointSlice[]): string[] {
  const name = port.name || "<unset>";
  const protocol = port.protocol ?? "TCP";
  return [
    `Port:\t${name}\t${port.port}/${protocol}`,
    `TargetPort:\t${port.targetPort}/${protocol}`,
    ...(port.nodePort ? [`NodePort:\t${name}\t${port.nodePort}/${protocol}`] : []),
    `Endpoints:\t${endpointsOf(port, slices)}`,
  ];
}

/** Addresses behind a port of a Service, and how many more there are. */
export function endpointsOf({ name = "" }: ServicePort, slices: readonly EndpointSlice[]): string {
  const all = slices.flatMap((slice) => {
    const numbers = (slice.ports ?? []).filter((port) => (port.name ?? "") === name).map(({ port }) => port);
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) =>
      addresses.flatMap((address) => numbers.map((number) => `${address.includes(":") ? `[${address}]` : address}:${number}`)),
    );
  });
  if (slices.length === 0) return "<none>";
  const more = all.length - endpointsMax;
  return all.slice(0, endpointsMax).join(",") + (more > 0 ? ` + ${more} more...` : "");
}
