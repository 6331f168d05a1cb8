/**
 * Sees to it that a Pod's claims are bound before the Pod is: promises free volumes, tells provisioners the node, and waits.
 * What is under way is reserved, so that two Pods never reach for one volume or send one claim to two nodes.
 */
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { StorageClass } from "../../api/kinds/storage-class/index.ts";
import { keyOf } from "../../api/meta/object.ts";
import type { PersistentVolumeClaim as ClaimObject, Pod as PodObject } from "../../api/types.ts";
import { boundByControllerAnnotation, isClaimBound, isReachableFrom, selectedNodeAnnotation } from "../../machinery/volume-binding.ts";
import type { ControllerDeps } from "../../client/controller.ts";
import type { StorageView, VolumePlan } from "./volume-needs.ts";

const isSentTo =
  (nodeName: string) =>
  ({ metadata }: ClaimObject): boolean =>
    metadata.annotations?.[selectedNodeAnnotation] === nodeName;

/** A provisioner that takes longer than this is given up; the Pod is decided on anew. */
const patienceMs = 600_000;

/** The volumes of a Pod could not be bound; the message says why. */
export class VolumesNotBound extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "VolumesNotBound";
  }
}

export interface VolumeBinder {
  readonly storage: StorageView;
  /** Keeps a plan's claims and volumes from other Pods. Returns what ends that. */
  reserve(plan: VolumePlan, nodeName: string): () => void;
  /** Resolves when every claim of the plan is bound to a volume that the node reaches. Throws `VolumesNotBound`. */
  bind(pod: PodObject, nodeName: string, plan: VolumePlan): Promise<void>;
  /** Something about claims, volumes or Pods has changed. */
  changed(): void;
  /** Gives up what waits. */
  close(): void;
}

/** The volume binder of one scheduler. */
export function volumeBinder({ client, informers, world }: ControllerDeps): VolumeBinder {
  const claims = informers.of(PersistentVolumeClaim).lister;
  const volumes = informers.of(PersistentVolume).lister;
  const classes = informers.of(StorageClass).lister;
  /** Claims that are being bound, by uid, with the node. */
  const reserved = new Map<string, string>();
  const takenVolumes = new Set<string>();
  /** Each looks whether what it waits for has come. */
  const waiting = new Set<(gaveUp?: string) => void>();

  /** Begins the bindings; returns the versions of the claims that were written. */
  async function begin(nodeName: string, { bind, provision }: VolumePlan): Promise<Map<string, number>> {
    for (const { claim, volume } of bind) {
      if (volume.spec?.claimRef) continue; // Promised to it already.
      const claimRef = {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: claim.metadata.namespace as string,
        name: claim.metadata.name as string,
        uid: claim.metadata.uid as string,
      };
      const annotations = { ...volume.metadata.annotations, [boundByControllerAnnotation]: "yes" };
      await client.update(PersistentVolume, {
        ...volume,
        metadata: { ...volume.metadata, annotations },
        spec: { ...volume.spec, claimRef },
      });
    }
    const versions = new Map<string, number>();
    for (const planned of provision) {
      // Another Pod may have sent it on its way since the plan was made.
      const claim = claims.get(keyOf(planned)) ?? planned;
      if (isClaimBound(claim) || claim.metadata.annotations?.[selectedNodeAnnotation] === nodeName) continue;
      const annotations = { ...claim.metadata.annotations, [selectedNodeAnnotation]: nodeName };
      const written = await client.update(PersistentVolumeClaim, { ...claim, metadata: { ...claim.metadata, annotations } });
      versions.set(claim.metadata.uid as string, Number(written.metadata.resourceVersion));
    }
    return versions;
  }

  /** Whether a claim is bound as wanted. Throws when it never will be. */
  function isReady(planned: ClaimObject, nodeName: string, isHeld: (claim: ClaimObject) => boolean, version = 0): boolean {
    const { name } = planned.metadata;
    const claim = claims.get(keyOf(planned));
    if (!claim || claim.metadata.uid !== planned.metadata.uid) throw new VolumesNotBound(`persistentvolumeclaim "${name}" not found`);
    if (Number(claim.metadata.resourceVersion) < version) return false;
    if (isClaimBound(claim)) {
      const volume = volumes.get({ name: claim.spec?.volumeName as string });
      const node = informers.of(Node).lister.get({ name: nodeName });
      if (volume && node && !isReachableFrom(volume, node)) {
        throw new VolumesNotBound(`pv "${volume.metadata.name}" node affinity doesn't match node "${nodeName}"`);
      }
      return volume !== undefined;
    }
    if (!isHeld(claim)) throw new VolumesNotBound(`selectedNode annotation reset for PVC "${name}"`);
    return false;
  }

  function untilReady(pod: PodObject, nodeName: string, plan: VolumePlan, versions: ReadonlyMap<string, number>): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = world.clock.setTimer(patienceMs, () => end(new VolumesNotBound("context deadline exceeded")));
      const end = (error?: Error): void => {
        limit.cancel();
        waiting.delete(look);
        if (error) reject(error);
        else resolve();
      };
      const look = (gaveUp?: string): void => {
        try {
          if (gaveUp !== undefined) throw new VolumesNotBound(gaveUp);
          if (informers.of(Pod).lister.get(keyOf(pod))?.metadata.uid !== pod.metadata.uid) throw new VolumesNotBound("the Pod has gone");
          const isReadyForAll =
            plan.bind.every(({ claim }) => isReady(claim, nodeName, () => true)) &&
            plan.provision.every((claim) => isReady(claim, nodeName, isSentTo(nodeName), versions.get(claim.metadata.uid as string))) &&
            plan.await.every((claim) => isReady(claim, nodeName, ({ metadata }) => reserved.has(metadata.uid as string)));
          if (isReadyForAll) end();
        } catch (error) {
          end(error as Error);
        }
      };
      waiting.add(look);
      look();
    });
  }

  function changed(): void {
    for (const look of [...waiting]) look();
  }

  return {
    storage: {
      claim: (namespace, name) => claims.get({ namespace, name }),
      volume: (name) => volumes.get({ name }),
      volumes: () => volumes.list(),
      storageClass: (name) => classes.get({ name }),
      reservedNode: (claimUid) => reserved.get(claimUid),
      isVolumeTaken: (name) => takenVolumes.has(name),
    },
    reserve({ bind, provision }, nodeName) {
      const uids = [...bind.map(({ claim }) => claim), ...provision].map(({ metadata }) => metadata.uid as string);
      for (const uid of uids) reserved.set(uid, nodeName);
      for (const { volume } of bind) takenVolumes.add(volume.metadata.name as string);
      return () => {
        for (const uid of uids) reserved.delete(uid);
        for (const { volume } of bind) takenVolumes.delete(volume.metadata.name as string);
        // Whoever waits for one of these claims finds it bound now, or goes and binds it itself.
        changed();
      };
    },
    async bind(pod, nodeName, plan) {
      if (plan.bind.length + plan.provision.length + plan.await.length === 0) return;
      try {
        await untilReady(pod, nodeName, plan, await begin(nodeName, plan));
      } catch (error) {
        if (error instanceof VolumesNotBound) throw error;
        throw new VolumesNotBound(error instanceof Error ? error.message : String(error), { cause: error });
      }
    },
    changed,
    close() {
      for (const look of [...waiting]) look("the scheduler has stopped");
    },
  };
}
