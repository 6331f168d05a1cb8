/**
 * Which Pods of a RollingUpdate go now, and which nodes get a second Pod now (DS-6 … DS-9). Only nodes that are to run a Pod, or
 * still do, are counted. Ten nodes, all of them with an available old Pod:
 *
 *     maxUnavailable 3           3 old Pods go; the nodes that are without are filled in the next pass
 *     2 of the old unavailable   these 2 go, and 1 available one
 *     maxSurge 3                 3 nodes get a new Pod beside the old one, which goes when the new one is available
 */
import type { DaemonSet, Pod } from "../../api/types.ts";
import { resolveIntOrPercent } from "../../machinery/int-or-string.ts";

/** A node as far as an update is concerned: the Pods that are not being deleted. */
export interface NodeInUpdate {
  readonly name: string;
  readonly shouldRun: boolean;
  readonly newPods: readonly Pod[];
  readonly oldPods: readonly Pod[];
}

export interface RollingUpdatePlan {
  readonly leaving: readonly Pod[];
  /** Names of nodes that get a new Pod beside the old one. */
  readonly surging: readonly string[];
}

export interface Bounds {
  readonly maxUnavailable: number;
  readonly maxSurge: number;
}

/** DS-6: both round up; where both come to 0, one Pod may be missing, or nothing would ever move. */
export function boundsOf(daemonSet: DaemonSet, desired: number): Bounds {
  const { type, rollingUpdate } = daemonSet.spec?.updateStrategy ?? {};
  if (type !== "RollingUpdate") return { maxUnavailable: 0, maxSurge: 0 };
  const maxUnavailable = resolveIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, desired, "up");
  const maxSurge = resolveIntOrPercent(rollingUpdate?.maxSurge, desired, "up");
  return { maxUnavailable: desired > 0 && maxUnavailable === 0 && maxSurge === 0 ? 1 : maxUnavailable, maxSurge };
}

/** One step. `nodes` are those that are to run a Pod and those that have one. */
export function rollingUpdate(nodes: readonly NodeInUpdate[], bounds: Bounds, isAvailable: (pod: Pod) => boolean): RollingUpdatePlan {
  return bounds.maxSurge === 0
    ? { leaving: replaced(nodes, bounds.maxUnavailable, isAvailable), surging: [] }
    : surged(nodes, bounds.maxSurge, isAvailable);
}

/** A node with several old or several new Pods is in a state that the next pass clears up. */
const isMuddled = ({ newPods, oldPods }: NodeInUpdate): boolean => newPods.length > 1 || oldPods.length > 1;

/** DS-7. */
function replaced(nodes: readonly NodeInUpdate[], maxUnavailable: number, isAvailable: (pod: Pod) => boolean): Pod[] {
  let unavailable = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const node of nodes) {
    const [newPod] = node.newPods;
    const [oldPod] = node.oldPods;
    if (isMuddled(node) || (newPod === undefined) === (oldPod === undefined)) unavailable++;
    else if (newPod) unavailable += isAvailable(newPod) ? 0 : 1;
    else if (oldPod && isAvailable(oldPod)) candidates.push(oldPod);
    else if (oldPod) {
      unavailable++;
      broken.push(oldPod);
    }
  }
  return [...broken, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))];
}

/** DS-8. A node that no longer qualifies keeps its available Pod until there are enough elsewhere. */
function surged(nodes: readonly NodeInUpdate[], maxSurge: number, isAvailable: (pod: Pod) => boolean): RollingUpdatePlan {
  let surging = 0;
  let available = 0;
  const leaving: Pod[] = [];
  const sunset: Pod[] = [];
  const broken: string[] = [];
  const candidates: string[] = [];
  for (const node of nodes) {
    if (isMuddled(node)) {
      surging++;
      continue;
    }
    const [newPod] = node.newPods;
    const [oldPod] = node.oldPods;
    const counted = oldPod ?? newPod;
    if (counted && isAvailable(counted)) available++;
    if (!oldPod) continue;
    if (newPod) {
      if (isAvailable(newPod)) leaving.push(oldPod);
      else surging++;
    } else if (isAvailable(oldPod)) {
      if (node.shouldRun) candidates.push(node.name);
      else sunset.push(oldPod);
    } else if (node.shouldRun) broken.push(node.name);
    else leaving.push(oldPod);
  }
  const desired = nodes.filter(({ shouldRun }) => shouldRun).length;
  return {
    leaving: [...leaving, ...sunset.slice(0, Math.max(0, available - desired))],
    surging: [...broken, ...candidates.slice(0, Math.max(0, maxSurge - surging))],
  };
}
