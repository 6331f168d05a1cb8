/**
 * What a DaemonSet promises: a Pod on every node that fits and on no other, one at a time or two where the update surges (DS-1,
 * DS-8); an update takes no available Pod where more nodes than allowed would be without (DS-7); with OnDelete nobody takes anything.
 */
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { DaemonSet as DaemonSetObject, Node as NodeObject, Pod as PodObject, Taint } from "../../api/types.ts";
import { between, type ObjectRecord } from "../history.ts";
import type { Checker, Scene } from "./checker.ts";
import {
  amountOf,
  controllerUid,
  isActive,
  isAvailable,
  isEnded,
  isLeaving,
  isReady,
  markOf,
  stayedAvailable,
  wasAvailable,
  podTurn,
} from "./pod-states.ts";

const component = "daemonset-controller";

/** The node that a Pod runs on or is meant for. */
const nodeOf = ({ spec }: PodObject): string =>
  spec?.nodeName ??
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ??
  "";

/** DS-3, as far as the worlds of this simulation have such taints. */
const tolerated: Readonly<Record<string, RegExp>> = {
  NoExecute: /^node\.kubernetes\.io\/(not-ready|unreachable)$/,
  NoSchedule: /^node\.kubernetes\.io\/(unschedulable|(disk|memory|pid)-pressure)$/,
};
const matches = ({ spec }: DaemonSetObject, node: NodeObject): boolean =>
  Object.entries(spec?.template.spec?.nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value);
const isTolerated = ({ spec }: DaemonSetObject, { key, effect }: Taint): boolean =>
  tolerated[effect]?.test(key ?? "") || (spec?.template.spec?.tolerations ?? []).some((each) => each.key === key);
const repels = (daemonSet: DaemonSetObject, node: NodeObject, effects: readonly string[]): boolean =>
  (node.spec?.taints ?? []).some((taint) => effects.includes(taint.effect) && !isTolerated(daemonSet, taint));
/** A Pod is to be made there. */
const fits = (daemonSet: DaemonSetObject, node: NodeObject): boolean =>
  matches(daemonSet, node) && !repels(daemonSet, node, ["NoSchedule", "NoExecute"]);
/** A Pod that is there may stay. */
const mayStay = (daemonSet: DaemonSetObject, node: NodeObject): boolean =>
  matches(daemonSet, node) && !repels(daemonSet, node, ["NoExecute"]);

/** DS-6: both round up. */
function boundsOf({ spec }: DaemonSetObject, desired: number) {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type !== "RollingUpdate") return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = amountOf(rollingUpdate?.maxSurge, desired, Math.ceil);
  const maxUnavailable = amountOf(rollingUpdate?.maxUnavailable ?? 1, desired, Math.ceil);
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

/** One Pod a node, and an update within its bounds. */
export function daemons(scene: Scene): Checker {
  const { history, nowMs, stalenessMs } = scene;
  const window = (): [number, number] => [nowMs() - stalenessMs, nowMs()];
  function asked(pod: PodObject): DaemonSetObject[] {
    const uid = controllerUid(pod);
    const record = history.records(DaemonSet).find((each) => each.uid === uid);
    return record ? [...between(record, ...window())].flatMap(({ object }) => (object ? [object] : [])) : [];
  }
  const nodesSeen = (name: string): NodeObject[] =>
    history
      .records(Node)
      .filter((each) => each.key === name)
      .flatMap((record) => [...between(record, ...window())].flatMap(({ object }) => (object ? [object] : [])));
  const podsOf = (uid: string | undefined): ObjectRecord<PodObject>[] =>
    history.records(Pod).filter(({ versions }) => {
      const last = versions.findLast(({ object }) => object)?.object;
      return last !== undefined && controllerUid(last) === uid;
    });

  function created(pod: PodObject): string | undefined {
    const sets = asked(pod);
    const node = nodeOf(pod);
    const name = pod.metadata.name;
    if (sets.length === 0) return `${name} is made for a DaemonSet that is not there`;
    if (!sets.some((set) => nodesSeen(node).some((each) => fits(set, each)))) return `${name} is made for ${node}, which does not fit`;
    // One that was nobody's a moment ago, and was about to go, may have been seen as not worth adopting.
    const wasOurs = (record: ObjectRecord<PodObject>): boolean =>
      [...between(record, ...window())].every(({ object }) => object && controllerUid(object) === controllerUid(pod));
    const others = history
      .records(Pod)
      .filter((record) => record.uid !== pod.metadata.uid && record.versions.at(-1)?.object !== undefined && wasOurs(record))
      .map(({ versions }) => versions.at(-1)?.object as PodObject)
      .filter((other) => nodeOf(other) === node && !isEnded(other));
    const surges = sets.some((set) => boundsOf(set, 100).maxSurge > 0);
    // Beside a Pod that leaves, another one may come where the update surges; else the node has to be free.
    const present = surges ? others.filter((other) => !isLeaving(other)) : others;
    const allowed = (surges ? 1 : 0) + scene.unanswered("create", "Pod");
    return present.length > allowed ? `${node} gets ${name} beside ${present.map((other) => other.metadata.name)}` : undefined;
  }

  function deleted(pod: PodObject): string | undefined {
    const sets = asked(pod);
    if (sets.length === 0 || isEnded(pod)) return undefined;
    const reasons = sets.map((set) => replaced(set, pod));
    return reasons.includes(undefined) ? undefined : reasons[0];
  }

  function replaced(set: DaemonSetObject, pod: PodObject): string | undefined {
    const node = nodeOf(pod);
    const seen = nodesSeen(node);
    if (seen.length === 0 || !history.get(Node, { name: node })) return undefined;
    // A Pod whose node no longer fits may stay, and may go first.
    if (seen.some((each) => !fits(set, each))) return undefined;
    const minReadySeconds = set.spec?.minReadySeconds ?? 0;
    const records = podsOf(set.metadata.uid);
    const beside = records.filter((each) => {
      const object = each.versions.findLast((version) => version.object)?.object as PodObject;
      return (
        each.uid !== pod.metadata.uid &&
        nodeOf(object) === node &&
        [...between(each, ...window())].some((span) => span.object && isActive(span.object))
      );
    });
    if (beside.length > 0) {
      // Two on a node: one of them is too many, unless the update surges and the new one is not available yet.
      const isNew = markOf(pod) === markOf(set.spec?.template);
      const leaving = records.find(({ uid }) => uid === pod.metadata.uid) as ObjectRecord<PodObject>;
      const surges = boundsOf(set, 100).maxSurge > 0;
      const isNeeded =
        surges && !isNew && stayedAvailable({ ...leaving, versions: leaving.versions.slice(0, -1) }, minReadySeconds, ...window());
      if (!isNeeded || beside.some((each) => wasAvailable(each, minReadySeconds, ...window()))) return undefined;
      if (beside.some((each) => each.versions.some(({ object }) => object && markOf(object) !== markOf(set.spec?.template))))
        return undefined;
      return `${pod.metadata.name} goes before the new Pod of ${node} is available`;
    }
    if (set.spec?.updateStrategy?.type === "OnDelete") return `${pod.metadata.name} goes although the strategy is OnDelete`;
    if (markOf(pod) === markOf(set.spec?.template)) return `${pod.metadata.name} goes, and it is up to date`;
    const leaving = records.find(({ uid }) => uid === pod.metadata.uid) as ObjectRecord<PodObject>;
    if (!stayedAvailable({ ...leaving, versions: leaving.versions.slice(0, -1) }, minReadySeconds, ...window())) return undefined;
    // A node that came or went within the window may have counted or not.
    const names = new Set(history.records(Node).map(({ key }) => key));
    const desired = [...names].filter((name) => nodesSeen(name).some((each) => fits(set, each)));
    const { maxSurge, maxUnavailable } = boundsOf(set, desired.length);
    const isKnown = (name: string): boolean => {
      const record = history.record(Node, { name });
      return record !== undefined && (record.versions[0]?.atMs ?? 0) <= window()[0];
    };
    const certain = desired.filter((name) => isKnown(name) && nodesSeen(name).every((each) => fits(set, each)));
    const missing = certain.filter(
      (name) =>
        name === node ||
        !records.some((each) => {
          const object = each.versions.findLast((version) => version.object)?.object as PodObject;
          return each.uid !== pod.metadata.uid && nodeOf(object) === name && wasAvailable(each, minReadySeconds, ...window());
        }),
    );
    if (maxSurge > 0) return `${pod.metadata.name} goes, and nothing has come to ${node} yet`;
    return missing.length > maxUnavailable
      ? `${pod.metadata.name} goes, and ${missing.length} nodes are without, ${maxUnavailable} may be`
      : undefined;
  }

  return {
    name: "a DaemonSet keeps its nodes served",
    commit(commit) {
      const turn = commit.actor === component ? podTurn(commit) : undefined;
      if (!turn) return undefined;
      return "made" in turn ? created(turn.made) : deleted(turn.sentAway);
    },
  };
}

/** At rest: every node that fits has one Pod, of the newest template where updates roll, and the status says so. */
export function daemonSetComplete({ history, nowMs }: Scene): Checker {
  function unsettled(set: DaemonSetObject): string | undefined {
    const { spec, metadata, status } = set;
    const pods = history.list(Pod).filter((pod) => controllerUid(pod) === metadata.uid);
    const nodes = history.list(Node);
    const desired = nodes.filter((node) => fits(set, node));
    for (const node of nodes) {
      const name = node.metadata.name as string;
      const there = pods.filter((pod) => nodeOf(pod) === name);
      if (!fits(set, node)) {
        if (there.length > 0 && !mayStay(set, node)) return `${name} does not fit and has a Pod`;
        continue;
      }
      if (there.length !== 1) return `${name} has ${there.length} Pods`;
      const [pod] = there as [PodObject];
      if (!isAvailable(pod, spec?.minReadySeconds ?? 0, nowMs())) return `${pod.metadata.name} on ${name} is not available`;
      if (spec?.updateStrategy?.type !== "OnDelete" && markOf(pod) !== markOf(spec?.template))
        return `${pod.metadata.name} is not up to date`;
    }
    if (pods.some((pod) => !nodes.some((node) => node.metadata.name === nodeOf(pod)))) return "a Pod is on a node that is gone";
    if (status?.observedGeneration !== metadata.generation) return "the newest generation is not observed";
    const served = pods.filter((pod) => desired.some((node) => node.metadata.name === nodeOf(pod)));
    const counted = [
      desired.length,
      served.length,
      served.filter(isReady).length,
      served.length,
      served.filter((pod) => markOf(pod) === markOf(spec?.template)).length,
      pods.length - served.length,
      0,
    ];
    const said = [
      status?.desiredNumberScheduled,
      status?.currentNumberScheduled,
      status?.numberReady,
      status?.numberAvailable ?? 0,
      status?.updatedNumberScheduled ?? 0,
      status?.numberMisscheduled,
      status?.numberUnavailable ?? 0,
    ];
    if (String(said) !== String(counted)) return `the status says ${said}, a recount ${counted}`;
    const hashes = new Set(pods.map((pod) => pod.metadata.labels?.["controller-revision-hash"]));
    const revisions = history.list(ControllerRevision).filter((each) => controllerUid(each) === metadata.uid);
    const newest = revisions.find(({ data }) => markOf(data?.spec?.template) === markOf(spec?.template));
    if (!newest) return "its template has no revision";
    if (revisions.some((each) => each !== newest && each.revision >= newest.revision)) return "an old revision has the highest number";
    const idle = revisions.filter((each) => each !== newest && !hashes.has(each.metadata.labels?.["controller-revision-hash"]));
    if (idle.length > (spec?.revisionHistoryLimit ?? 10))
      return `${idle.length} old revisions are kept, ${spec?.revisionHistoryLimit} may be`;
    return undefined;
  }
  return {
    name: "a rollout over nodes completes",
    unsettled() {
      for (const set of history.list(DaemonSet)) {
        const why = unsettled(set);
        if (why) return `DaemonSet ${set.metadata.name}: ${why}`;
      }
      return undefined;
    },
  };
}
