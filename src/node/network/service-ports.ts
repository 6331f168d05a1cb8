/**
 * What a proxy needs of Services and their slices, joined: each port with the endpoints that traffic may go to now.
 * Ready endpoints are chosen; while there is none, those that still serve although they are terminating (SVC-1).
 */
import type { Endpoint, EndpointSlice, Service } from "../../api/types.ts";
import type { ServiceState } from "../network.ts";

export interface Backend {
  readonly ip: string;
  readonly port: number;
  readonly nodeName?: string;
}

export interface ServicePortState {
  readonly service: Service;
  /** "" where the port has none. */
  readonly name: string;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly port: number;
  readonly nodePort?: number;
  readonly clusterIp?: string;
  readonly externalIps: readonly string[];
  /** Set: connections of one client go to one endpoint until it has been silent for so long. */
  readonly affinitySeconds?: number;
  /** Whether clients in Pods reach only endpoints on their own node. */
  readonly internalLocal: boolean;
  /** In a steady order. */
  readonly backends: readonly Backend[];
}

const affinityDefaultSeconds = 10_800;

/** The label by which a slice names its Service. */
export const serviceNameLabel = "kubernetes.io/service-name";
const otherProxyLabel = "service.kubernetes.io/service-proxy-name";

/** Whether an endpoint is in use: unknown counts as ready. */
export const isEndpointReady = (endpoint: Endpoint): boolean => endpoint.conditions?.ready !== false;

const isEndpointServing = ({ conditions }: Endpoint): boolean => conditions?.serving ?? conditions?.ready !== false;

/** Slices by `namespace/name` of their Service. */
export function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.[serviceNameLabel];
    if (service === undefined) continue;
    const key = `${slice.metadata.namespace}/${service}`;
    const known = found.get(key);
    if (known) known.push(slice);
    else found.set(key, [slice]);
  }
  return found;
}

interface Joined {
  readonly slices: readonly EndpointSlice[];
  readonly ports: readonly ServicePortState[];
}

/** Objects never change: what followed from the same ones follows again. */
const joinedBefore = new WeakMap<Service, Joined>();

/** All ports of all Services that have an address of their own and are not another proxy's. The same objects give the same port states. */
export function servicePorts(state: ServiceState): readonly ServicePortState[] {
  const slices = slicesByService(state.slices);
  return state.services.flatMap((service) => {
    const own = slices.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? none;
    const before = joinedBefore.get(service);
    if (before && before.slices.length === own.length && before.slices.every((slice, index) => slice === own[index])) return before.ports;
    const ports = portsOf(service, own);
    joinedBefore.set(service, { slices: own, ports });
    return ports;
  });
}

const none: readonly EndpointSlice[] = [];

function portsOf(service: Service, slices: readonly EndpointSlice[]): readonly ServicePortState[] {
  const { metadata, spec } = service;
  if (!spec || spec.type === "ExternalName" || !spec.clusterIP || spec.clusterIP === "None") return [];
  if (metadata.labels?.[otherProxyLabel] !== undefined) return [];
  return (spec.ports ?? []).map((port): ServicePortState => {
    const protocol = (port.protocol ?? "TCP") as ServicePortState["protocol"];
    return {
      service,
      name: port.name ?? "",
      protocol,
      port: port.port,
      ...(port.nodePort === undefined ? {} : { nodePort: port.nodePort }),
      clusterIp: spec.clusterIP as string,
      externalIps: spec.externalIPs ?? [],
      ...(spec.sessionAffinity === "ClientIP"
        ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinityDefaultSeconds }
        : {}),
      internalLocal: spec.internalTrafficPolicy === "Local",
      backends: backends(slices, port.name ?? "", protocol),
    };
  });
}

function backends(slices: readonly EndpointSlice[], portName: string, protocol: string): readonly Backend[] {
  const ready = new Map<string, Backend>();
  const leaving = new Map<string, Backend>();
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") continue;
    const port = slice.ports?.find((candidate) => (candidate.name ?? "") === portName && (candidate.protocol ?? "TCP") === protocol);
    if (port?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (ip === undefined) continue;
      const backend = { ip, port: port.port, ...(endpoint.nodeName === undefined ? {} : { nodeName: endpoint.nodeName }) };
      if (isEndpointReady(endpoint)) ready.set(`${ip}:${port.port}`, backend);
      else if (isEndpointServing(endpoint) && endpoint.conditions?.terminating) leaving.set(`${ip}:${port.port}`, backend);
    }
  }
  const chosen = ready.size > 0 ? ready : leaving;
  return [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
}
