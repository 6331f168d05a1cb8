/**
 * The provisioner behind the default storage class: makes a directory for each claim that asks for one, and removes it
 * with everything in it when the claim has gone and the class says Delete. Files are where the engine is, so a volume of
 * one node's Pods is bound to that node, as storage of a machine is; all nodes of an engine see a shared one.
 */
import { isAlreadyExists, isNotFound } from "../../api/errors.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { StorageClass } from "../../api/kinds/storage-class/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type {
  Node as NodeObject,
  PersistentVolume as VolumeObject,
  PersistentVolumeClaim as ClaimObject,
  StorageClass as StorageClassObject,
} from "../../api/types.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { isConditionTrue } from "../../machinery/conditions.ts";
import { compareQuantities } from "../../machinery/quantity.ts";
import {
  isPromisedTo,
  provisionedByAnnotation,
  provisionerAnnotation,
  selectedNodeAnnotation,
  storageClassOf,
} from "../../machinery/volume-binding.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome } from "../../client/outcome.ts";
import type { VolumeDirectories } from "./volume-directories.ts";

/** As storage classes name it. */
const localProvisioner = "windlass.dev/local-path";
/** Keeps a volume's object until its files are gone. */
const finalizer = "external-provisioner.volume.kubernetes.io/finalizer";

/** The class that claims get which name none: a directory on the node of their first Pod, deleted with the claim. */
export const standardStorageClass: StorageClassObject = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: localProvisioner,
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
  allowVolumeExpansion: false,
};

interface ProvisionerDeps extends ControllerDeps {
  readonly directories: VolumeDirectories;
  readonly recorder: EventRecorder;
}

/** The provisioner. Keys with a namespace are claims, those without are volumes. */
export function localVolumeProvisioner(given: ControllerDeps, directories: VolumeDirectories): Controller {
  const deps: ProvisionerDeps = { ...given, directories, recorder: given.recorderFor(localProvisioner) };
  return controller("local-volume-provisioner", deps)
    .watches(PersistentVolumeClaim, ({ object, type }, enqueue) => {
      if (type !== "deleted" && (wantsVolume(object) || wantsMore(object))) enqueue(keyOf(object));
    })
    .watches(PersistentVolume, ({ object, type }, enqueue) => {
      if (type !== "deleted" && isOurs(object)) enqueue(keyOf(object));
    })
    .reads(StorageClass)
    .reads(Node)
    .with((key) => (key.namespace === undefined ? discard(key, deps) : provision(key, deps)));
}

const isOurs = (volume: VolumeObject): boolean => volume.metadata.annotations?.[provisionedByAnnotation] === localProvisioner;
const wantsVolume = ({ metadata, spec }: ClaimObject): boolean =>
  !spec?.volumeName && !metadata.deletionTimestamp && metadata.annotations?.[provisionerAnnotation] === localProvisioner;

/** A claim that was allowed to grow, and has not yet. */
const wantsMore = ({ spec, status, metadata }: ClaimObject): boolean =>
  status?.phase === "Bound" &&
  metadata.annotations?.[provisionerAnnotation] === localProvisioner &&
  compareQuantities(spec?.resources?.requests?.storage ?? "0", status.capacity?.storage ?? "0") > 0;

async function provision(key: ObjectKey, deps: ProvisionerDeps): Promise<Outcome> {
  const { client, directories, informers, recorder } = deps;
  const claim = informers.of(PersistentVolumeClaim).lister.get(key);
  if (!claim) return done;
  if (wantsMore(claim)) return grow(claim, deps);
  if (!wantsVolume(claim)) return done;
  const className = storageClassOf(claim);
  const storageClass = informers.of(StorageClass).lister.get({ name: className });
  if (!storageClass || storageClass.provisioner !== localProvisioner) return done;
  if (storageClass.volumeBindingMode === "WaitForFirstConsumer" && !claim.metadata.annotations?.[selectedNodeAnnotation]) return done;
  const name = `pvc-${claim.metadata.uid}`;
  if (informers.of(PersistentVolume).lister.get({ name })) return done;
  recorder.event(claim, "Normal", "Provisioning", `External provisioner is provisioning volume for claim "${key.namespace}/${key.name}"`);
  try {
    const refusal = unsupported(claim);
    if (refusal) throw new Error(refusal);
    const node = nodeFor(claim, deps);
    if (!node) return await giveBack(claim, deps);
    const path = await directories.create(name);
    await client.create(PersistentVolume, volumeFor(claim, storageClass, node, path)).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    recorder.event(claim, "Warning", "ProvisioningFailed", `failed to provision volume with StorageClass "${className}": ${why}`);
    // What the claim asks for does not change by itself; a disk may.
    if (unsupported(claim)) return done;
    throw error;
  }
  recorder.event(claim, "Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${name}`);
  return done;
}

/** A directory has no size of its own: what the claim was allowed to ask for is what the volume has from now on. */
async function grow({ spec }: ClaimObject, { client, informers }: ProvisionerDeps): Promise<Outcome> {
  const volume = informers.of(PersistentVolume).lister.get({ name: spec?.volumeName as string });
  const storage = spec?.resources?.requests?.storage as string;
  if (!volume || !isOurs(volume) || compareQuantities(volume.spec?.capacity?.storage ?? "0", storage) >= 0) return done;
  await client.update(PersistentVolume, { ...volume, spec: { ...volume.spec, capacity: { storage } } });
  return done;
}

/** What a directory can't be, in the words of an event. */
function unsupported({ spec }: ClaimObject): string | undefined {
  if (spec?.volumeMode === "Block") return `${localProvisioner} does not support block volumes`;
  if (spec?.selector) return "claim.Spec.Selector is not supported";
  if (spec?.dataSource || spec?.dataSourceRef) return `${localProvisioner} does not fill volumes from a data source`;
  return undefined;
}

/** The node that the scheduler chose; for a class that does not wait for it, the first one that takes Pods. */
function nodeFor(claim: ClaimObject, { informers }: ProvisionerDeps): NodeObject | undefined {
  const nodes = informers.of(Node).lister;
  const selected = claim.metadata.annotations?.[selectedNodeAnnotation];
  if (selected !== undefined) return nodes.get({ name: selected });
  const able = nodes.list().filter((node) => !node.spec?.unschedulable && isConditionTrue(node.status?.conditions, "Ready"));
  const [first] = able.sort((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1));
  if (!first) throw new Error("no node is ready to take a volume");
  return first;
}

/** The chosen node has gone: the scheduler is to choose another one. */
async function giveBack(claim: ClaimObject, { client, recorder }: ProvisionerDeps): Promise<Outcome> {
  const { [selectedNodeAnnotation]: selected, ...annotations } = claim.metadata.annotations ?? {};
  recorder.event(claim, "Warning", "ProvisioningFailed", `node "${selected}" not found: another one is to be chosen`);
  await client.update(PersistentVolumeClaim, { ...claim, metadata: { ...claim.metadata, annotations } });
  return done;
}

const shared: readonly string[] = ["ReadWriteMany", "ReadOnlyMany"];

function volumeFor(claim: ClaimObject, storageClass: StorageClassObject, node: NodeObject, path: string): VolumeObject {
  const { metadata, spec } = claim;
  const accessModes = [...(spec?.accessModes ?? [])];
  // A directory is seen by every node of the machine: only what one node may use is bound to one.
  const isShared = accessModes.some((mode) => shared.includes(mode));
  const hostname = node.metadata.labels?.["kubernetes.io/hostname"];
  const term =
    hostname === undefined
      ? { matchFields: [{ key: "metadata.name", operator: "In", values: [node.metadata.name as string] }] }
      : { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [hostname] }] };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: `pvc-${metadata.uid}`,
      annotations: { [provisionedByAnnotation]: localProvisioner },
      finalizers: [finalizer],
    },
    spec: {
      accessModes,
      capacity: { storage: spec?.resources?.requests?.storage as string },
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        namespace: metadata.namespace as string,
        name: metadata.name as string,
        uid: metadata.uid as string,
        resourceVersion: metadata.resourceVersion as string,
      },
      // Never made anew by a node: where it is missing the data is lost, which somebody must hear of.
      hostPath: { path, type: "Directory" },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: storageClass.metadata.name as string,
      volumeMode: "Filesystem",
      ...(storageClass.mountOptions && { mountOptions: [...storageClass.mountOptions] }),
      ...(!isShared && { nodeAffinity: { required: { nodeSelectorTerms: [term] } } }),
    },
  };
}

/** Deletes a volume that its claim has left, or that is being deleted, as its reclaim policy says. */
async function discard(key: ObjectKey, deps: ProvisionerDeps): Promise<Outcome> {
  const { client, directories, informers, recorder } = deps;
  const volume = informers.of(PersistentVolume).lister.get(key);
  if (!volume || !isOurs(volume)) return done;
  const { deletionTimestamp, finalizers = [] } = volume.metadata;
  const isFree = volume.status?.phase === "Released" || (deletionTimestamp !== undefined && !isClaimed(volume, deps));
  if (!isFree) return done;
  if (volume.spec?.persistentVolumeReclaimPolicy === "Delete") {
    try {
      await directories.remove(key.name);
    } catch (error) {
      recorder.event(volume, "Warning", "VolumeFailedDelete", error instanceof Error ? error.message : String(error));
      throw error;
    }
    if (!deletionTimestamp) {
      await client.delete(PersistentVolume, key, { preconditions: { uid: volume.metadata.uid as string } }).catch(unlessGone);
      return done; // The change that this makes brings the next pass.
    }
  } else if (!deletionTimestamp) return done;
  if (!finalizers.includes(finalizer)) return done;
  const rest = finalizers.filter((name) => name !== finalizer);
  await client.update(PersistentVolume, { ...volume, metadata: { ...volume.metadata, finalizers: rest } }).catch(unlessGone);
  return done;
}

function isClaimed(volume: VolumeObject, { informers }: ProvisionerDeps): boolean {
  const { namespace, name } = volume.spec?.claimRef ?? {};
  if (!namespace || !name) return false;
  const claim = informers.of(PersistentVolumeClaim).lister.get({ namespace, name });
  return claim !== undefined && isPromisedTo(volume, claim);
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
