/**
 * Brings the volumes of Pods onto disk through `PodFiles` and keeps them up to date: a changed ConfigMap, Secret or
 * label is in the files within a pass, a token is renewed when a fifth of its life is left (KUB-71 … KUB-74, KUB-77).
 */
import { PersistentVolumeClaim as ClaimKind } from "../../api/kinds/persistent-volume-claim/index.ts";
import { PersistentVolume as VolumeKind } from "../../api/kinds/persistent-volume/index.ts";
import { ServiceAccount as ServiceAccountKind } from "../../api/kinds/service-account/index.ts";
import type { Node, Pod, ProjectedVolumeSource, ServiceAccountTokenProjection, TokenRequest, Volume } from "../../api/types.ts";
import { isNotFound } from "../../api/errors.ts";
import { parseTime } from "../../base/time.ts";
import type { World } from "../../base/world.ts";
import type { Client } from "../../client/client.ts";
import { termMatches } from "../../machinery/node-affinity.ts";
import { quantityValue } from "../../machinery/quantity.ts";
import type { PodAddresses } from "../agent/downward.ts";
import type { ConfigSource } from "../agent/environment.ts";
import type { PodFiles } from "../runtime.ts";
import type { MountedVolume, PodVolumes } from "./pod-volumes.ts";
import { VolumeError } from "./pod-volumes.ts";
import type { Payload } from "./volume-payload.ts";
import { configMapData, defaultFileMode, downwardFiles, secretData, selectKeys } from "./volume-payload.ts";

export interface VolumeMounterDeps {
  readonly client: Client;
  readonly world: World;
  readonly files: PodFiles;
  readonly source: ConfigSource;
  /** The node as it is now. */
  node(): Node;
}

interface Token {
  readonly text: string;
  readonly renewAt: number;
}

const defaultTokenSeconds = 3600;
/** Renewed when this part of its life is over. */
const tokenRenewPart = 0.8;
const tokenRetryMs = 10_000;
const encoder = new TextEncoder();

export function volumeMounter(deps: VolumeMounterDeps): PodVolumes {
  const { client, files, source, world } = deps;
  const tokens = new Map<string, Map<string, Token>>();
  /** Which Pod has a volume that only one may have, by the volume's name. */
  const holders = new Map<string, string>();

  async function mountOne(pod: Pod, volume: Volume, addresses: PodAddresses): Promise<MountedVolume> {
    const uid = pod.metadata.uid as string;
    const namespace = pod.metadata.namespace as string;
    const group = pod.spec?.securityContext?.fsGroup;
    const write = async (plugin: string, payload: Payload, inMemory = true): Promise<MountedVolume> => ({
      hostPath: await files.writeVolume(uid, plugin, volume.name, payload, { group, inMemory }),
      readOnly: true,
    });

    if (volume.configMap) {
      const { name = "", items, optional = false, defaultMode = defaultFileMode } = volume.configMap;
      const payload: Payload = new Map();
      const map = await source.configMap(namespace, name);
      if (!map && !optional) throw new Error(`configmap "${name}" not found`);
      selectKeys(payload, configMapData(map), { items, optional, mode: defaultMode });
      return write("kubernetes.io~configmap", payload, false);
    }
    if (volume.secret) {
      const { secretName = "", items, optional = false, defaultMode = defaultFileMode } = volume.secret;
      const payload: Payload = new Map();
      const secret = await source.secret(namespace, secretName);
      if (!secret && !optional) throw new Error(`secret "${secretName}" not found`);
      selectKeys(payload, secretData(secret), { items, optional, mode: defaultMode });
      return write("kubernetes.io~secret", payload);
    }
    if (volume.downwardAPI) {
      const payload: Payload = new Map();
      downwardFiles(payload, pod, volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? defaultFileMode, addresses);
      return write("kubernetes.io~downward-api", payload);
    }
    if (volume.projected) return write("kubernetes.io~projected", await projected(pod, volume.projected, addresses));
    if (volume.hostPath) {
      return { hostPath: await files.hostPath(volume.hostPath.path, volume.hostPath.type ?? ""), readOnly: false };
    }
    if (volume.persistentVolumeClaim) {
      const { claimName, readOnly = false } = volume.persistentVolumeClaim;
      return claimed(pod, claimName, readOnly);
    }
    if (volume.ephemeral) return claimed(pod, `${pod.metadata.name}-${volume.name}`, false);
    // A volume that names no source is an emptyDir.
    const known = Object.keys(volume).filter((key) => key !== "name" && key !== "emptyDir");
    if (known.length > 0) throw new Error(`volumes of type ${known[0]} are not supported by this node`);
    const limit = volume.emptyDir?.sizeLimit;
    return {
      hostPath: await files.emptyDir(uid, volume.name, {
        medium: volume.emptyDir?.medium ?? "",
        ...(limit !== undefined && { sizeLimitBytes: quantityValue(limit) }),
        ...(group !== undefined && { group }),
      }),
      readOnly: false,
    };
  }

  async function projected(pod: Pod, volume: ProjectedVolumeSource, addresses: PodAddresses): Promise<Payload> {
    const namespace = pod.metadata.namespace as string;
    const mode = volume.defaultMode ?? defaultFileMode;
    const payload: Payload = new Map();
    for (const part of volume.sources ?? []) {
      if (part.configMap) {
        const { name = "", items, optional = false } = part.configMap;
        const map = await source.configMap(namespace, name);
        if (!map && !optional) throw new Error(`configmap "${name}" not found`);
        selectKeys(payload, configMapData(map), { items, optional, mode });
      }
      if (part.secret) {
        const { name = "", items, optional = false } = part.secret;
        const secret = await source.secret(namespace, name);
        if (!secret && !optional) throw new Error(`secret "${name}" not found`);
        selectKeys(payload, secretData(secret), { items, optional, mode });
      }
      if (part.downwardAPI) downwardFiles(payload, pod, part.downwardAPI.items ?? [], mode, addresses);
      if (part.serviceAccountToken) {
        // A token is for its owner's eyes; a group may read it where the Pod has an fsGroup.
        const restricted = pod.spec?.securityContext?.fsGroup === undefined ? mode : 0o640;
        payload.set(part.serviceAccountToken.path, { data: encoder.encode(await token(pod, part.serviceAccountToken)), mode: restricted });
      }
    }
    return payload;
  }

  async function token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string> {
    if (files.discards) return "";
    const uid = pod.metadata.uid as string;
    let own = tokens.get(uid);
    if (!own) {
      own = new Map();
      tokens.set(uid, own);
    }
    const key = `${projection.path}\n${projection.audience ?? ""}`;
    const present = own.get(key);
    if (present && present.renewAt > world.clock.now()) return present.text;
    const seconds = projection.expirationSeconds ?? defaultTokenSeconds;
    try {
      const answer = (await client.createSubresource(
        ServiceAccountKind,
        { namespace: pod.metadata.namespace as string, name: pod.spec?.serviceAccountName ?? "default" },
        "token",
        {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          metadata: {},
          spec: {
            ...(projection.audience !== undefined && { audiences: [projection.audience] }),
            expirationSeconds: seconds,
            boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod.metadata.name, uid },
          },
        },
      )) as unknown as TokenRequest;
      const now = world.clock.now();
      const expiresAt = parseTime(answer.status?.expirationTimestamp) ?? now + seconds * 1000;
      const fresh: Token = { text: answer.status?.token ?? "", renewAt: now + (expiresAt - now) * tokenRenewPart };
      own.set(key, fresh);
      return fresh.text;
    } catch (error) {
      if (!present) throw new Error(`failed to fetch token: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      // The old token may well be good for a while: keep it and ask again soon.
      own.set(key, { text: present.text, renewAt: world.clock.now() + tokenRetryMs });
      return present.text;
    }
  }

  async function claimed(pod: Pod, name: string, readOnly: boolean): Promise<MountedVolume> {
    const namespace = pod.metadata.namespace as string;
    const claim = await client.get(ClaimKind, { namespace, name }).catch((error: unknown) => {
      if (isNotFound(error)) throw new Error(`persistentvolumeclaim "${name}" not found`);
      throw error;
    });
    const volumeName = claim.spec?.volumeName;
    if (!volumeName) throw new Error(`persistentvolumeclaim "${name}" is not bound`);
    const volume = await client.get(VolumeKind, { name: volumeName });
    const { accessModes, claimRef, hostPath, local, nodeAffinity } = volume.spec ?? {};
    // A claim may name any volume; what counts is to whom the volume was given.
    if (claimRef?.uid !== claim.metadata.uid) throw new Error(`persistentvolumeclaim "${name}" is not bound`);
    // The scheduler sees to both, but not for a Pod that names its node itself.
    const terms = nodeAffinity?.required?.nodeSelectorTerms;
    if (terms && !terms.some((term) => termMatches(term, deps.node())))
      throw new VolumeError(`MountVolume.NodeAffinity check failed for volume "${volumeName}" : no matching NodeSelectorTerms`);
    if (accessModes?.join() === "ReadWriteOncePod") {
      const uid = pod.metadata.uid as string;
      if ((holders.get(volumeName) ?? uid) !== uid)
        throw new Error("volume uses the ReadWriteOncePod access mode and is already in use by another pod");
      holders.set(volumeName, uid);
    }
    if (hostPath) return { hostPath: await files.hostPath(hostPath.path, hostPath.type ?? "DirectoryOrCreate"), readOnly };
    if (local) return { hostPath: await files.hostPath(local.path, "Directory"), readOnly };
    throw new Error(`persistentvolume "${volumeName}" is of a type that this node can't mount`);
  }

  return {
    async mount(pod, addresses) {
      const mounted = new Map<string, MountedVolume>();
      for (const volume of pod.spec?.volumes ?? []) {
        try {
          mounted.set(volume.name, await mountOne(pod, volume, addresses));
        } catch (error) {
          if (error instanceof VolumeError) throw error;
          const why = error instanceof Error ? error.message : String(error);
          throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`, { cause: error });
        }
      }
      return mounted;
    },
    refreshInMs(podUid) {
      const own = tokens.get(podUid);
      if (!own) return undefined;
      let earliest = Number.POSITIVE_INFINITY;
      for (const { renewAt } of own.values()) earliest = Math.min(earliest, renewAt);
      return Math.max(0, earliest - world.clock.now());
    },
    refersTo(pod, kind, name) {
      const isIt = (candidate: string | undefined): boolean => candidate === name;
      return (pod.spec?.volumes ?? []).some((volume) => {
        if (kind === "ConfigMap" && isIt(volume.configMap?.name)) return true;
        if (kind === "Secret" && isIt(volume.secret?.secretName)) return true;
        return (volume.projected?.sources ?? []).some((part) =>
          kind === "ConfigMap" ? isIt(part.configMap?.name) : isIt(part.secret?.name),
        );
      });
    },
    forget(podUid) {
      tokens.delete(podUid);
      for (const [volume, holder] of holders) if (holder === podUid) holders.delete(volume);
    },
  };
}
