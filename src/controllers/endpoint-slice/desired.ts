/** Which endpoints a Service has, from its Pods alone (SVC-1 … SVC-5). Pure. */
import type { DiscoveryV1EndpointPort, Endpoint, Node, Pod, Service, ServicePort } from "../../api/types.ts";
import { isPodReady, isPodTerminal } from "../../machinery/pods.ts";

/** Endpoints that share one list of ports: what one or several slices hold. */
export interface EndpointGroup {
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

const zoneLabel = "topology.kubernetes.io/zone";

/** A text that is equal for equal lists of ports. */
export const portsKey = (ports: readonly DiscoveryV1EndpointPort[]): string =>
  ports
    .map(({ name, protocol, port, appProtocol }) => `${name ?? ""}/${protocol ?? "TCP"}/${port ?? ""}/${appProtocol ?? ""}`)
    .sort()
    .join(",");

/**
 * Groups by resolved ports, because a named target port may be another number in each Pod. A Service without a Pod has
 * one empty group, so that there is one slice to find.
 */
export function desiredGroups(
  service: Service,
  pods: readonly Pod[],
  nodeOf: (name: string) => Node | undefined,
): readonly EndpointGroup[] {
  const groups = new Map<string, { ports: DiscoveryV1EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of pods) {
    if (!pod.status?.podIP || isPodTerminal(pod)) continue;
    const ports = resolvePorts(service, pod);
    const key = portsKey(ports);
    let group = groups.get(key);
    if (!group) {
      group = { ports, endpoints: [] };
      groups.set(key, group);
    }
    group.endpoints.push(endpointOf(service, pod, nodeOf));
  }
  return groups.size > 0 ? [...groups.values()] : [{ ports: [], endpoints: [] }];
}

function endpointOf(service: Service, pod: Pod, nodeOf: (name: string) => Node | undefined): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const nodeName = pod.spec?.nodeName;
  const zone = nodeName === undefined ? undefined : nodeOf(nodeName)?.metadata.labels?.[zoneLabel];
  const { hostname, subdomain } = pod.spec ?? {};
  return {
    addresses: [pod.status?.podIP as string],
    conditions: { ready: service.spec?.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname && subdomain === service.metadata.name && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    targetRef: {
      kind: "Pod",
      namespace: pod.metadata.namespace as string,
      name: pod.metadata.name as string,
      uid: pod.metadata.uid as string,
    },
    ...(zone !== undefined && { zone }),
  };
}

function resolvePorts(service: Service, pod: Pod): DiscoveryV1EndpointPort[] {
  const ports: DiscoveryV1EndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = targetPort(servicePort, pod);
    // A Pod that does not have the named port is no endpoint of it.
    if (port === undefined) continue;
    ports.push({
      name: servicePort.name ?? "",
      port,
      protocol: servicePort.protocol ?? "TCP",
      ...(servicePort.appProtocol !== undefined && { appProtocol: servicePort.appProtocol }),
    });
  }
  return ports;
}

/** The number behind a Service's target port in one Pod; undefined when the Pod has no port of that name and protocol. */
export function targetPort(servicePort: ServicePort, pod: Pod): number | undefined {
  const target = servicePort.targetPort ?? servicePort.port;
  if (typeof target === "number") return target === 0 ? servicePort.port : target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      if (port.name === target && (port.protocol ?? "TCP") === (servicePort.protocol ?? "TCP")) return port.containerPort;
    }
  }
  return undefined;
}
