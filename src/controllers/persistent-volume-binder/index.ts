/**
 * Binds PersistentVolumeClaims to PersistentVolumes, asks provisioners for volumes where none fits, and says what
 * becomes of a volume whose claim has gone. One pass at a time over claims and volumes alike, so that two claims never
 * reach for one volume.
 */
import { Pod } from "../../api/kinds/pod/index.ts";
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { isDefaultStorageClass, StorageClass } from "../../api/kinds/storage-class/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type {
  PersistentVolume as VolumeObject,
  PersistentVolumeClaim as ClaimObject,
  StorageClass as StorageClassObject,
} from "../../api/types.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { isClaimBound, storageClassOf } from "../../machinery/volume-binding.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { reconcileClaim } from "./claims.ts";
import { reconcileVolume } from "./volumes.ts";

/** The binder. Keys with a namespace are claims, those without are volumes. */
export function persistentVolumeBinder(deps: ControllerDeps): Controller {
  const { informers } = deps;
  const binder = { ...deps, recorder: deps.recorderFor("persistentvolume-controller") };
  const claims = informers.of(PersistentVolumeClaim);
  const waitingFor = (matches: (claim: ClaimObject) => boolean): ObjectKey[] =>
    claims.lister
      .list()
      .filter((claim) => !isClaimBound(claim) && matches(claim))
      .map(keyOf);

  return controller("persistentvolume-binder", deps, { workers: 1 })
    .watches(PersistentVolumeClaim, ({ object, type }, enqueue) => {
      if (type !== "deleted") enqueue(keyOf(object));
      // A claim that has gone is looked at from the side of its volume.
      const volumeName = object.spec?.volumeName;
      if (volumeName) enqueue({ name: volumeName });
      if (type !== "deleted") return;
      for (const volume of informers.of(PersistentVolume).lister.list()) {
        if (volume.spec?.claimRef?.uid === object.metadata.uid) enqueue(keyOf(volume));
      }
    })
    .watches(PersistentVolume, (change, enqueue) => {
      const volume = change.object;
      enqueue(keyOf(volume));
      const promised = volume.spec?.claimRef;
      if (promised?.name && promised.namespace) enqueue({ namespace: promised.namespace, name: promised.name });
      // A free volume that has grown, or changed its labels or class, may answer what it did not answer before.
      const mayAnswer = change.type !== "deleted" && isFree(volume) && !(change.type === "updated" && offersTheSame(volume, change.old));
      const concerned = waitingFor(
        (claim) =>
          claim.spec?.volumeName === volume.metadata.name ||
          (mayAnswer && storageClassOf(claim) === storageClassOf(volume) && !waitsForPod(claim, classOf(claim))),
      );
      for (const key of concerned) enqueue(key);
    })
    .maps(StorageClass, (storageClass, { type }) =>
      type === "deleted"
        ? []
        : waitingFor(
            (claim) =>
              storageClassOf(claim) === storageClass.metadata.name ||
              (claim.spec?.storageClassName === undefined && isDefaultStorageClass(storageClass)),
          ),
    )
    .reads(Pod)
    .with((key) => (key.namespace === undefined ? reconcileVolume(key, binder) : reconcileClaim(key, binder)));

  function classOf(claim: ClaimObject): StorageClassObject | undefined {
    return informers.of(StorageClass).lister.get({ name: storageClassOf(claim) });
  }
}

const isFree = (volume: VolumeObject): boolean => !volume.spec?.claimRef && volume.status?.phase === "Available";

const offersTheSame = (volume: VolumeObject, old: VolumeObject): boolean =>
  isFree(old) && deepEqual(volume.spec, old.spec) && deepEqual(volume.metadata.labels, old.metadata.labels);

const waitsForPod = (claim: ClaimObject, storageClass: StorageClassObject | undefined): boolean =>
  storageClass?.volumeBindingMode === "WaitForFirstConsumer" && !claim.spec?.volumeName;
