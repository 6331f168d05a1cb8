/** What the agent asks of volumes. */
import type { Pod } from "../../api/types.ts";
import type { PodAddresses } from "../agent/downward.ts";

/** A volume on disk, ready to be mounted. */
export interface MountedVolume {
  readonly hostPath: string;
  /** The volume itself allows no writing (configMap, secret, projected, downwardAPI). */
  readonly readOnly: boolean;
}

/** A volume is not ready: the sentence for the FailedMount event (KUB-71). */
export class VolumeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "VolumeError";
  }
}

export interface PodVolumes {
  /** Brings every volume of the Pod onto disk and up to date. Idempotent. Throws `VolumeError`. */
  mount(pod: Pod, addresses: PodAddresses): Promise<ReadonlyMap<string, MountedVolume>>;
  /** Milliseconds until something of the Pod's volumes has to be refreshed by time (tokens); undefined: never. */
  refreshInMs(podUid: string): number | undefined;
  /** Whether a change of this object can change the Pod's volumes. */
  refersTo(pod: Pod, kind: "ConfigMap" | "Secret", name: string): boolean;
  forget(podUid: string): void;
}
