/** A claim that names no storage class gets the default one; of several, the youngest. */
import type { PersistentVolumeClaim } from "../../api/types.ts";
import type { Core } from "../core/core.ts";
import { type AdmissionRule, isResource } from "./admission.ts";

const defaultAnnotation = "storageclass.kubernetes.io/is-default-class";
const legacyAnnotation = "storageclass.beta.kubernetes.io/is-default-class";

export const defaultStorageClass = (core: Core): AdmissionRule => ({
  name: "DefaultStorageClass",
  concerns: (kind, operation, subresource) =>
    operation === "CREATE" && subresource === "" && isResource(kind, "", "persistentvolumeclaims"),
  mutate({ object }) {
    const { spec, metadata } = object as unknown as PersistentVolumeClaim;
    const named = spec?.storageClassName !== undefined || metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] !== undefined;
    if (!spec || named) return;
    const name = defaultClassName(core);
    if (name !== undefined) spec.storageClassName = name;
  },
});

function defaultClassName(core: Core): string | undefined {
  const kind = core.kindOf("storage.k8s.io", "storageclasses");
  if (!kind) return undefined;
  const defaults = core.store
    .range(core.storage.prefix(kind))
    .entries.map((entry) => core.storage.ofEntry(kind, entry).object.metadata)
    .filter(({ annotations }) => annotations?.[defaultAnnotation] === "true" || annotations?.[legacyAnnotation] === "true");
  // Entries come by name, so of two of one age the first by name stays.
  const youngest = defaults.reduce<(typeof defaults)[number] | undefined>(
    (a, b) => (a && (a.creationTimestamp ?? "") >= (b.creationTimestamp ?? "") ? a : b),
    undefined,
  );
  return youngest?.name;
}
