/**
 * What one pass does to a DaemonSet, as a pure function of what was seen. First every node gets what it should have; only
 * when there is nothing left to do, an update takes its next step.
 */
import type { DaemonSet, DaemonSetStatus, Node, Pod } from "../../api/types.ts";
import { isPodAvailable, isPodReady, isPodTerminal } from "../../machinery/pods.ts";
import { type Eligibility, eligibility, isUpToDate, nodeOf } from "./eligibility.ts";
import { type Bounds, boundsOf, rollingUpdate } from "./rolling-update.ts";
import { nextStatus } from "./status.ts";

export interface Observation {
  readonly daemonSet: DaemonSet;
  /** All that the DaemonSet controls. */
  readonly pods: readonly Pod[];
  /** In the order in which they are to be considered. */
  readonly nodes: readonly Node[];
  /** The hash of the template. */
  readonly hash: string;
  /** For how many more milliseconds a failed Pod of a node is to be left alone; 0: not at all. */
  backOffMs(nodeName: string): number;
  /** Everything that earlier passes asked for has been seen. */
  readonly mayAct: boolean;
}

/** A Pod that has ended and is to be replaced. */
export interface EndedPod {
  readonly pod: Pod;
  readonly nodeName: string;
}

export interface Plan {
  /** Names of nodes that get a Pod. */
  readonly creations: readonly string[];
  readonly deletions: readonly Pod[];
  /** Those among the deletions of which people should hear. */
  readonly failed: readonly EndedPod[];
  readonly succeeded: readonly EndedPod[];
  readonly status: DaemonSetStatus;
  /** Look again after this many milliseconds: a failed Pod may be replaced then. */
  readonly retryAfterMs: number | undefined;
}

/** One node and the Pods that are on it or meant for it, the oldest first. */
interface Place extends Eligibility {
  readonly name: string;
  readonly known: boolean;
  readonly pods: readonly Pod[];
}

interface Draft {
  readonly creations: string[];
  readonly deletions: Pod[];
  readonly failed: EndedPod[];
  readonly succeeded: EndedPod[];
  retryAfterMs: number | undefined;
}

export function decide(seen: Observation, nowMs: number): Plan {
  const { daemonSet, hash, mayAct } = seen;
  const isAvailable = (pod: Pod): boolean => isPodAvailable(pod, daemonSet.spec?.minReadySeconds ?? 0, nowMs);
  const isNew = (pod: Pod): boolean => isUpToDate(pod, daemonSet, hash);
  const places = placesOf(seen);
  const nodes = places.filter(({ known }) => known);
  const status = nextStatus({ daemonSet, nodes, acted: mayAct, isAvailable, isUpToDate: isNew });
  const draft: Draft = { creations: [], deletions: [], failed: [], succeeded: [], retryAfterMs: undefined };
  if (!mayAct) return { ...draft, status };

  const bounds = boundsOf(daemonSet, nodes.filter(({ shouldRun }) => shouldRun).length);
  for (const place of places) fill(place, seen, bounds, isAvailable, draft);
  const settled = draft.creations.length === 0 && draft.deletions.length === 0;
  if (settled && daemonSet.spec?.updateStrategy?.type === "RollingUpdate") {
    const inUpdate = nodes
      .filter(({ shouldRun, pods }) => shouldRun || pods.length > 0)
      .toSorted(bySeniority)
      .map(({ name, shouldRun, pods }) => {
        const staying = pods.filter((pod) => !isLeaving(pod));
        return { name, shouldRun, newPods: staying.filter(isNew), oldPods: staying.filter((pod) => !isNew(pod)) };
      });
    const step = rollingUpdate(inUpdate, bounds, isAvailable);
    draft.creations.push(...step.surging);
    draft.deletions.push(...step.leaving);
  }
  return { ...draft, status };
}

const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** A Pod that has ended and is being deleted is as good as gone. */
function placesOf({ daemonSet, pods, nodes }: Observation): Place[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = nodeOf(pod);
    if (name === undefined || (isPodTerminal(pod) && isLeaving(pod))) continue;
    const there = byNode.get(name);
    if (there) there.push(pod);
    else byNode.set(name, [pod]);
  }
  for (const there of byNode.values()) there.sort(byAge);
  const judge = eligibility(daemonSet);
  const known = nodes.map((node) => {
    const name = node.metadata.name as string;
    const there = byNode.get(name) ?? [];
    byNode.delete(name);
    return { name, known: true, pods: there, ...judge(node) };
  });
  const gone = [...byNode].map(([name, there]) => ({ name, known: false, pods: there, shouldRun: false, mayStay: false }));
  return [...known, ...gone];
}

/** DS-5: scheduled ones first, then the older one. */
function byAge(a: Pod, b: Pod): number {
  const scheduled = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (scheduled !== 0) return scheduled;
  const [timeA, timeB] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return (a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1;
}

/** An update begins where the oldest Pods are: what is outdated for longest goes first. Places come by name, and the sort is stable. */
function bySeniority(a: Place, b: Place): number {
  const [timeA, timeB] = [a, b].map(({ pods }) => pods[0]?.metadata.creationTimestamp ?? "") as [string, string];
  if (timeA === timeB) return 0;
  return timeA < timeB ? -1 : 1;
}

/** What one node lacks, and what it has too much of. */
function fill(place: Place, seen: Observation, bounds: Bounds, isAvailable: (pod: Pod) => boolean, draft: Draft): void {
  const { name, known, pods } = place;
  if (!known) {
    // A node that is gone takes its own Pods along; one that was never bound has nobody else to remove it.
    draft.deletions.push(...pods.filter((pod) => !pod.spec?.nodeName && !isLeaving(pod)));
    return;
  }
  if (!place.mayStay) {
    draft.deletions.push(...pods.filter((pod) => !isLeaving(pod)));
    return;
  }
  if (pods.length === 0) {
    if (place.shouldRun) draft.creations.push(name);
    return;
  }
  const running = pods.filter((pod) => !isLeaving(pod) && !endsHere(pod, name, seen, draft));
  if (bounds.maxSurge === 0) {
    draft.deletions.push(...running.slice(1));
    return;
  }
  if (running.length === 0) {
    if (place.shouldRun) draft.creations.push(name);
    return;
  }
  draft.deletions.push(...surplus(running, (pod) => isUpToDate(pod, seen.daemonSet, seen.hash), isAvailable));
}

/** Whether a Pod has ended. It is replaced; where Pods fail one after another, ever more slowly. */
function endsHere(pod: Pod, nodeName: string, { backOffMs }: Observation, draft: Draft): boolean {
  if (!isPodTerminal(pod)) return false;
  const ended = { pod, nodeName };
  if (pod.status?.phase === "Succeeded") {
    draft.succeeded.push(ended);
    draft.deletions.push(pod);
    return true;
  }
  const waitMs = backOffMs(nodeName);
  if (waitMs > 0) draft.retryAfterMs = Math.min(waitMs, draft.retryAfterMs ?? waitMs);
  else {
    draft.failed.push(ended);
    draft.deletions.push(pod);
  }
  return true;
}

/** DS-8: beside each other stand at most the oldest new Pod, not yet available, and the oldest old one, still ready. */
function surplus(running: readonly Pod[], isNew: (pod: Pod) => boolean, isAvailable: (pod: Pod) => boolean): Pod[] {
  const [newPod, ...furtherNew] = running.filter(isNew);
  const [oldPod, ...furtherOld] = running.filter((pod) => !isNew(pod));
  const over = [...furtherNew, ...furtherOld];
  if (newPod && oldPod && (!isPodReady(oldPod) || isAvailable(newPod))) over.push(oldPod);
  return over;
}
