/**
 * Everything has one controller at most; at rest no owner is missing, nobody who could be adopted is left alone, and nothing is
 * still on its way out.
 */
import type { KindRef } from "../../api/kind.ts";
import { ConfigMap } from "../../api/kinds/config-map/index.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { Secret } from "../../api/kinds/secret/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import type { KubeObject } from "../../api/meta/object.ts";
import type { Pod as PodObject } from "../../api/types.ts";
import type { Checker, Scene } from "./checker.ts";
import { isEnded } from "./pod-states.ts";

const owners = [Deployment, ReplicaSet, StatefulSet, DaemonSet, Pod] as unknown as readonly KindRef[];
const owned = [ReplicaSet, ControllerRevision, Pod, PersistentVolumeClaim, ConfigMap, Secret] as unknown as readonly KindRef[];
/** Who would adopt an orphan of which kind. */
const adopters: readonly (readonly [KindRef, readonly KindRef[]])[] = [
  [ReplicaSet, [Deployment]],
  [Pod, [ReplicaSet, StatefulSet, DaemonSet]],
  [ControllerRevision, [StatefulSet, DaemonSet]],
] as unknown as readonly (readonly [KindRef, readonly KindRef[]])[];

export function ownership({ history }: Scene): Checker {
  return {
    name: "one controller each",
    commit({ after }) {
      const controllers = (after?.metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);
      return controllers.length > 1 ? `${nameOf(after as KubeObject)} has ${controllers.length} controllers` : undefined;
    },
    unsettled() {
      const uids = new Set(owners.flatMap((kind) => history.list(kind)).map(({ metadata }) => metadata.uid));
      for (const kind of owned) {
        for (const object of history.list(kind)) {
          if (object.metadata.deletionTimestamp !== undefined) return `${nameOf(object)} is still being deleted`;
          for (const { uid, kind: ownerKind, name } of object.metadata.ownerReferences ?? [])
            if (!uids.has(uid)) return `${nameOf(object)} is owned by ${ownerKind} ${name}, which is gone`;
        }
      }
      for (const [kind, candidates] of adopters) {
        const selectors = candidates.flatMap((candidate) => history.list(candidate)).map(({ spec }) => spec?.selector?.matchLabels ?? {});
        for (const object of history.list(kind)) {
          // Nobody adopts a Pod that has ended.
          if (kind.kind === "Pod" && isEnded(object as PodObject)) continue;
          if ((object.metadata.ownerReferences ?? []).some(({ controller }) => controller === true)) continue;
          if (selectors.some((labels) => Object.entries(labels).every(([key, value]) => object.metadata.labels?.[key] === value)))
            return `${nameOf(object)} has no owner although one would have it`;
        }
      }
      return undefined;
    },
  };
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;
