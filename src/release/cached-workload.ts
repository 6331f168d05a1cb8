/** Workloads as the release controllers see them: out of watched caches. */
import { Pod } from "../api/kinds/pod/index.ts";
import { keyText, type KubeObject, type ObjectKey } from "../api/meta/object.ts";
import type { Pod as PodObject } from "../api/types.ts";
import type { ControllerDeps } from "../client/controller.ts";
import { byController } from "../client/lister.ts";
import { controllerOf } from "../machinery/owners.ts";
import { snapshotOf } from "./snapshot.ts";
import type { WorkloadKind, WorkloadObject, WorkloadSnapshot } from "./workload.ts";

/** What may be asked of the caches about one kind of workload. */
export interface CachedWorkloads {
  /** Undefined where there is none. */
  get(key: ObjectKey): WorkloadObject | undefined;
  /** A workload as of now. */
  snapshot(object: WorkloadObject): WorkloadSnapshot;
  /** Whose Pod it is; undefined: none of this kind. */
  ownerOf(pod: PodObject): ObjectKey | undefined;
}

/** Asks the informers for what it needs, so it is to be called before they are waited for. */
export function cachedWorkloads(kind: WorkloadKind, { informers, world }: Pick<ControllerDeps, "informers" | "world">): CachedWorkloads {
  const workloads = informers.of<WorkloadObject>(kind.ref).lister;
  const revisions = informers.of<KubeObject>(kind.revisionRef).lister;
  const pods = informers.of(Pod).lister;
  const get = (key: ObjectKey): WorkloadObject | undefined => workloads.get(key);
  return {
    get,
    snapshot(object) {
      const own = revisions.byIndex(byController, object.metadata.uid as string);
      const owners: readonly KubeObject[] = kind.podsBelongTo === "workload" ? [object] : own;
      const itsPods = owners.flatMap(({ metadata }) => pods.byIndex(byController, metadata.uid as string));
      return snapshotOf(kind, { object, revisions: own, pods: itsPods }, world.clock.now());
    },
    ownerOf(pod) {
      const owner = controllerOf(pod);
      if (!owner) return undefined;
      const namespace = pod.metadata.namespace as string;
      const key = { namespace, name: owner.name };
      if (kind.podsBelongTo === "workload") return owner.kind === kind.ref.kind ? key : undefined;
      const revision = revisions.get(key);
      const workload = revision?.metadata.uid === owner.uid ? controllerOf(revision) : undefined;
      return workload?.kind === kind.ref.kind ? { namespace, name: workload.name } : undefined;
    },
  };
}

/** Remembers something about each workload for as long as this process lives; what is no longer there is forgotten by `forget`. */
export class Remembered<T> {
  readonly #values = new Map<string, { readonly uid: string; readonly value: T }>();

  get(object: KubeObject): T | undefined {
    const known = this.#values.get(this.#key(object));
    // One that was made again under its name is another workload.
    return known?.uid === object.metadata.uid ? known?.value : undefined;
  }

  set(object: KubeObject, value: T): void {
    this.#values.set(this.#key(object), { uid: object.metadata.uid as string, value });
  }

  forget(key: ObjectKey): void {
    this.#values.delete(keyText(key));
  }

  #key({ metadata }: KubeObject): string {
    return keyText({ name: metadata.name as string, ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) });
  }
}
