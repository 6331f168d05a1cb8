/** The kind VolumeAttributesClass: properties of a volume that may change while it is used. Stored for drivers that use it. */
import { deepEqual } from "../../../machinery/equality.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { VolumeAttributesClass as VolumeAttributesClassObject } from "../../types.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleRequired } from "../field-rules.ts";

/** VolumeAttributesClass (storage.k8s.io/v1). */
export const VolumeAttributesClass = defineKind<VolumeAttributesClassObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  plural: "volumeattributesclasses",
  singular: "volumeattributesclass",
  scope: "Cluster",
  schema: "storage.v1.VolumeAttributesClass",
  shortNames: ["vac"],
  returnsDeletedObject: true,
  validate(attributes): FieldError[] {
    const errors: Errors = [];
    ruleRequired(errors, "driverName", attributes.driverName);
    if (Object.keys(attributes.parameters ?? {}).length === 0) {
      errors.push(field.required("parameters", "must contain at least one key/value pair"));
    }
    return errors;
  },
  validateUpdate(attributes, old): FieldError[] {
    const errors: Errors = [];
    for (const name of ["driverName", "parameters"] as const) {
      if (!deepEqual(attributes[name], old[name])) errors.push(field.forbidden(name, `updates to ${name} are forbidden.`));
    }
    return errors;
  },
  columns: [nameColumn, textColumn("DriverName", (attributes) => attributes.driverName ?? ""), ageColumn],
});
