/**
 * What a Deployment's strategy promises. RollingUpdate: its controller never asks for more Pods than replicas and surge
 * together (DEP-43), and no available Pod is taken away where fewer than allowed would be left (DEP-44, DEP-46). Recreate: no new Pod
 * stands beside an old one (DEP-76).
 *
 * What is unavailable by a fault is not charged to the controllers, but a fault gives no leave to take more.
 */
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import type { Deployment as DeploymentObject, Pod as PodObject, ReplicaSet as ReplicaSetObject } from "../../api/types.ts";
import { between, type ObjectRecord } from "../history.ts";
import type { Checker, Scene } from "./checker.ts";
import { amountOf, controllerUid, isActive, isAvailable, isEnded, markOf, stayedAvailable, wasAvailable } from "./pod-states.ts";

interface Bounds {
  readonly replicas: number;
  readonly isRolling: boolean;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly minReadySeconds: number;
}

/** DEP-41. */
export function boundsOf({ spec }: DeploymentObject): Bounds {
  const replicas = spec?.replicas ?? 1;
  const isRolling = spec?.strategy?.type !== "Recreate";
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec?.strategy?.rollingUpdate ?? {};
  const surge = isRolling ? amountOf(maxSurge, replicas, Math.ceil) : 0;
  const unavailable = isRolling ? amountOf(maxUnavailable, replicas, Math.floor) : replicas;
  return {
    replicas,
    isRolling,
    maxSurge: surge,
    maxUnavailable: Math.min(replicas, surge === 0 && unavailable === 0 ? 1 : unavailable),
    minReadySeconds: spec?.minReadySeconds ?? 0,
  };
}

/** All Deployments of a scene, and what was true of one within a window. */
function deploymentsOf({ history, nowMs }: Scene) {
  const ownerOf = (set: ReplicaSetObject): ObjectRecord<DeploymentObject> | undefined => {
    const uid = controllerUid(set);
    return history.records(Deployment).find((record) => record.uid === uid);
  };
  return {
    ownerOf,
    setOf: (pod: PodObject): ReplicaSetObject | undefined => {
      const uid = controllerUid(pod);
      return history.list(ReplicaSet).find(({ metadata }) => metadata.uid === uid);
    },
    /** What the Deployment asked for within the window; empty where it is gone. */
    asked: (record: ObjectRecord<DeploymentObject>, windowMs: number): DeploymentObject[] =>
      [...between(record, nowMs() - windowMs, nowMs())].flatMap(({ object }) => (object ? [object] : [])),
    setsOf: (uid: string): ObjectRecord<ReplicaSetObject>[] =>
      history
        .records(ReplicaSet)
        .filter(({ versions }) =>
          versions.some(({ object }) => object && controllerUid(object) === uid),
        ) as ObjectRecord<ReplicaSetObject>[],
  };
}

/** Never more Pods asked for than allowed. */
export function surgeBound(scene: Scene): Checker {
  const { nowMs, stalenessMs } = scene;
  const { ownerOf, asked, setsOf } = deploymentsOf(scene);
  return {
    name: "never more Pods than replicas and surge",
    commit({ actor, kind, before, after }) {
      if (actor !== "deployment-controller" || kind !== "ReplicaSet" || !after) return undefined;
      const set = after as ReplicaSetObject;
      const size = set.spec?.replicas ?? 0;
      if (size <= ((before as ReplicaSetObject | undefined)?.spec?.replicas ?? 0)) return undefined;
      const owner = ownerOf(set);
      const wanted = owner ? asked(owner, stalenessMs) : [];
      if (!owner || wanted.length === 0) return undefined;
      const allowed = Math.max(...wanted.map(boundsOf).map(({ replicas, maxSurge }) => replicas + maxSurge));
      let sum = size;
      for (const other of setsOf(owner.uid)) {
        if (other.uid === set.metadata.uid) continue;
        // The smallest size that the controller may have seen; a set that is younger than its picture is none.
        const spans = [...between(other, nowMs() - stalenessMs, nowMs())];
        const isYoung = (other.versions[0]?.atMs ?? 0) > nowMs() - stalenessMs;
        sum += isYoung ? 0 : Math.min(...spans.map(({ object }) => object?.spec?.replicas ?? 0));
      }
      return sum > allowed ? `${owner.key} asks for ${sum} Pods in all, ${allowed} are allowed` : undefined;
    },
  };
}

/** Never fewer available than allowed. */
export function availabilityBound(scene: Scene): Checker {
  const { history, nowMs, chainMs } = scene;
  const { ownerOf, setOf, asked } = deploymentsOf(scene);
  const misjudged: { readonly owner: string; readonly atMs: number }[] = [];
  return {
    name: "never fewer available Pods than allowed",
    commit({ actor, kind, before, after }) {
      const pod = before as PodObject | undefined;
      if (actor !== "replicaset-controller" || kind !== "Pod" || !pod || !isActive(pod)) return undefined;
      if (after && isActive(after as PodObject)) return undefined;
      const set = setOf(pod);
      const owner = set && ownerOf(set);
      const wanted = owner ? asked(owner, chainMs) : [];
      const bounds = wanted.map(boundsOf);
      if (!owner || !set || bounds.length === 0 || wanted.some(({ metadata }) => metadata.deletionTimestamp !== undefined))
        return undefined;
      // Another size is shared out among the sets without a look at what is available, and a smaller surge while paused is (DEP-63, DEP-112).
      if (wanted.some(({ spec }) => spec?.paused)) return undefined;
      if (bounds.some(({ isRolling, replicas }) => !isRolling || replicas !== bounds[0]?.replicas)) return undefined;
      const minReadySeconds = Math.max(...bounds.map((each) => each.minReadySeconds));
      const minimum = Math.min(...bounds.map(({ replicas, maxUnavailable }) => replicas - maxUnavailable));
      const [from, to] = [nowMs() - chainMs, nowMs()];
      const records = history.records(Pod).filter(({ versions }) => {
        const last = versions.findLast(({ object }) => object)?.object;
        const owning = last && controllerUid(last);
        return owning !== undefined && history.records(ReplicaSet).some((one) => one.uid === owning && isSetOf(one, owner.uid));
      });
      const leaving = records.find(({ uid }) => uid === pod.metadata.uid);
      // The states before this commit are those that anybody could have seen.
      if (!leaving || !stayedAvailable(before_(leaving), minReadySeconds, from, to)) return undefined;
      // Ready for not quite long enough: which of two ready Pods of a set goes does not depend on that (RS-5).
      const isUndecided = ({ versions }: ObjectRecord<PodObject>): boolean => {
        const last = versions.at(-1)?.object;
        return !!last && controllerUid(last) === set.metadata.uid && isAvailable(last, 0, to) && !isAvailable(last, minReadySeconds, to);
      };
      if (records.some(isUndecided)) {
        misjudged.push({ owner: owner.uid, atMs: to });
        return undefined;
      }
      // Such a one was spared in the place of an available Pod, which is missing until it is available itself.
      const sparedSinceMs = to - Math.max(chainMs, minReadySeconds * 1000);
      let available = misjudged.filter((each) => each.owner === owner.uid && each.atMs >= sparedSinceMs).length;
      for (const record of records) {
        if (record === leaving) continue;
        const last = record.versions.at(-1)?.object;
        const lost = record.versions.find(({ object }) => !object || !isActive(object));
        if (lost?.byController && lost.actor === "replicaset-controller") continue;
        if (last && isAvailable(last, minReadySeconds, to)) {
          available++;
          // One that was away a moment ago may have been taken for the one that goes.
          if (
            !stayedAvailable(record, minReadySeconds, from, to) &&
            (wasAvailableBefore(record, minReadySeconds, from) || !isNewest(last, wanted))
          )
            available++;
        } else if (wasAvailable(record, minReadySeconds, from, to)) available++;
      }
      return available < minimum
        ? `${pod.metadata.name} goes, and ${available} of ${owner.key}'s Pods are left available, ${minimum} must be`
        : undefined;
    },
  };
}

const isSetOf = (set: ObjectRecord<ReplicaSetObject>, uid: string): boolean =>
  set.versions.some(({ object }) => object && controllerUid(object) === uid);
const isNewest = (pod: PodObject, wanted: readonly DeploymentObject[]): boolean =>
  wanted.every(({ spec }) => markOf(pod) === markOf(spec?.template));
/** A record without its newest version. */
const before_ = (record: ObjectRecord<PodObject>): ObjectRecord<PodObject> => ({ ...record, versions: record.versions.slice(0, -1) });
const wasAvailableBefore = (record: ObjectRecord<PodObject>, minReadySeconds: number, untilMs: number): boolean =>
  record.versions.some(
    ({ atMs, object }, index) =>
      atMs < untilMs &&
      object !== undefined &&
      isAvailable(object, minReadySeconds, Math.min(untilMs, record.versions[index + 1]?.atMs ?? untilMs)),
  );

/** No new Pods are asked for while an old one is not gone. */
export function recreateBound(scene: Scene): Checker {
  const { history, nowMs, stalenessMs } = scene;
  const { ownerOf, asked } = deploymentsOf(scene);
  return {
    name: "Recreate: no new Pod beside an old one",
    commit({ actor, kind, before, after }) {
      if (actor !== "deployment-controller" || kind !== "ReplicaSet" || !after) return undefined;
      const set = after as ReplicaSetObject;
      // A set that has Pods already keeps its number, whatever strategy it was made under.
      if (!set.spec?.replicas || (before as ReplicaSetObject | undefined)?.spec?.replicas) return undefined;
      const owner = ownerOf(set);
      const wanted = owner ? asked(owner, stalenessMs) : [];
      if (!owner || wanted.length === 0 || wanted.map(boundsOf).some(({ isRolling }) => isRolling)) return undefined;
      // Paused, the strategy rests: where no set has a size, the new one gets it (DEP-61).
      if (wanted.some(({ spec }) => spec?.paused)) return undefined;
      const siblings = new Set(
        history
          .list(ReplicaSet)
          .filter((other) => controllerUid(other) === owner.uid && other.metadata.uid !== set.metadata.uid)
          .map(({ metadata }) => metadata.uid),
      );
      // A Pod that is younger than the controller's picture was made by a set that has yet to hear that it shrank.
      const old = history
        .records(Pod)
        .filter(({ versions }) => (versions[0]?.atMs ?? 0) < nowMs() - stalenessMs)
        .map(({ versions }) => versions.at(-1)?.object)
        .find((pod) => pod && !isEnded(pod) && siblings.has(controllerUid(pod)));
      return old ? `${set.metadata.name} is to have Pods while ${old.metadata.name} is still there` : undefined;
    },
  };
}

/** At rest: the newest template everywhere and alone, and a status that a recount confirms. */
export function deploymentComplete({ history, nowMs }: Scene): Checker {
  function unsettled(deployment: DeploymentObject): string | undefined {
    const { spec, status = {}, metadata } = deployment;
    const { replicas, minReadySeconds } = boundsOf(deployment);
    const sets = history.list(ReplicaSet).filter((set) => controllerUid(set) === metadata.uid);
    const newest = sets.find((set) => markOf(set.spec?.template) === markOf(spec?.template));
    if (!newest) return "its template has no ReplicaSet";
    const uids = new Set(sets.map((set) => set.metadata.uid));
    const pods = history.list(Pod).filter((pod) => uids.has(controllerUid(pod)));
    const updated = pods.filter((pod) => controllerUid(pod) === newest.metadata.uid && markOf(pod) === markOf(spec?.template));
    const available = updated.filter((pod) => isAvailable(pod, minReadySeconds, nowMs())).length;
    if (pods.filter((pod) => !isEnded(pod)).length !== replicas) return `there are ${pods.length} Pods for ${replicas} replicas`;
    if (available !== replicas) return `${available} of ${replicas} Pods are new and available`;
    if (status.observedGeneration !== metadata.generation) return "the newest generation is not observed";
    const said = [status.replicas, status.updatedReplicas, status.readyReplicas, status.availableReplicas].map((count) => count ?? 0);
    if (said.some((count) => count !== replicas)) return `the status says ${said}, and it is ${replicas}`;
    if ((status.unavailableReplicas ?? 0) !== 0) return `the status says that ${status.unavailableReplicas} are unavailable`;
    const condition = (type: string): string => {
      const found = status.conditions?.find((each) => each.type === type);
      return `${found?.status} ${found?.reason}`;
    };
    if (condition("Available") !== "True MinimumReplicasAvailable") return `Available is ${condition("Available")}`;
    if (!spec?.paused && condition("Progressing") !== "True NewReplicaSetAvailable") return `Progressing is ${condition("Progressing")}`;
    const old = sets.length - 1;
    if (old > (spec?.revisionHistoryLimit ?? 10)) return `${old} old ReplicaSets are kept, ${spec?.revisionHistoryLimit} may be`;
    const revision = (object: { readonly metadata: DeploymentObject["metadata"] }): number =>
      Number(object.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
    if (revision(deployment) !== revision(newest))
      return `its revision is ${revision(deployment)}, and its ReplicaSet's is ${revision(newest)}`;
    if (sets.some((set) => set !== newest && revision(set) >= revision(newest))) return "an old ReplicaSet has the highest revision";
    return undefined;
  }
  return {
    name: "a rollout completes",
    unsettled() {
      for (const deployment of history.list(Deployment)) {
        const why = unsettled(deployment);
        if (why) return `Deployment ${deployment.metadata.name}: ${why}`;
      }
      return undefined;
    },
  };
}
