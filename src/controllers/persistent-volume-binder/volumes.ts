/** One pass over a volume: its phase, and what becomes of it when its claim has gone. */
import { isNotFound } from "../../api/errors.ts";
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import type { PersistentVolume as VolumeObject, PersistentVolumeClaim as ClaimObject } from "../../api/types.ts";
import { boundByControllerAnnotation, provisionedByAnnotation } from "../../machinery/volume-binding.ts";
import { done, type Outcome } from "../../client/outcome.ts";
import { type BinderDeps, writePhase } from "./binding.ts";

/** Brings a volume's phase up to date. */
export async function reconcileVolume(key: ObjectKey, deps: BinderDeps): Promise<Outcome> {
  const volume = deps.informers.of(PersistentVolume).lister.get(key);
  if (!volume) return done;
  const reference = volume.spec?.claimRef;
  // Free, or promised by a person to a claim that has not asked yet.
  if (!reference?.uid) {
    await writePhase(volume, "Available", deps);
    return done;
  }
  const claim = await claimOf(reference as { namespace: string; name: string; uid: string }, deps);
  if (!claim) await reclaim(volume, deps);
  else if (claim.spec?.volumeName === volume.metadata.name) await writePhase(volume, "Bound", deps);
  else if (claim.spec?.volumeName) await takeBackPromise(volume, deps);
  // Else the claim's own pass is about to complete the binding.
  return done;
}

/** The claim that a volume is promised to; the server is asked before a volume is released, for a cache may be behind. */
async function claimOf(
  { namespace, name, uid }: { namespace: string; name: string; uid: string },
  { client, informers }: BinderDeps,
): Promise<ClaimObject | undefined> {
  const cached = informers.of(PersistentVolumeClaim).lister.get({ namespace, name });
  if (cached?.metadata.uid === uid) return cached;
  const live = await client.get(PersistentVolumeClaim, { namespace, name }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    return undefined;
  });
  return live?.metadata.uid === uid ? live : undefined;
}

/** The claim has another volume. What a provisioner made for it alone goes, anything else is free again. */
async function takeBackPromise(volume: VolumeObject, deps: BinderDeps): Promise<void> {
  if (isProvisioned(volume) && volume.spec?.persistentVolumeReclaimPolicy === "Delete") return reclaim(volume, deps);
  const { [boundByControllerAnnotation]: byController, ...annotations } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec ?? {};
  // The wish of a person who promised the volume by name is kept.
  const { uid: _, resourceVersion: __, ...wish } = claimRef ?? {};
  const freed = await deps.client.update(PersistentVolume, {
    ...volume,
    metadata: { ...volume.metadata, annotations },
    spec: byController === undefined ? { ...spec, claimRef: wish } : spec,
  });
  await writePhase(freed, "Available", deps);
}

const isProvisioned = (volume: VolumeObject): boolean => volume.metadata.annotations?.[provisionedByAnnotation] !== undefined;

/** Releases the volume. Its provisioner deletes what it made; nobody deletes what a person made. */
async function reclaim(volume: VolumeObject, deps: BinderDeps): Promise<void> {
  if (volume.status?.phase === "Failed") return;
  const released = await writePhase(volume, "Released", deps);
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  if (policy === "Recycle") await fail(released, "VolumeFailedRecycle", "No recycler plugin found for the volume!", deps);
  else if (policy === "Delete" && !isProvisioned(volume)) {
    const why = `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched`;
    await fail(released, "VolumeFailedDelete", why, deps);
  }
}

async function fail(volume: VolumeObject, reason: string, message: string, deps: BinderDeps): Promise<void> {
  await writePhase(volume, "Failed", deps, message);
  deps.recorder.event(volume, "Warning", reason, message);
}
