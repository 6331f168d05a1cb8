/**
 * Removes Pods that nobody else will: those on nodes that are gone, those that are being deleted without ever having
 * had a node, and the oldest of too many that have ended.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Pod as PodObject } from "../../api/types.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";

/** More ended Pods than this are not kept. */
const terminatedPodsMax = 12_500;
/** A node that vanishes may only have been registered anew: so long its Pods are left alone. */
const quarantineMs = 40_000;
const everything: ObjectKey = { name: "all" };

/** The Pod garbage collector. It has one key: all Pods. */
export function podGcController(deps: ControllerDeps): Controller {
  const goneSince = new Map<string, number>();
  return controller("pod-garbage-collector", deps, { workers: 1 })
    .watches(Node, (change, enqueue) => {
      if (change.type === "deleted") enqueue(everything);
    })
    .watches(Pod, (change, enqueue) => {
      const pod = change.object;
      const isStray = pod.spec?.nodeName !== undefined && deps.informers.of(Node).lister.get({ name: pod.spec.nodeName }) === undefined;
      const isUnscheduled = pod.metadata.deletionTimestamp !== undefined && !pod.spec?.nodeName;
      if (change.type !== "deleted" && (isStray || isUnscheduled || (change.type === "updated" && isPodTerminal(pod))))
        enqueue.after(everything, 1000);
    })
    .with(() => reconcile(deps, goneSince));
}

async function reconcile(deps: ControllerDeps, goneSince: Map<string, number>): Promise<Outcome> {
  const now = deps.world.clock.now();
  const nodes = deps.informers.of(Node).lister;
  const pods = deps.informers.of(Pod).lister.list();
  const strays = pods.filter((pod) => pod.spec?.nodeName && !nodes.get({ name: pod.spec.nodeName }));
  const missing = new Set(strays.map((pod) => pod.spec?.nodeName as string));
  for (const name of goneSince.keys()) if (!missing.has(name)) goneSince.delete(name);
  for (const name of missing) if (!goneSince.has(name)) goneSince.set(name, now);
  for (const pod of strays) {
    if (now - (goneSince.get(pod.spec?.nodeName as string) as number) < quarantineMs) continue;
    if (!isPodTerminal(pod)) await fail(pod, deps);
    await remove(pod, deps);
  }
  for (const pod of pods) if (pod.metadata.deletionTimestamp && !pod.spec?.nodeName) await remove(pod, deps);
  const ended = pods.filter(isPodTerminal);
  const excess = ended.length - terminatedPodsMax;
  if (excess > 0) {
    const age = (pod: PodObject): string => pod.metadata.creationTimestamp ?? "";
    const oldest = [...ended].sort((a, b) => (age(a) < age(b) ? -1 : 1)).slice(0, excess);
    for (const pod of oldest) await remove(pod, deps);
  }
  return missing.size > 0 ? requeueAfter(quarantineMs, "nodes are missing") : done;
}

async function fail(pod: PodObject, { client }: ControllerDeps): Promise<void> {
  const status = {
    phase: "Failed",
    conditions: [{ type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message: "PodGC: node no longer exists" }],
  };
  await client.patch(Pod, keyOf(pod), "strategic", { status }, { subresource: "status" }).catch(unlessGone);
}

async function remove(pod: PodObject, { client }: ControllerDeps): Promise<void> {
  await client.delete(Pod, keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid as string } }).catch(unlessGone);
}

function unlessGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}
