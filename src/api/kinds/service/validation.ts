/** Everything wrong with a Service, and with a change of one. */
import { deepEqual } from "../../../machinery/equality.ts";
import { isQualifiedName } from "../../../machinery/names.ts";
import { type FieldError, field } from "../../errors.ts";
import type { Service, ServicePort, ServiceSpec } from "../../types.ts";
import {
  type Errors,
  ruleCidr,
  ruleIp,
  ruleLabels,
  ruleName,
  ruleOneOf,
  ruleOneOfOptional,
  rulePort,
  rulePortOrName,
  ruleRequired,
} from "../field-rules.ts";
import { hasNodePorts, isExternallyAccessible } from "./defaults.ts";

const headless = "None";
const affinityMaxSeconds = 86400;
const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/** Validates a Service after defaults. */
export function validateService(service: Service): FieldError[] {
  const errors: Errors = [];
  const spec = service.spec ?? {};
  const clusterIp = spec.clusterIP;
  if (!spec.ports?.length && clusterIp !== headless && spec.type !== "ExternalName") errors.push(field.required("spec.ports"));
  ruleType(errors, spec);
  rulePorts(errors, spec);
  ruleLabels(errors, "spec.selector", spec.selector);
  ruleAffinity(errors, spec);
  ruleClusterIps(errors, spec);
  for (const [i, ip] of (spec.externalIPs ?? []).entries()) ruleIp(errors, `spec.externalIPs[${i}]`, ip);
  ruleTraffic(errors, spec);
  ruleLoadBalancer(errors, spec);
  return errors;
}

function ruleType(errors: Errors, spec: ServiceSpec): void {
  ruleOneOf(errors, "spec.type", spec.type, types);
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && spec.clusterIP === headless) {
    errors.push(field.invalid("spec.clusterIPs[0]", headless, `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type !== "ExternalName") return;
  if (spec.clusterIPs?.length) errors.push(field.forbidden("spec.clusterIPs", "may not be set for ExternalName services"));
  if (spec.ipFamilies?.length) errors.push(field.forbidden("spec.ipFamilies", "may not be set for ExternalName services"));
  if (spec.ipFamilyPolicy) errors.push(field.forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services"));
  const name = spec.externalName?.replace(/\.$/, "");
  if (ruleRequired(errors, "spec.externalName", name)) ruleName(errors, "spec.externalName", "dns1123-subdomain", name as string);
}

function rulePorts(errors: Errors, spec: ServiceSpec): void {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = `spec.ports[${i}]`;
    rulePortFields(errors, at, port, names, ports.length > 1);
    const key = `${port.protocol}/${port.port}`;
    if (numbers.has(key)) errors.push(field.duplicate(at, { protocol: port.protocol, port: port.port }));
    numbers.add(key);
    if (!port.nodePort) continue;
    if (!hasNodePorts(spec)) errors.push(field.forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    const nodeKey = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(nodeKey)) errors.push(field.duplicate(`${at}.nodePort`, port.nodePort));
    nodePorts.add(nodeKey);
  }
}

function rulePortFields(errors: Errors, path: string, port: ServicePort, names: Set<string>, needsName: boolean): void {
  if (needsName && !port.name) errors.push(field.required(`${path}.name`));
  else if (port.name) {
    ruleName(errors, `${path}.name`, "dns1123-label", port.name);
    if (names.has(port.name)) errors.push(field.duplicate(`${path}.name`, port.name));
    names.add(port.name);
  }
  rulePort(errors, `${path}.port`, port.port ?? 0);
  ruleOneOf(errors, `${path}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]);
  rulePortOrName(errors, `${path}.targetPort`, port.targetPort);
  if (port.nodePort !== undefined) rulePort(errors, `${path}.nodePort`, port.nodePort);
  if (port.appProtocol && !isQualifiedName(port.appProtocol)) ruleName(errors, `${path}.appProtocol`, "qualified-name", port.appProtocol);
}

function ruleAffinity(errors: Errors, spec: ServiceSpec): void {
  ruleOneOf(errors, "spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]);
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > affinityMaxSeconds)) {
    const path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
    errors.push(field.invalid(path, seconds, `must be greater than 0 and less than ${affinityMaxSeconds}`));
  }
}

function ruleClusterIps(errors: Errors, spec: ServiceSpec): void {
  const ips = spec.clusterIPs ?? [];
  if (spec.clusterIP === undefined) {
    if (ips.length > 0) errors.push(field.invalid("spec.clusterIPs", ips, "must be empty when `clusterIP` is not specified"));
    return;
  }
  if (ips[0] !== spec.clusterIP) errors.push(field.invalid("spec.clusterIPs", ips, "first value must match `clusterIP`"));
  for (const [i, ip] of ips.entries()) {
    if (ip !== headless) ruleIp(errors, `spec.clusterIPs[${i}]`, ip);
    else if (ips.length > 1) errors.push(field.invalid("spec.clusterIPs", ips, "'None' must be the first and only value"));
  }
}

function ruleTraffic(errors: Errors, spec: ServiceSpec): void {
  const policies = ["Cluster", "Local"];
  const external = spec.externalTrafficPolicy;
  if (external) {
    if (!isExternallyAccessible(spec)) {
      errors.push(field.invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services"));
    } else ruleOneOfOptional(errors, "spec.externalTrafficPolicy", external, policies);
  }
  ruleOneOfOptional(errors, "spec.internalTrafficPolicy", spec.internalTrafficPolicy, policies);
  ruleOneOfOptional(errors, "spec.ipFamilyPolicy", spec.ipFamilyPolicy, ["PreferDualStack", "RequireDualStack", "SingleStack"]);
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) ruleOneOf(errors, `spec.ipFamilies[${i}]`, family, ["IPv4", "IPv6"]);
  if (spec.healthCheckNodePort && (spec.type !== "LoadBalancer" || external !== "Local")) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(field.invalid("spec.healthCheckNodePort", spec.healthCheckNodePort, detail));
  }
}

function ruleLoadBalancer(errors: Errors, spec: ServiceSpec): void {
  if (spec.type !== "LoadBalancer") {
    const detail = "may only be used when `type` is 'LoadBalancer'";
    for (const name of ["allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges"] as const) {
      if (spec[name] !== undefined) errors.push(field.forbidden(`spec.${name}`, detail));
    }
    return;
  }
  for (const [i, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    ruleCidr(errors, `spec.loadBalancerSourceRanges[${i}]`, range.trim());
  if (spec.loadBalancerClass) ruleName(errors, "spec.loadBalancerClass", "qualified-name", spec.loadBalancerClass);
}

/** Validates what a change changes. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors: Errors = [];
  const spec = service.spec ?? {};
  const before = old.spec ?? {};
  const bothHaveIps = spec.type !== "ExternalName" && before.type !== "ExternalName";
  if (bothHaveIps && before.clusterIP && spec.clusterIP !== before.clusterIP) {
    errors.push(field.invalid("spec.clusterIPs[0]", spec.clusterIPs ?? [], "may not change once set"));
  }
  if (spec.type === "LoadBalancer" && before.type === "LoadBalancer" && !deepEqual(spec.loadBalancerClass, before.loadBalancerClass)) {
    errors.push(field.invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, "may not change once set"));
  }
  return errors;
}

/** Only a LoadBalancer has entry points to report (SVC-10). */
export function validateServiceStatus(service: Service, old: Service): FieldError[] {
  const errors: Errors = [];
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && old.spec?.type !== "LoadBalancer" && !deepEqual(service.status?.loadBalancer, old.status?.loadBalancer)) {
    errors.push(field.forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'"));
  }
  for (const [i, entry] of ingress.entries()) if (entry.ip) ruleIp(errors, `status.loadBalancer.ingress[${i}].ip`, entry.ip);
  return errors;
}
