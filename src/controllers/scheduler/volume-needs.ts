/**
 * What the claims of a Pod ask of its node: bound volumes must be reachable from there, unbound ones must be findable or
 * makeable there, and a ReadWriteOncePod claim is nobody else's. Pure.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "../../api/types.ts";
import { compareQuantities } from "../../machinery/quantity.ts";
import {
  chooseVolume,
  claimsOf,
  isClaimBound,
  isPromisedTo,
  isReachableFrom,
  selectedNodeAnnotation,
  storageClassOf,
  usesClaim,
} from "../../machinery/volume-binding.ts";
import { isControlledBy } from "../../machinery/owners.ts";
import type { ClusterView, NodeView } from "./cluster-view.ts";

/** Storage as the scheduler knows it. */
export interface StorageView {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** The node for which a claim is being bound already, by the claim's uid. */
  reservedNode(claimUid: string): string | undefined;
  /** Whether a volume is being bound to another claim, by its name. */
  isVolumeTaken(name: string): boolean;
}

/** What has to be done about a Pod's claims once its node is chosen. */
export interface VolumePlan {
  readonly bind: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provision: readonly PersistentVolumeClaim[];
  /** Being bound for another Pod, to this node. */
  readonly await: readonly PersistentVolumeClaim[];
}

export interface VolumeNeeds {
  /** Why no node at all can take the Pod. */
  readonly hopeless: string | undefined;
  /** Why a node can't take it; `preemptable` when Pods that leave would change that. */
  refuses(view: NodeView): { readonly reason: string; readonly preemptable: boolean } | undefined;
  /** What the Pod needs on a node that does not refuse it. */
  planFor(view: NodeView): VolumePlan;
}

const noProvisioner = "kubernetes.io/no-provisioner";
const conflict = "node(s) had volume node affinity conflict";
const nothingToBind = "node(s) didn't find available persistent volumes to bind";
const lostVolume = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
const inUse = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";

/** What a Pod's claims ask; undefined for a Pod without any. */
export function volumeNeeds(pod: Pod, storage: StorageView, cluster: ClusterView): VolumeNeeds | undefined {
  const uses = claimsOf(pod);
  if (uses.length === 0) return undefined;
  const namespace = pod.metadata.namespace as string;
  const bound: PersistentVolumeClaim[] = [];
  const open: PersistentVolumeClaim[] = [];
  for (const { claimName, isEphemeral } of uses) {
    const claim = storage.claim(namespace, claimName);
    const why = claim ? hopeless(claim, pod, isEphemeral) : absent(claimName, isEphemeral);
    if (why) return refused(why);
    if (isClaimBound(claim as PersistentVolumeClaim)) bound.push(claim as PersistentVolumeClaim);
    else open.push(claim as PersistentVolumeClaim);
  }
  if (open.some((claim) => claim.spec?.volumeName || classOf(claim)?.volumeBindingMode !== "WaitForFirstConsumer")) {
    return refused("pod has unbound immediate PersistentVolumeClaims");
  }
  const request = (claim: PersistentVolumeClaim): string | number => claim.spec?.resources?.requests?.storage ?? "0";
  open.sort((a, b) => compareQuantities(request(a), request(b)));
  const candidates = new Map(open.map((claim) => [claim, candidatesFor(claim)]));
  const exclusive = [...bound, ...open].filter((claim) => claim.spec?.accessModes?.includes("ReadWriteOncePod"));

  return {
    hopeless: undefined,
    refuses(view) {
      for (const claim of exclusive) {
        if (isUsed(claim)) return { reason: inUse, preemptable: true };
      }
      for (const claim of bound) {
        const volume = storage.volume(claim.spec?.volumeName as string);
        if (!volume) return { reason: lostVolume, preemptable: false };
        if (!isReachableFrom(volume, view.node)) return { reason: conflict, preemptable: false };
      }
      return open.length === 0 || solve(view) ? undefined : { reason: nothingToBind, preemptable: false };
    },
    planFor: (view) => solve(view) ?? { bind: [], provision: [], await: [] },
  };

  function classOf(claim: PersistentVolumeClaim): StorageClass | undefined {
    return storage.storageClass(storageClassOf(claim));
  }

  function isUsed(claim: PersistentVolumeClaim): boolean {
    for (const { pods } of cluster.nodes.values()) {
      for (const { pod: other } of pods.values()) {
        if (other.metadata.uid !== pod.metadata.uid && usesClaim(other, namespace, claim.metadata.name as string)) return true;
      }
    }
    return false;
  }

  /** What is worth asking each node about: few of many volumes. */
  function candidatesFor(claim: PersistentVolumeClaim): PersistentVolume[] {
    const className = storageClassOf(claim);
    return storage.volumes().filter((volume) => {
      if (storageClassOf(volume) !== className) return false;
      return volume.spec?.claimRef ? isPromisedTo(volume, claim) : volume.status?.phase === "Available";
    });
  }

  /** Volumes for all open claims on one node, or undefined where one can't be had. */
  function solve(view: NodeView): VolumePlan | undefined {
    const bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
    const provision: PersistentVolumeClaim[] = [];
    const others: PersistentVolumeClaim[] = [];
    for (const claim of open) {
      const reserved = storage.reservedNode(claim.metadata.uid as string);
      const selected = reserved ?? claim.metadata.annotations?.[selectedNodeAnnotation];
      if (selected !== undefined && (reserved !== undefined || cluster.nodes.has(selected))) {
        if (selected !== view.name) return undefined;
        (reserved === undefined ? provision : others).push(claim);
        continue;
      }
      const taken = (name: string): boolean => storage.isVolumeTaken(name) || bind.some(({ volume }) => volume.metadata.name === name);
      const volume = chooseVolume(claim, candidates.get(claim) ?? [], { node: view.node, taken });
      if (volume) bind.push({ claim, volume });
      else if (isMakeable(classOf(claim), view)) provision.push(claim);
      else return undefined;
    }
    return { bind, provision, await: others };
  }
}

const refused = (why: string): VolumeNeeds => ({
  hopeless: why,
  refuses: () => ({ reason: why, preemptable: false }),
  planFor: () => ({ bind: [], provision: [], await: [] }),
});

const absent = (name: string, isEphemeral: boolean): string =>
  isEphemeral
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
    : `persistentvolumeclaim "${name}" not found`;

function hopeless(claim: PersistentVolumeClaim, pod: Pod, isEphemeral: boolean): string | undefined {
  const { name, namespace, deletionTimestamp } = claim.metadata;
  if (claim.status?.phase === "Lost") {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ""}"`;
  }
  if (deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
  if (isEphemeral && !isControlledBy(claim, pod)) {
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
  }
  return undefined;
}

/** Whether a provisioner can make a volume for a node. */
function isMakeable(storageClass: StorageClass | undefined, { node }: NodeView): boolean {
  if (!storageClass || storageClass.provisioner === noProvisioner) return false;
  const topologies = storageClass.allowedTopologies ?? [];
  return (
    topologies.length === 0 ||
    topologies.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => values.includes(node.metadata.labels?.[key] ?? "")),
    )
  );
}
