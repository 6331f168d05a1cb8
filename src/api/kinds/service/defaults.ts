/** What Kubernetes fills into a Service, and what an update keeps of what was given out (SVC-7). */
import type { Service, ServiceSpec } from "../../types.ts";
import { deepEqual } from "../../../machinery/equality.ts";
import { omitZero } from "../omit-zero.ts";

const affinityTimeoutSeconds = 10800;

/** Whether traffic from outside the cluster is meant to reach the Service. */
export const isExternallyAccessible = (spec: ServiceSpec): boolean =>
  spec.type === "LoadBalancer" || spec.type === "NodePort" || (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);

/** Whether Services of this type have ports on the nodes. */
export const hasNodePorts = (spec: ServiceSpec): boolean => spec.type === "NodePort" || spec.type === "LoadBalancer";

const hasClusterIp = (spec: ServiceSpec): boolean => spec.type !== "ExternalName";

/** Fills a Service. */
export function defaultService(service: Service): void {
  const spec = (service.spec ??= {});
  omitZero(spec, ["clusterIP", "clusterIPs", "ports", "externalIPs", "publishNotReadyAddresses", "healthCheckNodePort", "externalName"]);
  spec.type ||= "ClusterIP";
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: affinityTimeoutSeconds } };
  }
  for (const port of spec.ports ?? []) {
    omitZero(port, ["name", "nodePort"]);
    port.protocol ||= "TCP";
    port.targetPort ||= port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= "Cluster";
  if (spec.type !== "ExternalName") {
    spec.internalTrafficPolicy ??= "Cluster";
    spec.ipFamilyPolicy ??= "SingleStack";
    spec.ipFamilies ??= ["IPv4"];
  }
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  // The first address and the list of addresses are two views of one field.
  if (spec.clusterIP !== undefined && spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP];
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
}

/** An update that says nothing of an address or port keeps it; a change of type gives up what the new type does not have. */
export function keepAllocations(service: Service, old: Service): void {
  const spec = service.spec;
  const before = old.spec;
  if (!spec || !before) return;
  if (hasClusterIp(spec) && hasClusterIp(before)) {
    if (spec.clusterIP === undefined && before.clusterIP !== undefined) {
      spec.clusterIP = before.clusterIP;
      spec.clusterIPs = [...(before.clusterIPs ?? [before.clusterIP])];
    }
  } else if (!hasClusterIp(spec) && hasClusterIp(before)) {
    // Each field for itself: who clears the address seldom thinks of its family.
    for (const name of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const) {
      if (deepEqual(spec[name], before[name])) delete spec[name];
    }
  }
  keepNodePorts(spec, before);
  if (spec.type !== "LoadBalancer" && before.type === "LoadBalancer") {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
    if (spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  if (!isExternallyAccessible(spec) && isExternallyAccessible(before) && spec.externalTrafficPolicy === before.externalTrafficPolicy) {
    delete spec.externalTrafficPolicy;
  }
}

function keepNodePorts(spec: ServiceSpec, before: ServiceSpec): void {
  if (!hasNodePorts(before)) return;
  for (const port of spec.ports ?? []) {
    const same = before.ports?.find((old) => old.port === port.port && old.protocol === port.protocol);
    if (!same?.nodePort) continue;
    if (!hasNodePorts(spec)) {
      if (port.nodePort === same.nodePort) delete port.nodePort;
    } else if (port.nodePort === undefined && !spec.ports!.some((other) => other.nodePort === same.nodePort)) port.nodePort = same.nodePort;
  }
}
