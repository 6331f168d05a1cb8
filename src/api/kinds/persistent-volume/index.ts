/** The kind PersistentVolume: a piece of storage (TAB-14). */
import { formatTime } from "../../../base/time.ts";
import { deepEqual } from "../../../machinery/equality.ts";
import { canonicalQuantity } from "../../../machinery/quantity.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { PersistentVolume as PersistentVolumeObject, PersistentVolumeSpec } from "../../types.ts";
import { accessModesCell, ruleAccessModes } from "../access-modes.ts";
import { ageColumn, nameColumn, textColumn, wide } from "../columns.ts";
import { type Errors, ruleImmutable, ruleOneOf, ruleOneOfOptional, ruleRequired } from "../field-rules.ts";
import { neverBumps } from "../generations.ts";
import { ruleNodeSelector } from "../pod/validate-scheduling.ts";
import { ruleNoBacksteps } from "../pod/validate-volumes.ts";
import { ruleResourceAmount, spellQuantities } from "../quantities.ts";
import { keepSpec } from "../status-writes.ts";

const classAnnotation = "volume.beta.kubernetes.io/storage-class";

/** What a spec says beside where the bytes are. */
const notSources: ReadonlySet<string> = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);

/** PersistentVolume (v1). */
export const PersistentVolume = defineKind<PersistentVolumeObject>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  plural: "persistentvolumes",
  scope: "Cluster",
  schema: "core.v1.PersistentVolume",
  shortNames: ["pv"],
  returnsDeletedObject: true,
  bumpsGeneration: neverBumps,
  defaults(volume) {
    const spec = volume.spec;
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ||= "Retain";
    spec.volumeMode ??= "Filesystem";
    spellQuantities(spec.capacity);
    if (spec.hostPath) spec.hostPath.type ??= "";
    if (spec.iscsi) spec.iscsi.iscsiInterface ||= "default";
  },
  validate,
  validateUpdate,
  prepareForCreate(volume, { now }) {
    volume.status = { phase: "Pending", lastPhaseTransitionTime: formatTime(now) };
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Capacity", (volume) => canonicalQuantity(volume.spec?.capacity?.storage ?? "0")),
    textColumn("Access Modes", (volume) => accessModesCell(volume.spec?.accessModes)),
    textColumn("Reclaim Policy", (volume) => volume.spec?.persistentVolumeReclaimPolicy ?? ""),
    textColumn("Status", (volume) => (volume.metadata.deletionTimestamp === undefined ? (volume.status?.phase ?? "") : "Terminating")),
    textColumn("Claim", (volume) => (volume.spec?.claimRef ? `${volume.spec.claimRef.namespace}/${volume.spec.claimRef.name}` : "")),
    textColumn("StorageClass", (volume) => volume.metadata.annotations?.[classAnnotation] ?? volume.spec?.storageClassName ?? ""),
    textColumn("VolumeAttributesClass", (volume) => volume.spec?.volumeAttributesClassName ?? "<unset>"),
    textColumn("Reason", (volume) => volume.status?.reason ?? ""),
    ageColumn,
    wide(textColumn("VolumeMode", (volume) => volume.spec?.volumeMode ?? "<unset>")),
  ],
});

function sourcesOf(spec: PersistentVolumeSpec): string[] {
  return Object.keys(spec).filter((name) => !notSources.has(name) && spec[name as keyof PersistentVolumeSpec] != null);
}

function validate(volume: PersistentVolumeObject): FieldError[] {
  const errors: Errors = [];
  const spec = volume.spec ?? {};
  ruleAccessModes(errors, "spec.accessModes", spec.accessModes);
  const capacity = spec.capacity ?? {};
  if (Object.keys(capacity).length === 0) errors.push(field.required("spec.capacity"));
  else if (capacity.storage === undefined || Object.keys(capacity).length > 1) {
    errors.push(field.notSupported("spec.capacity", capacity, ["storage"]));
  }
  for (const name in capacity) ruleResourceAmount(errors, `spec.capacity[${name}]`, name, capacity[name]!);
  ruleOneOf(errors, "spec.persistentVolumeReclaimPolicy", spec.persistentVolumeReclaimPolicy, ["Delete", "Recycle", "Retain"]);
  ruleOneOfOptional(errors, "spec.volumeMode", spec.volumeMode, ["Block", "Filesystem"]);
  const [first, ...more] = sourcesOf(spec);
  if (first === undefined) errors.push(field.required("spec", "must specify a volume type"));
  for (const name of more) errors.push(field.forbidden(`spec.${name}`, "may not specify more than 1 volume type"));
  if (spec.hostPath) {
    if (ruleRequired(errors, "spec.hostPath.path", spec.hostPath.path)) ruleNoBacksteps(errors, "spec.hostPath.path", spec.hostPath.path);
    if (spec.hostPath.path === "/" && spec.persistentVolumeReclaimPolicy === "Recycle") {
      errors.push(field.forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"));
    }
  }
  if (spec.local) {
    ruleRequired(errors, "spec.local.path", spec.local.path);
    if (!spec.nodeAffinity) errors.push(field.required("spec.nodeAffinity", "Local volume requires node affinity"));
  }
  if (spec.nodeAffinity) {
    if (!spec.nodeAffinity.required) errors.push(field.required("spec.nodeAffinity.required", "must specify required node constraints"));
    else ruleNodeSelector(errors, "spec.nodeAffinity.required", spec.nodeAffinity.required);
  }
  return errors;
}

function validateUpdate(volume: PersistentVolumeObject, old: PersistentVolumeObject): FieldError[] {
  const errors: Errors = [];
  const source = (spec: PersistentVolumeSpec = {}) =>
    Object.fromEntries(sourcesOf(spec).map((name) => [name, spec[name as keyof PersistentVolumeSpec]]));
  if (!deepEqual(source(volume.spec), source(old.spec))) {
    errors.push(field.forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"));
  }
  ruleImmutable(errors, "spec.volumeMode", volume.spec?.volumeMode, old.spec?.volumeMode);
  return errors;
}
