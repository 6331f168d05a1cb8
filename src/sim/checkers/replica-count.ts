/**
 * A ReplicaSet never has more active Pods than it asks for because of its controller, and none is taken from it below that number
 * (RS-1, RS-3). At rest it has exactly so many, and its status says what a recount says (RS-9).
 */
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import type { Pod as PodObject, ReplicaSet as ReplicaSetObject } from "../../api/types.ts";
import { between, type Commit, type ObjectRecord } from "../history.ts";
import type { Checker, Scene } from "./checker.ts";
import { controllerUid, isActive, isAvailable, isReady } from "./pod-states.ts";

const component = "replicaset-controller";

export function replicaCount(scene: Scene): Checker {
  const { history, nowMs } = scene;

  const setOf = (pod: PodObject): ObjectRecord<ReplicaSetObject> | undefined => {
    const uid = controllerUid(pod);
    return history.records(ReplicaSet).find((record) => record.uid === uid);
  };
  /** What the set asked for at some instant at which its controller may have looked. */
  const sizes = (record: ObjectRecord<ReplicaSetObject>): number[] =>
    [...between(record, nowMs() - scene.stalenessMs, nowMs())].flatMap(({ object }) => (object ? [object.spec?.replicas ?? 1] : []));
  const podsOf = (uid: string): readonly ObjectRecord<PodObject>[] =>
    history.records(Pod).filter(({ versions }) => versions.some(({ object }) => object && controllerUid(object) === uid));
  const liveOf = (uid: string): PodObject[] => history.list(Pod).filter((pod) => controllerUid(pod) === uid && isActive(pod));

  function created(pod: PodObject): string | undefined {
    const record = setOf(pod);
    if (!record) return `${pod.metadata.name} is made for a ReplicaSet that is not there`;
    const active = liveOf(record.uid).length;
    // Who is told that a creation failed creates again: nobody could know better.
    const allowed = Math.max(...sizes(record)) + scene.unanswered("create", "Pod");
    return active > allowed ? `${record.key} has ${active} active Pods and asks for ${allowed}` : undefined;
  }

  function deleted(pod: PodObject): string | undefined {
    const record = setOf(pod);
    if (!record || sizes(record).length === 0) return undefined;
    const since = nowMs() - scene.stalenessMs;
    // Pods that others took away a moment ago may have been believed to be there.
    const remaining = podsOf(record.uid).filter((each) => {
      const last = each.versions.at(-1);
      if (last?.object && isActive(last.object)) return true;
      const end = each.versions.find(({ object }) => !object || !isActive(object));
      return end !== undefined && end.actor !== component && end.atMs >= since;
    }).length;
    const wanted = Math.min(...sizes(record));
    return remaining + scene.unanswered("delete", "Pod") < wanted
      ? `${record.key} keeps ${remaining} Pods and asks for ${wanted}`
      : undefined;
  }

  return {
    name: "a ReplicaSet has what it asks for",
    commit({ actor, kind, before, after }: Commit) {
      if (actor !== component || kind !== "Pod") return undefined;
      if (!before && after) return created(after as PodObject);
      if (before && isActive(before as PodObject) && (!after || !isActive(after as PodObject))) return deleted(before as PodObject);
      return undefined;
    },
    unsettled() {
      for (const set of history.list(ReplicaSet)) {
        const wanted = set.spec?.replicas ?? 1;
        const pods = liveOf(set.metadata.uid as string);
        const name = set.metadata.name;
        if (pods.length !== wanted) return `ReplicaSet ${name} has ${pods.length} of ${wanted} Pods`;
        const counted = {
          replicas: pods.length,
          ready: pods.filter(isReady).length,
          available: pods.filter((pod) => isAvailable(pod, set.spec?.minReadySeconds ?? 0, nowMs())).length,
        };
        const { replicas = 0, readyReplicas: ready = 0, availableReplicas: available = 0, observedGeneration } = set.status ?? {};
        const said = { replicas, ready, available };
        if (counted.available !== wanted) return `${counted.available} of ${wanted} Pods of ReplicaSet ${name} are available`;
        if (JSON.stringify(said) !== JSON.stringify(counted))
          return `ReplicaSet ${name} says ${JSON.stringify(said)}, a recount ${JSON.stringify(counted)}`;
        if (observedGeneration !== set.metadata.generation) return `ReplicaSet ${name} has not observed its newest generation`;
      }
      return undefined;
    },
  };
}
