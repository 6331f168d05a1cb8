/** Everything wrong with a PersistentVolumeClaim, and with a change of one. */
import { deepEqual } from "../../../machinery/equality.ts";
import { compareQuantities, isQuantity } from "../../../machinery/quantity.ts";
import { type FieldError, field } from "../../errors.ts";
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../types.ts";
import { ruleAccessModes } from "../access-modes.ts";
import { type Errors, ruleLabelSelector, ruleName, ruleOneOfOptional } from "../field-rules.ts";
import { ruleResourceAmount } from "../quantities.ts";

/** Validates a claim after defaults. */
export function validateClaim(claim: PersistentVolumeClaim): FieldError[] {
  const errors: Errors = [];
  ruleClaimSpec(errors, "spec", claim.spec ?? {});
  return errors;
}

/** Adds what is wrong with the spec of a claim at `path`. */
export function ruleClaimSpec(errors: Errors, path: string, spec: PersistentVolumeClaimSpec): void {
  ruleAccessModes(errors, `${path}.accessModes`, spec.accessModes, "at least 1 access mode is required");
  ruleLabelSelector(errors, `${path}.selector`, spec.selector);
  const storage = spec.resources?.requests?.storage;
  const at = `${path}.resources.requests.storage`;
  if (storage === undefined) errors.push(field.required(`${path}.resources[storage]`));
  else if (ruleResourceAmount(errors, at, "storage", storage) && compareQuantities(storage, 0) <= 0) {
    errors.push(field.invalid(at, String(storage), "must be greater than zero"));
  }
  if (spec.storageClassName) ruleName(errors, `${path}.storageClassName`, "dns1123-subdomain", spec.storageClassName);
  ruleOneOfOptional(errors, `${path}.volumeMode`, spec.volumeMode, ["Block", "Filesystem"]);
}

const immutableText = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/** Validates what a change changes: once bound, a claim may only grow. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors: Errors = [];
  const spec: PersistentVolumeClaimSpec = { ...claim.spec };
  const before: PersistentVolumeClaimSpec = { ...old.spec };
  if (!before.volumeName) {
    // The binder names the volume, and a default class may be filled in late.
    delete spec.volumeName;
    delete before.volumeName;
    if (before.storageClassName === undefined) delete spec.storageClassName;
  } else {
    const wanted = spec.resources?.requests?.storage;
    const had = before.resources?.requests?.storage;
    const given = old.status?.capacity?.storage;
    if (
      isQuantity(wanted) &&
      isQuantity(had) &&
      compareQuantities(wanted, had) < 0 &&
      (!isQuantity(given) || compareQuantities(wanted, given) <= 0)
    ) {
      errors.push(field.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
    }
    delete spec.resources;
    delete before.resources;
    delete spec.volumeAttributesClassName;
    delete before.volumeAttributesClassName;
  }
  if (!deepEqual(spec, before)) errors.push(field.forbidden("spec", immutableText));
  return errors;
}
