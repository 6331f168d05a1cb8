/**
 * Watches over nodes: one that falls silent is marked Unknown and tainted, its Pods are no longer ready, and those that
 * do not tolerate it are deleted when their time is up. The Pods of a node that is gone are removed by pod-gc.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { Lease } from "../../api/kinds/lease/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Node as NodeObject, Pod as PodObject, Taint } from "../../api/types.ts";
import { formatTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { evictionMs, lastHeardMs, nodeMonitorGraceMs, silentConditions, wantedTaints } from "./decide.ts";

const leaseNamespace = "kube-node-lease";
const byNode = "byNode";

/** The node lifecycle controller. Keys are nodes. */
export function nodeLifecycleController(deps: ControllerDeps): Controller {
  const seen = new TaintTimes();
  deps.informers.of(Pod).addIndex(byNode, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  return controller("node-lifecycle", deps)
    .reconciles(Node)
    .watches(Pod, (change, enqueue) => {
      // Only a Pod that arrives on a node may have to leave it; everything else follows from the node itself.
      const { nodeName } = change.object.spec ?? {};
      if (nodeName && change.type !== "deleted" && (change.type === "added" || change.old.spec?.nodeName !== nodeName))
        enqueue({ name: nodeName });
    })
    .reads(Lease)
    .with((key) => reconcile(key, deps, seen));
}

/** Since when this controller has known each taint of each node: people set taints without saying when. */
class TaintTimes {
  readonly #nodes = new Map<string, Map<string, number>>();

  /** Takes note of a node's taints as they are now; answers with the time of each. */
  note(node: string, taints: readonly Taint[], now: number): (taint: Taint) => number {
    const id = ({ key, value, effect }: Taint): string => `${key}=${value ?? ""}:${effect}`;
    const before = this.#nodes.get(node);
    const times = new Map(taints.map((taint) => [id(taint), before?.get(id(taint)) ?? now]));
    if (times.size > 0) this.#nodes.set(node, times);
    else this.#nodes.delete(node);
    return (taint) => times.get(id(taint)) ?? now;
  }
}

async function reconcile(key: ObjectKey, deps: ControllerDeps, seen: TaintTimes): Promise<Outcome> {
  const { client, informers, world } = deps;
  const cached = informers.of(Node).lister.get(key);
  if (!cached || cached.metadata.deletionTimestamp) {
    seen.note(key.name, [], 0);
    return done;
  }
  const now = world.clock.now();
  let node = cached;
  const silentFor = now - lastHeardMs(node, informers.of(Lease).lister.get({ namespace: leaseNamespace, name: key.name }));
  try {
    if (silentFor > nodeMonitorGraceMs) {
      const conditions = silentConditions(node, now);
      if (conditions) {
        node = await client.update(Node, { ...node, status: { ...node.status, conditions } }, { subresource: "status" });
        deps.recorderFor("node-controller").event(node, "Normal", "NodeNotReady", `Node ${key.name} status is now: NodeNotReady`);
      }
    }
    const taints = wantedTaints(node, now);
    if (taints) node = await client.update(Node, { ...node, spec: { ...node.spec, taints } });
  } catch (error) {
    if (isNotFound(error)) return done;
    throw error;
  }
  const dueMs = await leave(node, deps, seen);
  const checkMs = silentFor > nodeMonitorGraceMs ? nodeMonitorGraceMs : nodeMonitorGraceMs - silentFor + 1;
  return requeueAfter(
    dueMs === undefined ? checkMs : Math.min(checkMs, Math.max(1, dueMs - now)),
    "the node may fall silent, or Pods must leave it",
  );
}

/** Deletes the Pods whose time on the node is up; answers with when the next one's is. */
async function leave(node: NodeObject, deps: ControllerDeps, seen: TaintTimes): Promise<number | undefined> {
  const now = deps.world.clock.now();
  const taints = node.spec?.taints ?? [];
  const sinceOf = seen.note(node.metadata.name as string, taints, now);
  const isReady = findCondition(node.status?.conditions, "Ready")?.status === "True";
  let next: number | undefined;
  if (isReady && taints.length === 0) return next;
  for (const pod of deps.informers.of(Pod).lister.byIndex(byNode, node.metadata.name as string)) {
    if (isPodTerminal(pod)) continue;
    if (!isReady) await markNotReady(pod, deps);
    if (pod.metadata.deletionTimestamp) continue;
    const dueMs = evictionMs(pod, taints, now, sinceOf);
    if (dueMs === undefined) continue;
    if (dueMs > now) {
      next = next === undefined ? dueMs : Math.min(next, dueMs);
      continue;
    }
    deps
      .recorderFor("taint-eviction-controller")
      .event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`);
    await markDisrupted(pod, deps);
    await deps.client.delete(Pod, keyOf(pod), { preconditions: { uid: pod.metadata.uid as string } }).catch(unlessGone);
  }
  return next;
}

/** Says on the Pod why it ends: a Job that overlooks disruptions does not count it as a failure. */
async function markDisrupted(pod: PodObject, { client, world }: ControllerDeps): Promise<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: formatTime(world.clock.now()),
  };
  await client.patch(Pod, keyOf(pod), "strategic", { status: { conditions: [condition] } }, { subresource: "status" }).catch(unlessGone);
}

/** Nobody can say that a Pod on a silent node is ready. */
async function markNotReady(pod: PodObject, { client, world }: ControllerDeps): Promise<void> {
  if (findCondition(pod.status?.conditions, "Ready")?.status !== "True") return;
  const condition = { type: "Ready", status: "False", lastTransitionTime: formatTime(world.clock.now()) };
  await client.patch(Pod, keyOf(pod), "strategic", { status: { conditions: [condition] } }, { subresource: "status" }).catch(unlessGone);
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}
