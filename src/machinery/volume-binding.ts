/**
 * Which PersistentVolume answers which PersistentVolumeClaim: the marks that say who is bound to whom, and the choice
 * among volumes. Shared by the binder, which binds, and the scheduler, which must know what will be bound. Pure.
 */
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "../api/types.ts";
import { termMatches } from "./node-affinity.ts";
import { compareQuantities } from "./quantity.ts";
import { compileLabelSelector } from "./selectors.ts";

/** On a claim: the binder has done everything that binding takes. */
export const bindCompletedAnnotation = "pv.kubernetes.io/bind-completed";
/** On a claim or volume: the other one was chosen by the control plane, not by a person. */
export const boundByControllerAnnotation = "pv.kubernetes.io/bound-by-controller";
/** On a volume: who made it. */
export const provisionedByAnnotation = "pv.kubernetes.io/provisioned-by";
/** On a claim: where its first Pod will run. */
export const selectedNodeAnnotation = "volume.kubernetes.io/selected-node";
/** On a claim: who is to make a volume for it. */
export const provisionerAnnotation = "volume.kubernetes.io/storage-provisioner";
/** The older name of `provisionerAnnotation`. */
export const betaProvisionerAnnotation = "volume.beta.kubernetes.io/storage-provisioner";
const betaClassAnnotation = "volume.beta.kubernetes.io/storage-class";

type Classed = Pick<PersistentVolume | PersistentVolumeClaim, "metadata" | "spec">;

/** The storage class of a claim or volume; "" for none. */
export const storageClassOf = ({ metadata, spec }: Classed): string =>
  metadata.annotations?.[betaClassAnnotation] ?? spec?.storageClassName ?? "";

/** Whether a claim says something of its class, be it that it wants none. */
export const namesClass = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  metadata.annotations?.[betaClassAnnotation] !== undefined || spec?.storageClassName !== undefined;

/** Whether the binder has completed a claim. */
export const isClaimBound = (claim: PersistentVolumeClaim): boolean =>
  !!claim.spec?.volumeName && claim.metadata.annotations?.[bindCompletedAnnotation] !== undefined;

/** Whether a volume is promised to this claim, and not to an earlier one of its name. */
export function isPromisedTo(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec?.claimRef;
  return (
    reference !== undefined &&
    reference.name === claim.metadata.name &&
    reference.namespace === claim.metadata.namespace &&
    (!reference.uid || reference.uid === claim.metadata.uid)
  );
}

/** Whether Pods on a node can use a volume. */
export function isReachableFrom(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return !required || required.nodeSelectorTerms.some((term) => termMatches(term, node));
}

/** What keeps a volume from answering a claim by its make, as the end of `requested PV …`; undefined: nothing. */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (compareQuantities(volume.spec?.capacity?.storage ?? "0", claim.spec?.resources?.requests?.storage ?? "0") < 0) return "is too small";
  if (storageClassOf(volume) !== storageClassOf(claim)) return "has a different storageClass";
  if ((volume.spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) return "has an incompatible volumeMode";
  const modes = volume.spec?.accessModes ?? [];
  return claim.spec?.accessModes?.every((mode) => modes.includes(mode)) ? undefined : "has an incompatible accessMode";
}

export interface VolumeChoice {
  /** Only volumes that this node can use; absent: any. */
  readonly node?: Node;
  /** Only a volume that is promised to the claim already. */
  readonly promisedOnly?: boolean;
  /** Volumes that somebody else is about to take, by name. */
  readonly taken?: (name: string) => boolean;
}

/** The volume for an unbound claim: one that is promised to it, else the smallest free one that is large enough. */
export function chooseVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  { node, promisedOnly = false, taken }: VolumeChoice = {},
): PersistentVolume | undefined {
  const selector = claim.spec?.selector && compileLabelSelector(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (volume.metadata.deletionTimestamp || taken?.(volume.metadata.name as string)) continue;
    if (misfit(volume, claim) || (node && !isReachableFrom(volume, node))) continue;
    if (isPromisedTo(volume, claim)) return volume;
    if (promisedOnly || volume.spec?.claimRef || volume.status?.phase !== "Available") continue;
    if (selector && !selector.matches(volume.metadata.labels)) continue;
    if (!best || compareQuantities(volume.spec?.capacity?.storage ?? "0", best.spec?.capacity?.storage ?? "0") < 0) best = volume;
  }
  return best;
}

/** A claim that a Pod uses. */
export interface ClaimUse {
  readonly claimName: string;
  /** Made for this Pod alone, by its own volume. */
  readonly isEphemeral: boolean;
}

/** The name of the claim that is made for an ephemeral volume of a Pod. */
export const ephemeralClaimName = (pod: Pod, volumeName: string): string => `${pod.metadata.name}-${volumeName}`;

/** The claims that a Pod uses, in the order of its volumes. */
export function claimsOf(pod: Pod): ClaimUse[] {
  const uses: ClaimUse[] = [];
  for (const { name, persistentVolumeClaim, ephemeral } of pod.spec?.volumes ?? []) {
    if (persistentVolumeClaim) uses.push({ claimName: persistentVolumeClaim.claimName, isEphemeral: false });
    else if (ephemeral) uses.push({ claimName: ephemeralClaimName(pod, name), isEphemeral: true });
  }
  return uses;
}

/** Whether a Pod uses a claim. */
export const usesClaim = (pod: Pod, namespace: string, name: string): boolean =>
  pod.metadata.namespace === namespace && claimsOf(pod).some(({ claimName }) => claimName === name);
