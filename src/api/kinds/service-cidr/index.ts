/** The kind ServiceCIDR: a range of addresses for Services. Stored; the engine's own range is set when it starts. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { ServiceCIDR as ServiceCIDRObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, isIpv4, isIpv6, ruleImmutable } from "../field-rules.ts";
import { keepSpec } from "../status-writes.ts";

const rangesMax = 2;

/** ServiceCIDR (networking.k8s.io/v1). */
export const ServiceCIDR = defineKind<ServiceCIDRObject>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  scope: "Cluster",
  schema: "networking.v1.ServiceCIDR",
  validate(range): FieldError[] {
    const errors: Errors = [];
    const ranges = range.spec?.cidrs ?? [];
    if (ranges.length === 0) errors.push(field.required("spec.cidrs", "at least one CIDR required"));
    if (ranges.length > rangesMax) errors.push(field.invalid("spec.cidrs", ranges, "may only hold up to 2 values"));
    for (const [i, text] of ranges.entries()) {
      const [address = "", bits = ""] = text.split("/");
      const widest = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
      if (!/^\d{1,3}$/.test(bits) || Number(bits) > widest) {
        errors.push(field.invalid(`spec.cidrs[${i}]`, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
      }
    }
    return errors;
  },
  validateUpdate(range, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "spec.cidrs", range.spec?.cidrs, old.spec?.cidrs);
    return errors;
  },
  prepareForCreate(range) {
    range.status = {};
  },
  status: { prepareForUpdate: keepSpec },
  columns: [nameColumn, textColumn("CIDRs", (range) => (range.spec?.cidrs ?? []).join(",")), ageColumn],
});
