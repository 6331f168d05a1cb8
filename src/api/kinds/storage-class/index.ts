/** The kind StorageClass: where the storage for claims comes from. */
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { StorageClass as StorageClassObject } from "../../types.ts";
import { ageColumn, textColumn } from "../columns.ts";
import { type Errors, ruleName, ruleOneOf, ruleRequired } from "../field-rules.ts";
import { deepEqual } from "../../../machinery/equality.ts";

const defaultAnnotation = "storageclass.kubernetes.io/is-default-class";
const betaDefaultAnnotation = "storageclass.beta.kubernetes.io/is-default-class";

/** Whether claims that name no class get this one. */
export const isDefaultStorageClass = (storageClass: StorageClassObject): boolean =>
  storageClass.metadata.annotations?.[defaultAnnotation] === "true" ||
  storageClass.metadata.annotations?.[betaDefaultAnnotation] === "true";

/** StorageClass (storage.k8s.io/v1). */
export const StorageClass = defineKind<StorageClassObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  scope: "Cluster",
  schema: "storage.v1.StorageClass",
  shortNames: ["sc"],
  returnsDeletedObject: true,
  defaults(storageClass) {
    storageClass.reclaimPolicy ??= "Delete";
    storageClass.volumeBindingMode ??= "Immediate";
  },
  validate,
  validateUpdate(storageClass, old) {
    const errors: Errors = [];
    const frozen = ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] as const;
    for (const name of frozen) {
      if (deepEqual(storageClass[name], old[name])) continue;
      const detail = `updates to ${name} are forbidden.`;
      errors.push(
        name === "volumeBindingMode" ? field.invalid(name, storageClass[name], "field is immutable") : field.forbidden(name, detail),
      );
    }
    return errors;
  },
  columns: [
    {
      name: "Name",
      type: "string",
      format: "name",
      cell: (storageClass) => `${storageClass.metadata.name}${isDefaultStorageClass(storageClass) ? " (default)" : ""}`,
    },
    textColumn("Provisioner", (storageClass) => storageClass.provisioner),
    textColumn("ReclaimPolicy", (storageClass) => storageClass.reclaimPolicy ?? "Delete"),
    textColumn("VolumeBindingMode", (storageClass) => storageClass.volumeBindingMode ?? "Immediate"),
    { name: "AllowVolumeExpansion", type: "boolean", cell: (storageClass) => storageClass.allowVolumeExpansion ?? false },
    ageColumn,
  ],
});

function validate(storageClass: StorageClassObject): FieldError[] {
  const errors: Errors = [];
  if (ruleRequired(errors, "provisioner", storageClass.provisioner)) {
    ruleName(errors, "provisioner", "qualified-name", storageClass.provisioner.toLowerCase());
  }
  ruleOneOf(errors, "reclaimPolicy", storageClass.reclaimPolicy, ["Delete", "Retain"]);
  ruleOneOf(errors, "volumeBindingMode", storageClass.volumeBindingMode, ["Immediate", "WaitForFirstConsumer"]);
  return errors;
}
