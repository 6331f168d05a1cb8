/** The kind PersistentVolumeClaim: storage that somebody asks for (TAB-13). */
import { canonicalQuantity } from "../../../machinery/quantity.ts";
import { defineKind } from "../../kind.ts";
import type { PersistentVolumeClaim as PersistentVolumeClaimObject } from "../../types.ts";
import { accessModesCell } from "../access-modes.ts";
import { ageColumn, nameColumn, textColumn, wide } from "../columns.ts";
import { neverBumps } from "../generations.ts";
import { spellQuantities } from "../quantities.ts";
import { keepSpec } from "../status-writes.ts";
import { defaultClaim } from "./defaults.ts";
import { validateClaim, validateClaimUpdate } from "./validation.ts";

const classAnnotation = "volume.beta.kubernetes.io/storage-class";

/** PersistentVolumeClaim (v1). */
export const PersistentVolumeClaim = defineKind<PersistentVolumeClaimObject>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  scope: "Namespaced",
  schema: "core.v1.PersistentVolumeClaim",
  shortNames: ["pvc"],
  returnsDeletedObject: true,
  bumpsGeneration: neverBumps,
  defaults(claim) {
    defaultClaim(claim);
    spellQuantities(claim.status?.capacity);
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  prepareForCreate(claim) {
    claim.status = { phase: "Pending" };
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Status", (claim) => (claim.metadata.deletionTimestamp === undefined ? (claim.status?.phase ?? "") : "Terminating")),
    textColumn("Volume", (claim) => claim.spec?.volumeName ?? ""),
    textColumn("Capacity", (claim) => (isBound(claim) ? canonicalQuantity(claim.status?.capacity?.storage ?? "0") : "")),
    textColumn("Access Modes", (claim) => (isBound(claim) ? accessModesCell(claim.status?.accessModes) : "")),
    textColumn("StorageClass", (claim) => claim.metadata.annotations?.[classAnnotation] ?? claim.spec?.storageClassName ?? ""),
    textColumn("VolumeAttributesClass", (claim) => claim.spec?.volumeAttributesClassName ?? "<unset>"),
    ageColumn,
    wide(textColumn("VolumeMode", (claim) => claim.spec?.volumeMode ?? "<unset>")),
  ],
});

const isBound = (claim: PersistentVolumeClaimObject): boolean => !!claim.spec?.volumeName;
