/** The kind ResourceQuota: how much a namespace may hold. */
import { canonicalQuantity, isQuantity } from "../../../machinery/quantity.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { ResourceQuota as ResourceQuotaObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { ruleResourceAmount, spellQuantities } from "../quantities.ts";
import { keepSpec } from "../status-writes.ts";

/** ResourceQuota (v1). */
export const ResourceQuota = defineKind<ResourceQuotaObject>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  scope: "Namespaced",
  schema: "core.v1.ResourceQuota",
  shortNames: ["quota"],
  returnsDeletedObject: true,
  bumpsGeneration: neverBumps,
  defaults(quota) {
    spellQuantities(quota.spec?.hard);
    spellQuantities(quota.status?.hard);
    spellQuantities(quota.status?.used);
  },
  validate,
  validateUpdate(quota, old) {
    const errors: Errors = [];
    ruleImmutable(errors, "spec.scopes", quota.spec?.scopes, old.spec?.scopes);
    return errors;
  },
  prepareForCreate(quota) {
    quota.status = {};
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Request", (quota) => usageCell(quota, (name) => !name.startsWith("limits."))),
    textColumn("Limit", (quota) => usageCell(quota, (name) => name.startsWith("limits."))),
    ageColumn,
  ],
});

/** `pods: 1/5, requests.cpu: 0/2`. */
function usageCell(quota: ResourceQuotaObject, wanted: (name: string) => boolean): string {
  const { hard, used } = quota.status ?? {};
  const spell = (amount: string | number | undefined): string => (isQuantity(amount) ? canonicalQuantity(amount) : "0");
  return Object.keys(hard ?? {})
    .filter(wanted)
    .sort()
    .map((name) => `${name}: ${spell(used?.[name])}/${spell(hard![name])}`)
    .join(", ");
}

function validate(quota: ResourceQuotaObject): FieldError[] {
  const errors: Errors = [];
  const hard = quota.spec?.hard;
  for (const name in hard) ruleResourceAmount(errors, `spec.hard[${name}]`, name, hard[name]!);
  const scopes = quota.spec?.scopes ?? [];
  if (new Set(scopes).size < scopes.length) errors.push(field.invalid("spec.scopes", scopes, "must not contain the same scope twice"));
  return errors;
}
