/**
 * What a StatefulSet promises. Pods are made from the first ordinal up and taken from the last one down, each waiting for those
 * before it unless the set is Parallel (STS-10 … STS-13); an update goes from the highest ordinal down to the partition and takes no
 * more than may be unavailable (STS-20, STS-29); with OnDelete nobody takes anything (STS-22).
 */
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import type { Pod as PodObject, StatefulSet as StatefulSetObject } from "../../api/types.ts";
import { between, type ObjectRecord } from "../history.ts";
import type { Checker, Scene } from "./checker.ts";
import {
  amountOf,
  controllerUid,
  isActive,
  isAvailable,
  isEnded,
  isReady,
  markOf,
  stayedAvailable,
  wasAvailable,
  podTurn,
} from "./pod-states.ts";

const component = "statefulset-controller";

const ordinalOf = (pod: PodObject): number => Number(/-(\d+)$/.exec(pod.metadata.name ?? "")?.[1] ?? -1);
const startOf = ({ spec }: StatefulSetObject): number => spec?.ordinals?.start ?? 0;
const isWanted = (set: StatefulSetObject, ordinal: number): boolean =>
  ordinal >= startOf(set) && ordinal < startOf(set) + (set.spec?.replicas ?? 1);
const isOrdered = ({ spec }: StatefulSetObject): boolean => spec?.podManagementPolicy !== "Parallel";
const isRunning = (pod: PodObject, minReadySeconds: number, nowMs: number): boolean =>
  pod.status?.phase === "Running" && isAvailable(pod, minReadySeconds, nowMs);

/** Creation and deletion in order, and never more missing than allowed. */
export function ordinals(scene: Scene): Checker {
  const { history, nowMs, stalenessMs } = scene;

  /** What the set asked for at instants at which its controller may have looked. */
  function asked(pod: PodObject): StatefulSetObject[] {
    const uid = controllerUid(pod);
    const record = history.records(StatefulSet).find((each) => each.uid === uid);
    const spans = record ? [...between(record, nowMs() - stalenessMs, nowMs())] : [];
    return spans.flatMap(({ object }) => (object ? [object] : []));
  }
  /** Whether the Pod of an ordinal may have been seen available; a Pod of that name that is gone may still have been seen. */
  function mayBeAvailable(set: StatefulSetObject, ordinal: number): boolean {
    const key = `${set.metadata.namespace}/${set.metadata.name}-${ordinal}`;
    const records = history.records(Pod).filter((each) => each.key === key);
    return records.some((each) => wasAvailable(each, set.spec?.minReadySeconds ?? 0, nowMs() - stalenessMs, nowMs()));
  }
  const recordOf = (pod: PodObject): ObjectRecord<PodObject> | undefined =>
    history.records(Pod).find(({ uid }) => uid === pod.metadata.uid);

  function created(pod: PodObject): string | undefined {
    const sets = asked(pod);
    const ordinal = ordinalOf(pod);
    const name = pod.metadata.name;
    if (sets.length === 0) return `${name} is made for a StatefulSet that is not there`;
    if (!sets.some((set) => isWanted(set, ordinal))) return `${name} is made and nobody asks for it`;
    if (!sets.every(isOrdered)) return undefined;
    // Each of the pictures that the controller may have had asks for another start.
    const reasons = sets.map((set) => {
      for (let before = startOf(set); before < ordinal; before++)
        if (!mayBeAvailable(set, before)) return `${name} is made before ${set.metadata.name}-${before} is available`;
      return undefined;
    });
    return reasons.includes(undefined) ? undefined : reasons[0];
  }

  function deleted(pod: PodObject): string | undefined {
    const sets = asked(pod);
    if (sets.length === 0 || isEnded(pod)) return undefined;
    const reasons = sets.map((set) => (isWanted(set, ordinalOf(pod)) ? replaced(set, pod) : dismissed(set, pod)));
    return reasons.includes(undefined) ? undefined : reasons[0];
  }

  /** No longer wanted. */
  function dismissed(set: StatefulSetObject, pod: PodObject): string | undefined {
    if (!isOrdered(set)) return undefined;
    const name = pod.metadata.name;
    const owned = history.list(Pod).filter((each) => controllerUid(each) === set.metadata.uid);
    const higher = owned.find((each) => ordinalOf(each) > ordinalOf(pod) && !isWanted(set, ordinalOf(each)));
    if (higher) return `${name} goes before ${higher.metadata.name}`;
    // STS-11: it may go if it is itself the first unhealthy one.
    for (let ordinal = startOf(set); ordinal < startOf(set) + (set.spec?.replicas ?? 1); ordinal++)
      if (!mayBeAvailable(set, ordinal)) return `${name} goes while ${set.metadata.name}-${ordinal} is not available`;
    return undefined;
  }

  /** Wanted, and taken away to be made anew. */
  function replaced(set: StatefulSetObject, pod: PodObject): string | undefined {
    const name = pod.metadata.name;
    const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
    if (type === "OnDelete") return `${name} goes although the strategy is OnDelete`;
    const replicas = set.spec?.replicas ?? 1;
    const minReadySeconds = set.spec?.minReadySeconds ?? 0;
    if (ordinalOf(pod) - startOf(set) < (rollingUpdate?.partition ?? 0)) return `${name} goes, and it is below the partition`;
    if (markOf(pod) === markOf(set.spec?.template)) return `${name} goes, and it is up to date`;
    const missing: number[] = [];
    for (let ordinal = startOf(set); ordinal < startOf(set) + replicas; ordinal++)
      if (ordinal !== ordinalOf(pod) && !mayBeAvailable(set, ordinal)) missing.push(ordinal);
    const isMissingItself =
      !isAvailable(pod, minReadySeconds, nowMs()) ||
      !stayedAvailable(recordOf(pod) as ObjectRecord<PodObject>, minReadySeconds, nowMs() - stalenessMs, nowMs() - 1);
    if (rollingUpdate?.maxUnavailable === undefined) {
      const above = missing.filter((ordinal) => ordinal > ordinalOf(pod));
      if (above.length > 0) return `${name} goes before ${set.metadata.name}-${above[0]} is available`;
    } else {
      const allowed = Math.max(1, amountOf(rollingUpdate.maxUnavailable, replicas, Math.floor));
      if (!isMissingItself && missing.length + 1 > allowed)
        return `${name} goes, and ${missing.length} others are missing, ${allowed} may be in all`;
    }
    if (isOrdered(set) && rollingUpdate?.maxUnavailable === undefined && missing.length > 0 && !isMissingItself)
      return `${name} goes while ${set.metadata.name}-${missing[0]} is not available`;
    return undefined;
  }

  return {
    name: "a StatefulSet keeps its order",
    commit(commit) {
      const turn = commit.actor === component ? podTurn(commit) : undefined;
      if (!turn) return undefined;
      return "made" in turn ? created(turn.made) : deleted(turn.sentAway);
    },
  };
}

/** At rest: every ordinal is there and no other, each at the revision that the partition gives it, and the status says so. */
export function statefulSetComplete({ history, nowMs }: Scene): Checker {
  function unsettled(set: StatefulSetObject): string | undefined {
    const { spec, metadata } = set;
    const status = set.status ?? { replicas: 0 };
    const replicas = spec?.replicas ?? 1;
    const pods = history.list(Pod).filter((pod) => controllerUid(pod) === metadata.uid);
    const stray = pods.find((pod) => !isWanted(set, ordinalOf(pod)));
    if (stray) return `${stray.metadata.name} is not wanted`;
    if (pods.length !== replicas) return `there are ${pods.length} of ${replicas} Pods`;
    const waiting = pods.find((pod) => !isRunning(pod, spec?.minReadySeconds ?? 0, nowMs()));
    if (waiting) return `${waiting.metadata.name} is not available`;
    const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    const isOld = (pod: PodObject): boolean => markOf(pod) !== markOf(spec?.template);
    if (spec?.updateStrategy?.type !== "OnDelete") {
      const old = pods.find((pod) => isOld(pod) && ordinalOf(pod) - startOf(set) >= partition);
      if (old) return `${old.metadata.name} is not up to date`;
    }
    if (status.observedGeneration !== metadata.generation) return "the newest generation is not observed";
    const updated = pods.filter((pod) => !isOld(pod)).length;
    const said = [status.replicas, status.readyReplicas ?? 0, status.availableReplicas ?? 0, status.updatedReplicas ?? 0];
    const counted = [replicas, pods.filter(isReady).length, replicas, updated];
    if (String(said) !== String(counted)) return `the status says ${said}, a recount ${counted}`;
    const revisions = history.list(ControllerRevision).filter((each) => controllerUid(each) === metadata.uid);
    const newest = revisions.find(({ metadata: { name } }) => name === status.updateRevision);
    if (!newest) return `the update revision ${status.updateRevision} is not there`;
    if (markOf(newest.data?.spec?.template) !== markOf(spec?.template)) return "the update revision is not the template's";
    if (updated === replicas && spec?.updateStrategy?.type === "RollingUpdate" && status.currentRevision !== status.updateRevision)
      return "the update is over, and the current revision is another";
    const used = new Set([
      status.currentRevision,
      status.updateRevision,
      ...pods.map((pod) => pod.metadata.labels?.["controller-revision-hash"]),
    ]);
    const history_ = revisions.filter((each) => !used.has(each.metadata.name)).length;
    if (history_ > (spec?.revisionHistoryLimit ?? 10)) return `${history_} old revisions are kept, ${spec?.revisionHistoryLimit} may be`;
    return undefined;
  }
  return {
    name: "an ordered rollout completes",
    unsettled() {
      for (const set of history.list(StatefulSet)) {
        const why = unsettled(set);
        if (why) return `StatefulSet ${set.metadata.name}: ${why}`;
      }
      return undefined;
    },
  };
}

/** What every Pod of a set says of itself never changes while it is there. */
export function identities({ history }: Scene): Checker {
  return {
    name: "a StatefulSet's Pods are themselves",
    unsettled() {
      for (const pod of history.list(Pod).filter(isActive)) {
        const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
        if (owner?.kind !== "StatefulSet") continue;
        const name = pod.metadata.name;
        const { labels = {} } = pod.metadata;
        if (labels["statefulset.kubernetes.io/pod-name"] !== name || pod.spec?.hostname !== name)
          return `${name} does not bear its own name`;
        if (labels["apps.kubernetes.io/pod-index"] !== String(ordinalOf(pod))) return `${name} does not bear its own number`;
      }
      return undefined;
    },
  };
}
