/** The kind Endpoints: the elder form of EndpointSlice, one object per Service (SVC-12, TAB-17). */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { Endpoints as EndpointsObject } from "../../types.ts";
import { ageColumn, nameColumn, shortList, textColumn } from "../columns.ts";
import { type Errors, ruleIp, ruleName, ruleOneOf, rulePort } from "../field-rules.ts";

const shownEndpoints = 3;

/** Endpoints (v1). */
export const Endpoints = defineKind<EndpointsObject>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  singular: "endpoints",
  scope: "Namespaced",
  schema: "core.v1.Endpoints",
  shortNames: ["ep"],
  createOnUpdate: true,
  defaults(endpoints) {
    for (const subset of endpoints.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= "TCP";
  },
  validate,
  warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
  columns: [nameColumn, textColumn("Endpoints", endpointsCell), ageColumn],
});

function endpointsCell(endpoints: EndpointsObject): string {
  const list: string[] = [];
  for (const { addresses = [], ports = [] } of endpoints.subsets ?? []) {
    if (ports.length === 0) list.push(...addresses.map(({ ip = "" }) => ip));
    for (const { port } of ports) for (const { ip = "" } of addresses) list.push(`${ip.includes(":") ? `[${ip}]` : ip}:${port}`);
  }
  return list.length === 0 ? "<none>" : shortList(list, shownEndpoints);
}

function validate(endpoints: EndpointsObject): FieldError[] {
  const errors: Errors = [];
  for (const [i, subset] of (endpoints.subsets ?? []).entries()) {
    const at = `subsets[${i}]`;
    if (!subset.addresses?.length && !subset.notReadyAddresses?.length) {
      errors.push(field.required(at, "must specify `addresses` or `notReadyAddresses`"));
    }
    for (const list of ["addresses", "notReadyAddresses"] as const) {
      for (const [j, address] of (subset[list] ?? []).entries()) ruleIp(errors, `${at}.${list}[${j}].ip`, address.ip ?? "");
    }
    const ports = subset.ports ?? [];
    for (const [j, port] of ports.entries()) {
      if (ports.length > 1 && !port.name) errors.push(field.required(`${at}.ports[${j}].name`));
      else if (port.name) ruleName(errors, `${at}.ports[${j}].name`, "dns1123-label", port.name);
      rulePort(errors, `${at}.ports[${j}].port`, port.port ?? 0);
      ruleOneOf(errors, `${at}.ports[${j}].protocol`, port.protocol, ["SCTP", "TCP", "UDP"]);
    }
  }
  return errors;
}
