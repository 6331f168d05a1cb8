/** The kind CSIStorageCapacity: how much a storage driver has left, and where. Stored for drivers that use it. */
import { canonicalQuantity } from "../../../machinery/quantity.ts";
import type { FieldError } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { CSIStorageCapacity as CSIStorageCapacityObject } from "../../types.ts";
import { nameColumn, textColumn } from "../columns.ts";
import { type Errors, ruleImmutable, ruleLabelSelector, ruleRequiredName } from "../field-rules.ts";
import { ruleResourceAmount, spellQuantity } from "../quantities.ts";

/** CSIStorageCapacity (storage.k8s.io/v1). */
export const CSIStorageCapacity = defineKind<CSIStorageCapacityObject>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
  scope: "Namespaced",
  schema: "storage.v1.CSIStorageCapacity",
  defaults(capacity) {
    if (capacity.capacity !== undefined) capacity.capacity = spellQuantity(capacity.capacity);
    if (capacity.maximumVolumeSize !== undefined) capacity.maximumVolumeSize = spellQuantity(capacity.maximumVolumeSize);
  },
  validate(capacity): FieldError[] {
    const errors: Errors = [];
    ruleLabelSelector(errors, "nodeTopology", capacity.nodeTopology);
    ruleRequiredName(errors, "storageClassName", "dns1123-subdomain", capacity.storageClassName);
    if (capacity.capacity !== undefined) ruleResourceAmount(errors, "capacity", "storage", capacity.capacity);
    if (capacity.maximumVolumeSize !== undefined) ruleResourceAmount(errors, "maximumVolumeSize", "storage", capacity.maximumVolumeSize);
    return errors;
  },
  validateUpdate(capacity, old): FieldError[] {
    const errors: Errors = [];
    ruleImmutable(errors, "nodeTopology", capacity.nodeTopology, old.nodeTopology);
    ruleImmutable(errors, "storageClassName", capacity.storageClassName, old.storageClassName);
    return errors;
  },
  columns: [
    nameColumn,
    textColumn("StorageClassName", (capacity) => capacity.storageClassName ?? ""),
    textColumn("Capacity", (capacity) => (capacity.capacity === undefined ? "<unset>" : canonicalQuantity(capacity.capacity))),
  ],
});
