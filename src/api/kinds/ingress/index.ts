/** The kind Ingress: HTTP from outside to Services. Stored; nothing of ours acts on it. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { HTTPIngressPath, IngressBackend, Ingress as IngressObject } from "../../types.ts";
import { ageColumn, nameColumn, shortList, textColumn } from "../columns.ts";
import { type Errors, isIpv4, isIpv6, ruleName, ruleOneOfOptional, rulePort, ruleRequired } from "../field-rules.ts";
import { keepSpec } from "../status-writes.ts";

const shownHosts = 3;
const addressWidth = 16;

/** Ingress (networking.k8s.io/v1). */
export const Ingress = defineKind<IngressObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  singular: "ingress",
  scope: "Namespaced",
  schema: "networking.v1.Ingress",
  shortNames: ["ing"],
  validate,
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Class", (ingress) => ingress.spec?.ingressClassName ?? "<none>"),
    textColumn("Hosts", hostsCell),
    textColumn("Address", addressCell),
    textColumn("Ports", (ingress) => (ingress.spec?.tls?.length ? "80, 443" : "80")),
    ageColumn,
  ],
});

function hostsCell(ingress: IngressObject): string {
  const hosts = (ingress.spec?.rules ?? []).map((rule) => rule.host ?? "").filter((host) => host !== "");
  return hosts.length === 0 ? "*" : shortList(hosts, shownHosts);
}

function addressCell(ingress: IngressObject): string {
  const addresses = (ingress.status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip || entry.hostname || "");
  const text = [...new Set(addresses.filter((address) => address !== ""))].sort().join(",");
  return text.length > addressWidth ? `${text.slice(0, addressWidth - 3)}...` : text;
}

function validate(ingress: IngressObject): FieldError[] {
  const errors: Errors = [];
  const { rules, defaultBackend, tls, ingressClassName } = ingress.spec ?? {};
  if (!rules?.length && !defaultBackend) {
    errors.push(field.invalid("spec", rules ?? [], "either `defaultBackend` or `rules` must be specified"));
  }
  if (defaultBackend) ruleBackend(errors, "spec.defaultBackend", defaultBackend);
  if (ingressClassName !== undefined) ruleName(errors, "spec.ingressClassName", "dns1123-subdomain", ingressClassName);
  for (const [i, rule] of (rules ?? []).entries()) {
    const at = `spec.rules[${i}]`;
    if (rule.host) ruleHost(errors, `${at}.host`, rule.host);
    if (!rule.http) continue;
    if ((rule.http.paths ?? []).length === 0) errors.push(field.required(`${at}.http.paths`));
    for (const [j, path] of (rule.http.paths ?? []).entries()) rulePath(errors, `${at}.http.paths[${j}]`, path);
  }
  for (const [i, entry] of (tls ?? []).entries()) {
    for (const [j, host] of (entry.hosts ?? []).entries()) ruleHost(errors, `spec.tls[${i}].hosts[${j}]`, host);
  }
  return errors;
}

function ruleHost(errors: Errors, path: string, host: string): void {
  if (isIpv4(host) || isIpv6(host)) errors.push(field.invalid(path, host, "must be a DNS name, not an IP address"));
  else ruleName(errors, path, "dns1123-subdomain", host.startsWith("*.") ? host.slice(2) : host);
}

function rulePath(errors: Errors, at: string, { path, pathType, backend }: HTTPIngressPath): void {
  if (!pathType) errors.push(field.required(`${at}.pathType`, "pathType must be specified"));
  else ruleOneOfOptional(errors, `${at}.pathType`, pathType, ["Exact", "ImplementationSpecific", "Prefix"]);
  if ((pathType === "Exact" || pathType === "Prefix") && !path?.startsWith("/")) {
    errors.push(field.invalid(`${at}.path`, path ?? "", "must be an absolute path"));
  } else if (pathType === "ImplementationSpecific" && path && !path.startsWith("/")) {
    errors.push(field.invalid(`${at}.path`, path, "must be an absolute path"));
  }
  ruleBackend(errors, `${at}.backend`, backend ?? {});
}

function ruleBackend(errors: Errors, path: string, { service, resource }: IngressBackend): void {
  if (service && resource) {
    errors.push(field.invalid(path, "", "cannot set both resource and service backends"));
    return;
  }
  if (resource) return;
  if (!service) {
    errors.push(field.required(path, "resource or service backend is required"));
    return;
  }
  if (ruleRequired(errors, `${path}.service.name`, service.name)) ruleName(errors, `${path}.service.name`, "dns1035-label", service.name);
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(field.invalid(path, "", "cannot set both port name & port number"));
  else if (number) rulePort(errors, `${path}.service.port.number`, number);
  else if (!name) errors.push(field.required(path, "port name or number is required"));
}
