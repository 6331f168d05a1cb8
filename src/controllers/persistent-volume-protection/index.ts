/**
 * Takes the finalizers of claims and volumes off when nobody uses them any more, and puts them on where they are missing:
 * a claim stays while a Pod on a node uses it, a volume while it is bound (API-97).
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import type { KindRef } from "../../api/kind.ts";
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type { Pod as PodObject } from "../../api/types.ts";
import { byNamespace } from "../../client/lister.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { claimsOf, usesClaim } from "../../machinery/volume-binding.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";

const claimFinalizer = "kubernetes.io/pvc-protection";
const volumeFinalizer = "kubernetes.io/pv-protection";

/** A Pod without a node does not count: none is started with a claim that is going away. */
const isUsing = (pod: PodObject): boolean => !!pod.spec?.nodeName && !isPodTerminal(pod);

/** Protects claims from being removed under their Pods. */
export const claimProtectionController = (deps: ControllerDeps): Controller =>
  controller("persistentvolumeclaim-protection", deps)
    .reconciles(PersistentVolumeClaim)
    .maps(Pod, (pod, { type }) =>
      type === "deleted" || isPodTerminal(pod)
        ? claimsOf(pod).map(({ claimName }) => ({ namespace: pod.metadata.namespace as string, name: claimName }))
        : [],
    )
    .with(protectClaim);

/** Protects volumes from being removed under their claims. */
export const volumeProtectionController = (deps: ControllerDeps): Controller =>
  controller("persistentvolume-protection", deps)
    .reconciles(PersistentVolume)
    .with(async (key) => {
      const volume = deps.informers.of(PersistentVolume).lister.get(key);
      if (volume) await settle(PersistentVolume, volume, volumeFinalizer, volume.status?.phase === "Bound", deps);
      return done;
    });

async function protectClaim(key: ObjectKey, deps: ControllerDeps): Promise<Outcome> {
  const { client, informers } = deps;
  const claim = informers.of(PersistentVolumeClaim).lister.get(key);
  if (!claim) return done;
  const { namespace, name } = key as { namespace: string; name: string };
  const uses = (pod: PodObject): boolean => isUsing(pod) && usesClaim(pod, namespace, name);
  let isUsed = informers.of(Pod).lister.byIndex(byNamespace, namespace).some(uses);
  // Before the finalizer goes the server is asked: a cache may not have seen the newest Pod.
  if (!isUsed && claim.metadata.deletionTimestamp && claim.metadata.finalizers?.includes(claimFinalizer)) {
    isUsed = (await client.list(Pod, { namespace })).items.some(uses);
  }
  await settle(PersistentVolumeClaim, claim, claimFinalizer, isUsed, deps);
  return done;
}

/** An object that stays has the finalizer; one that is to go and is not used has it no more. */
async function settle<T extends KubeObject>(
  kind: KindRef<T>,
  object: T,
  finalizer: string,
  isUsed: boolean,
  { client }: ControllerDeps,
): Promise<void> {
  const present = object.metadata.finalizers ?? [];
  const isLeaving = object.metadata.deletionTimestamp !== undefined;
  if (isLeaving ? isUsed || !present.includes(finalizer) : present.includes(finalizer)) return;
  const finalizers = isLeaving ? present.filter((name) => name !== finalizer) : [...present, finalizer];
  try {
    await client.update(kind, { ...object, metadata: { ...object.metadata, finalizers } });
  } catch (error) {
    if (isConflict(error) && isLeaving) throw error;
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
