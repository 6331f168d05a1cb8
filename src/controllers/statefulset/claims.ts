/**
 * The PersistentVolumeClaims of a set's Pods: one for each template and ordinal, made before the Pod and never by a
 * rollout. Who owns a claim says when it goes (STS-4 … STS-6):
 *
 *     whenScaled  whenDeleted   owner while the Pod is wanted   owner while it is scaled away
 *     Retain      Retain        nobody                          nobody
 *     Retain      Delete        the set                         the set
 *     Delete      Retain        nobody                          the Pod
 *     Delete      Delete        the set                         the Pod
 */
import type { OwnerReference, PersistentVolumeClaim, Pod, StatefulSet } from "../../api/types.ts";
import { controllerReference } from "../../machinery/owners.ts";

/** Finds a claim of the set's namespace by name. */
export type FindClaim = (name: string) => PersistentVolumeClaim | undefined;

/** `<template>-<set>-<ordinal>`. */
export const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata.name}-${set.metadata.name}-${ordinal}`;

/** The claims of an ordinal, to be created. They belong to the set where they are to go with it. */
function wantedClaims(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  const owned = retention(set).whenDeleted === "Delete";
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace as string,
      labels: { ...template.metadata.labels, ...set.spec?.selector.matchLabels },
      ...(owned && { ownerReferences: [controllerReference(set)] }),
    },
    ...(template.spec && { spec: template.spec }),
  }));
}

/** The claims of an ordinal that are not there, to be created. */
export const missingClaims = (set: StatefulSet, ordinal: number, find: FindClaim): PersistentVolumeClaim[] =>
  wantedClaims(set, ordinal).filter(({ metadata }) => find(metadata.name as string) === undefined);

/** The name of a claim of an ordinal that is being deleted: a new Pod has to wait for that. */
export function leavingClaim(set: StatefulSet, ordinal: number, find: FindClaim): string | undefined {
  const names = claimsOf(set, ordinal, find).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  return names[0]?.metadata.name;
}

/** STS-6: a claim still belongs to an earlier Pod of this name and will go with it. */
export const hasStaleClaim = (set: StatefulSet, ordinal: number, pod: Pod, find: FindClaim): boolean =>
  retention(set).whenScaled === "Delete" && claimsOf(set, ordinal, find).some((claim) => isStaleOwner(claim, pod));

/** The claims of a Pod whose owners are not what the policy says, as they should be. */
export function claimsToHandOver(set: StatefulSet, ordinal: number, pod: Pod, wanted: boolean, find: FindClaim): PersistentVolumeClaim[] {
  const changed: PersistentVolumeClaim[] = [];
  for (const claim of claimsOf(set, ordinal, find)) {
    const owners = wantedOwners(claim, set, pod, wanted);
    if (owners) changed.push({ ...claim, metadata: { ...claim.metadata, ownerReferences: owners } });
  }
  return changed;
}

/** Undefined where the claim has the owners that it should have, or is none of our business. */
function wantedOwners(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod, wanted: boolean): OwnerReference[] | undefined {
  // Owners of the same names and other uids: whoever deleted them decided about the claim as well.
  if (isStaleOwner(claim, set) || isStaleOwner(claim, pod)) return undefined;
  const references = claim.metadata.ownerReferences ?? [];
  const ours = references.filter(({ uid }) => uid === set.metadata.uid || uid === pod.metadata.uid);
  const others = references.filter((reference) => !ours.includes(reference));
  const { whenScaled, whenDeleted } = retention(set);
  const retained = whenScaled === "Retain" && whenDeleted === "Retain";
  let owner: StatefulSet | Pod | undefined;
  if (!wanted && whenScaled === "Delete") owner = pod;
  else if (whenDeleted === "Delete") owner = set;
  // Somebody else controls it: it goes when they say.
  if (!retained && others.some(({ controller }) => controller === true)) owner = undefined;
  const fits =
    owner === undefined ? ours.length === 0 : ours.length === 1 && ours[0]?.uid === owner.metadata.uid && ours[0]?.controller === true;
  return fits ? undefined : [...others, ...(owner ? [controllerReference(owner)] : [])];
}

function isStaleOwner(claim: PersistentVolumeClaim, owner: StatefulSet | Pod): boolean {
  const { kind, metadata } = owner;
  return (claim.metadata.ownerReferences ?? []).some(
    (each) => each.kind === kind && each.name === metadata.name && each.uid !== metadata.uid,
  );
}

function claimsOf(set: StatefulSet, ordinal: number, find: FindClaim): PersistentVolumeClaim[] {
  const names = (set.spec?.volumeClaimTemplates ?? []).map((template) => claimName(set, template, ordinal));
  return names.map(find).filter((claim) => claim !== undefined);
}

function retention(set: StatefulSet): { readonly whenScaled: string; readonly whenDeleted: string } {
  const { whenScaled = "Retain", whenDeleted = "Retain" } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenScaled, whenDeleted };
}
