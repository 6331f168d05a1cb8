/**
 * The four writes that bind a claim and a volume to each other. Each is made only where it is missing, so a binder that
 * was interrupted between any two goes on where it stopped. Two binders meet in the version of the volume.
 */
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import type { PersistentVolume as VolumeObject, PersistentVolumeClaim as ClaimObject } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { bindCompletedAnnotation, boundByControllerAnnotation } from "../../machinery/volume-binding.ts";
import type { ControllerDeps } from "../../client/controller.ts";

/** What the binder's passes use. */
export interface BinderDeps extends ControllerDeps {
  readonly recorder: EventRecorder;
}

/** Binds them, or completes a binding that was begun. */
export async function bind(volume: VolumeObject, claim: ClaimObject, deps: BinderDeps): Promise<void> {
  const { client } = deps;
  let promised = volume;
  if (volume.spec?.claimRef?.uid !== claim.metadata.uid) {
    const wasForeseen = volume.spec?.claimRef !== undefined;
    const claimRef = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      namespace: claim.metadata.namespace as string,
      name: claim.metadata.name as string,
      uid: claim.metadata.uid as string,
      resourceVersion: claim.metadata.resourceVersion as string,
    };
    const annotations = { ...volume.metadata.annotations, ...(!wasForeseen && { [boundByControllerAnnotation]: "yes" }) };
    promised = await client.update(PersistentVolume, {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: { ...volume.spec, claimRef },
    });
  }
  await writePhase(promised, "Bound", deps);

  const { annotations = {} } = claim.metadata;
  let bound = claim;
  if (claim.spec?.volumeName !== volume.metadata.name || annotations[bindCompletedAnnotation] === undefined) {
    bound = await client.update(PersistentVolumeClaim, {
      ...claim,
      metadata: {
        ...claim.metadata,
        annotations: {
          ...annotations,
          [bindCompletedAnnotation]: "yes",
          ...(!claim.spec?.volumeName && { [boundByControllerAnnotation]: "yes" }),
        },
      },
      spec: { ...claim.spec, volumeName: volume.metadata.name as string },
    });
  }
  await writeClaimStatus(
    bound,
    {
      phase: "Bound",
      accessModes: [...(volume.spec?.accessModes ?? [])],
      capacity: { storage: volume.spec?.capacity?.storage ?? "0" },
    },
    deps,
  );
}

/** Writes what differs of a claim's status. */
export async function writeClaimStatus(
  claim: ClaimObject,
  status: NonNullable<ClaimObject["status"]>,
  { client }: BinderDeps,
): Promise<void> {
  const wanted = { ...claim.status, ...status };
  if (deepEqual(claim.status, wanted)) return;
  await client.update(PersistentVolumeClaim, { ...claim, status: wanted }, { subresource: "status" });
}

/** Writes a volume's phase where it differs, with why. */
export async function writePhase(
  volume: VolumeObject,
  phase: string,
  { client, world }: BinderDeps,
  message?: string,
): Promise<VolumeObject> {
  if (volume.status?.phase === phase) return volume;
  const wanted = { phase, lastPhaseTransitionTime: formatTime(world.clock.now()), ...(message !== undefined && { message }) };
  return client.update(PersistentVolume, { ...volume, status: wanted }, { subresource: "status" });
}
