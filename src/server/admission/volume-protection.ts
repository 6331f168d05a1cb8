/**
 * Claims and volumes in use are not removed under their Pods: both are created with a finalizer (API-97). Only for
 * engines with a controller that takes it off again.
 */
import { type AdmissionRule, isResource } from "./admission.ts";

const finalizers = [
  { plural: "persistentvolumeclaims", finalizer: "kubernetes.io/pvc-protection" },
  { plural: "persistentvolumes", finalizer: "kubernetes.io/pv-protection" },
];

export const volumeProtection: AdmissionRule = {
  name: "StorageObjectInUseProtection",
  concerns: (kind, operation, subresource) =>
    operation === "CREATE" && subresource === "" && finalizers.some(({ plural }) => isResource(kind, "", plural)),
  mutate({ kind, object }) {
    const finalizer = finalizers.find(({ plural }) => isResource(kind, "", plural))?.finalizer as string;
    const present = object.metadata.finalizers ?? [];
    if (!present.includes(finalizer)) object.metadata.finalizers = [...present, finalizer];
  },
};
