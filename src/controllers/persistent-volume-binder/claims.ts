/** One pass over a claim: finds it a volume, asks for one to be made, or says why it waits. */
import { isNotFound } from "../../api/errors.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { isDefaultStorageClass, StorageClass } from "../../api/kinds/storage-class/index.ts";
import type { ObjectKey } from "../../api/meta/object.ts";
import type {
  PersistentVolume as VolumeObject,
  PersistentVolumeClaim as ClaimObject,
  StorageClass as StorageClassObject,
} from "../../api/types.ts";
import { byNamespace } from "../../client/lister.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import {
  betaProvisionerAnnotation,
  bindCompletedAnnotation,
  chooseVolume,
  isPromisedTo,
  misfit,
  namesClass,
  provisionerAnnotation,
  selectedNodeAnnotation,
  storageClassOf,
  usesClaim,
} from "../../machinery/volume-binding.ts";
import { done, type Outcome } from "../../client/outcome.ts";
import { type BinderDeps, bind, writeClaimStatus } from "./binding.ts";

/** Brings one claim closer to being bound. */
export async function reconcileClaim(key: ObjectKey, deps: BinderDeps): Promise<Outcome> {
  const claim = deps.informers.of(PersistentVolumeClaim).lister.get(key);
  if (!claim) return done;
  if (claim.metadata.annotations?.[bindCompletedAnnotation] !== undefined) await keepBound(claim, deps);
  else if (claim.metadata.deletionTimestamp) return done;
  else if (claim.spec?.volumeName) await bindRequested(claim, claim.spec.volumeName, deps);
  else await findVolume(claim, deps);
  return done;
}

/** A claim that was bound stays with its volume, or is lost. */
async function keepBound(claim: ClaimObject, deps: BinderDeps): Promise<void> {
  const name = claim.spec?.volumeName;
  if (!name) return lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!", deps);
  const volume = deps.informers.of(PersistentVolume).lister.get({ name }) ?? (await liveVolume(name, deps));
  if (!volume) return lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!", deps);
  if (volume.spec?.claimRef && !isPromisedTo(volume, claim)) {
    return lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly", deps);
  }
  await bind(volume, claim, deps);
}

async function lose(claim: ClaimObject, reason: string, message: string, deps: BinderDeps): Promise<void> {
  if (claim.status?.phase === "Lost") return;
  deps.recorder.event(claim, "Warning", reason, message);
  await writeClaimStatus(claim, { phase: "Lost" }, deps);
}

/** The server is asked before data is called lost: a cache may be behind. */
async function liveVolume(name: string, { client }: BinderDeps): Promise<VolumeObject | undefined> {
  return client.get(PersistentVolume, { name }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    return undefined;
  });
}

/** Somebody has named the volume that the claim is to have. */
async function bindRequested(claim: ClaimObject, name: string, deps: BinderDeps): Promise<void> {
  const volume = deps.informers.of(PersistentVolume).lister.get({ name });
  if (!volume) return; // It waits until the volume is there.
  if (volume.spec?.claimRef && !isPromisedTo(volume, claim)) {
    deps.recorder.event(claim, "Warning", "FailedBinding", `volume "${name}" already bound to a different claim.`);
    return;
  }
  const why = misfit(volume, claim);
  // A volume whose owner has promised it to this very claim is not measured against it.
  if (why && volume.spec?.claimRef?.uid !== claim.metadata.uid) {
    deps.recorder.event(claim, "Warning", "VolumeMismatch", `Cannot bind to requested volume "${name}": requested PV ${why}`);
    return;
  }
  await bind(volume, claim, deps);
}

async function findVolume(given: ClaimObject, deps: BinderDeps): Promise<void> {
  const { client, informers, recorder } = deps;
  const claim = await withDefaultClass(given, deps);
  const className = storageClassOf(claim);
  const storageClass = className === "" ? undefined : informers.of(StorageClass).lister.get({ name: className });
  const waitsForPod = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  const volume = chooseVolume(claim, informers.of(PersistentVolume).lister.list(), { promisedOnly: waitsForPod });
  if (volume) return bind(volume, claim, deps);
  if (waitsForPod && claim.metadata.annotations?.[selectedNodeAnnotation] === undefined) {
    const pod = unscheduledPodOf(claim, deps);
    if (pod) recorder.event(claim, "Normal", "WaitForPodScheduled", `waiting for pod ${pod} to be scheduled`);
    else recorder.event(claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  } else if (className === "") {
    recorder.event(claim, "Normal", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
  } else if (!storageClass) {
    recorder.event(claim, "Warning", "ProvisioningFailed", `storageclass.storage.k8s.io "${className}" not found`);
  } else await askProvisioner(claim, storageClass, deps);

  /** A claim that came before there was a default class gets it now. */
  async function withDefaultClass(claim: ClaimObject, { informers }: BinderDeps): Promise<ClaimObject> {
    if (namesClass(claim)) return claim;
    const created = ({ metadata }: StorageClassObject): string => metadata.creationTimestamp ?? "";
    const [youngest] = informers
      .of(StorageClass)
      .lister.list()
      .filter(isDefaultStorageClass)
      .sort((a, b) => (created(a) < created(b) ? 1 : -1));
    if (!youngest) return claim;
    return client.update(PersistentVolumeClaim, { ...claim, spec: { ...claim.spec, storageClassName: youngest.metadata.name as string } });
  }
}

const noProvisioner = "kubernetes.io/no-provisioner";

/** Names the provisioner on the claim: that is how it learns of its work. */
async function askProvisioner(claim: ClaimObject, { provisioner }: StorageClassObject, { client, recorder }: BinderDeps): Promise<void> {
  if (provisioner === noProvisioner) {
    recorder.event(claim, "Warning", "ProvisioningFailed", `no volume plugin matched name: ${noProvisioner}`);
    return;
  }
  const { annotations } = claim.metadata;
  if (annotations?.[provisionerAnnotation] !== provisioner) {
    await client.update(PersistentVolumeClaim, {
      ...claim,
      metadata: {
        ...claim.metadata,
        annotations: { ...annotations, [betaProvisionerAnnotation]: provisioner, [provisionerAnnotation]: provisioner },
      },
    });
  }
  recorder.event(
    claim,
    "Normal",
    "ExternalProvisioning",
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  );
}

function unscheduledPodOf(claim: ClaimObject, { informers }: BinderDeps): string | undefined {
  const { namespace, name } = claim.metadata as { namespace: string; name: string };
  const waiting = informers
    .of(Pod)
    .lister.byIndex(byNamespace, namespace)
    .find((pod) => !pod.spec?.nodeName && !isPodTerminal(pod) && usesClaim(pod, namespace, name));
  return waiting?.metadata.name;
}
