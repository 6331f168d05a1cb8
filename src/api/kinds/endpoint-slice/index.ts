/** The kind EndpointSlice: a part of the addresses behind a Service (TAB-17). */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { EndpointSlice as EndpointSliceObject } from "../../types.ts";
import { ageColumn, nameColumn, shortList, textColumn } from "../columns.ts";
import { type Errors, isIpv4, isIpv6, ruleImmutable, ruleName, ruleOneOf, rulePort, ruleRequired } from "../field-rules.ts";

const shownItems = 3;
const endpointsMax = 1000;
const portsMax = 20000;
const addressesMax = 100;

/** EndpointSlice (discovery.k8s.io/v1). */
export const EndpointSlice = defineKind<EndpointSliceObject>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  schema: "discovery.v1.EndpointSlice",
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validate,
  validateUpdate(slice, old) {
    const errors: Errors = [];
    ruleImmutable(errors, "addressType", slice.addressType, old.addressType);
    return errors;
  },
  // It has no spec; what it lists is counted instead.
  prepareForCreate(slice) {
    slice.metadata.generation = 1;
  },
  bumpsGeneration: (slice, old) => !deepEqual(slice.endpoints, old.endpoints) || !deepEqual(slice.ports, old.ports),
  columns: [
    nameColumn,
    textColumn("AddressType", (slice) => slice.addressType),
    textColumn("Ports", (slice) => cell((slice.ports ?? []).map((port) => (port.port === undefined ? "*" : String(port.port))))),
    textColumn("Endpoints", (slice) => cell((slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []))),
    ageColumn,
  ],
});

const cell = (items: readonly string[]): string => (items.length === 0 ? "<unset>" : shortList(items, shownItems));

function validate(slice: EndpointSliceObject): FieldError[] {
  const errors: Errors = [];
  ruleOneOf(errors, "addressType", slice.addressType, ["FQDN", "IPv4", "IPv6"]);
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > endpointsMax) errors.push(field.tooMany("endpoints", endpoints.length, endpointsMax));
  for (let i = 0; i < endpoints.length; i++) {
    const { addresses, hostname } = endpoints[i]!;
    const at = `endpoints[${i}]`;
    if (!addresses?.length) errors.push(field.required(`${at}.addresses`, "must contain at least 1 address"));
    else if (addresses.length > addressesMax) errors.push(field.tooMany(`${at}.addresses`, addresses.length, addressesMax));
    for (const [j, address] of (addresses ?? []).entries()) ruleAddress(errors, `${at}.addresses[${j}]`, slice.addressType, address);
    if (hostname !== undefined) ruleName(errors, `${at}.hostname`, "dns1123-label", hostname);
  }
  const ports = slice.ports ?? [];
  if (ports.length > portsMax) errors.push(field.tooMany("ports", ports.length, portsMax));
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const name = port.name ?? "";
    if (name !== "") ruleName(errors, `ports[${i}].name`, "dns1123-label", name);
    if (names.has(name)) errors.push(field.duplicate(`ports[${i}].name`, name));
    names.add(name);
    if (ruleRequired(errors, `ports[${i}].protocol`, port.protocol)) {
      ruleOneOf(errors, `ports[${i}].protocol`, port.protocol, ["SCTP", "TCP", "UDP"]);
    }
    rulePort(errors, `ports[${i}].port`, port.port);
  }
  return errors;
}

function ruleAddress(errors: Errors, path: string, type: string, address: string): void {
  if (type === "IPv4" && !isIpv4(address)) errors.push(field.invalid(path, address, "must be a valid IPv4 address"));
  else if (type === "IPv6" && !isIpv6(address)) errors.push(field.invalid(path, address, "must be a valid IPv6 address"));
  else if (type === "FQDN") ruleName(errors, path, "dns1123-subdomain", address);
}
