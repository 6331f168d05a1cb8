/** The volumes of a Pod on its node: mounted, kept up to date, tried again when they can't be. */
import type { MountedVolume } from "../../volumes/pod-volumes.ts";
import { VolumeError } from "../../volumes/pod-volumes.ts";
import type { PodScope } from "./scope.ts";

const retryBaseMs = 500;
const retryCapMs = 120_000;

export class VolumeMounts {
  readonly #scope: PodScope;
  #mounted: ReadonlyMap<string, MountedVolume> | undefined;
  #isStale = true;
  #failures = 0;

  constructor(scope: PodScope) {
    this.#scope = scope;
  }

  /** Something that they show has changed since they were mounted. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** They show something that has changed. */
  outdate(): void {
    this.#isStale = true;
  }

  /** All of them by name; undefined: something is missing that a container needs, and another pass comes. */
  async mount(): Promise<ReadonlyMap<string, MountedVolume> | undefined> {
    const { context, uid } = this.#scope;
    const { volumes, config } = context;
    const dueMs = volumes.refreshInMs(uid);
    if (this.#mounted && !this.#isStale && !(dueMs !== undefined && dueMs <= 0)) {
      if (dueMs !== undefined) this.#scope.passIn(dueMs);
      return this.#mounted;
    }
    this.#isStale = false;
    try {
      const addresses = { podIp: this.#scope.sandbox?.ip ?? "", hostIp: config.nodeIp, allocatable: config.allocatable };
      this.#mounted = await volumes.mount(this.#scope.pod, addresses);
      this.#failures = 0;
      const nextMs = volumes.refreshInMs(uid);
      if (nextMs !== undefined) this.#scope.passIn(nextMs);
    } catch (error) {
      this.#noteTrouble(error);
    }
    // What runs already keeps the files it has.
    return this.#mounted;
  }

  #noteTrouble(error: unknown): void {
    const { context, pod } = this.#scope;
    this.#isStale = true;
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof VolumeError)) {
      context.world.log.warn("mounting a Pod's volumes failed", { pod: pod.metadata.name, error: message });
    }
    context.recorder.event(pod, "Warning", "FailedMount", message);
    this.#scope.passIn(Math.min(retryBaseMs * 2 ** this.#failures++, retryCapMs));
  }
}
