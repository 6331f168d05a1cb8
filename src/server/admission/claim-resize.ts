/** A claim asks for more only once it is bound and where its storage class says that volumes can grow. */
import { forbidden } from "../../api/errors.ts";
import type { PersistentVolumeClaim, StorageClass } from "../../api/types.ts";
import { compareQuantities, isQuantity } from "../../machinery/quantity.ts";
import { storageClassOf } from "../../machinery/volume-binding.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { type AdmissionRule, isResource } from "./admission.ts";

export const claimResize = (core: Core): AdmissionRule => ({
  name: "PersistentVolumeClaimResize",
  concerns: (kind, operation, subresource) =>
    operation === "UPDATE" && subresource === "" && isResource(kind, "", "persistentvolumeclaims"),
  validate({ kind, name, object, old }) {
    const claim = old as unknown as PersistentVolumeClaim;
    const wanted = (object as unknown as PersistentVolumeClaim).spec?.resources?.requests?.storage;
    const had = claim.spec?.resources?.requests?.storage;
    if (!isQuantity(wanted) || !isQuantity(had) || compareQuantities(wanted, had) <= 0) return;
    const refuse = (why: string) => forbidden(subjectOf(kind, name), why);
    if (claim.status?.phase !== "Bound") throw refuse("Only bound persistent volume claims can be expanded");
    if (classOf(core, claim)?.allowVolumeExpansion) return;
    throw refuse("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
  },
});

function classOf(core: Core, claim: PersistentVolumeClaim): StorageClass | undefined {
  const name = storageClassOf(claim);
  const kind = core.kindOf("storage.k8s.io", "storageclasses");
  if (!kind || name === "") return undefined;
  return core.storage.read(kind, { name })?.object as unknown as StorageClass | undefined;
}
