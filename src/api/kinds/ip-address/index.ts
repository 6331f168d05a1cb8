/** The kind IPAddress: an address and what it belongs to. Stored; the addresses of Services are kept with the Services. */
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { IPAddress as IPAddressObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable, ruleIp, ruleRequired } from "../field-rules.ts";

/** IPAddress (networking.k8s.io/v1). */
export const IPAddress = defineKind<IPAddressObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  plural: "ipaddresses",
  singular: "ipaddress",
  scope: "Cluster",
  shortNames: ["ip"],
  schema: "networking.v1.IPAddress",
  validate(address): FieldError[] {
    const errors: Errors = [];
    ruleIp(errors, "metadata.name", address.metadata.name ?? "");
    ruleRequired(errors, "spec.parentRef.resource", address.spec?.parentRef?.resource);
    ruleRequired(errors, "spec.parentRef.name", address.spec?.parentRef?.name);
    return errors;
  },
  validateUpdate(address, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "spec.parentRef", address.spec?.parentRef, old.spec?.parentRef);
    return errors;
  },
  columns: [nameColumn, textColumn("ParentRef", parentCell), ageColumn],
});

function parentCell({ spec }: IPAddressObject): string {
  const { group, resource, namespace, name } = spec?.parentRef ?? { resource: "", name: "" };
  const what = group ? `${resource}.${group}` : resource;
  return [what, namespace, name].filter((part) => part).join("/");
}
