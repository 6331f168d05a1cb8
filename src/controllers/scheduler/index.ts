/**
 * Binds Pods to nodes, the most important first. Decisions are made one at a time on a view kept up to date change by
 * change; bindings are written concurrently, and a Pod counts on its node from the decision on.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { Namespace } from "../../api/kinds/namespace/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { PersistentVolume } from "../../api/kinds/persistent-volume/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { StorageClass } from "../../api/kinds/storage-class/index.ts";
import { keyOf, keyText, parseKey } from "../../api/meta/object.ts";
import type { Node as NodeObject, Pod as PodObject } from "../../api/types.ts";
import type { Timer } from "../../base/clock.ts";
import { Heap } from "../../base/heap.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { findCondition } from "../../machinery/conditions.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { claimsOf } from "../../machinery/volume-binding.ts";
import type { Controller, ControllerDeps } from "../../client/controller.ts";
import { ClusterView, type NodeView, placedPod } from "./cluster-view.ts";
import { decide, type Decision, refusalSentence } from "./decide.ts";
import { preempt } from "./preempt.ts";
import { VolumesNotBound, volumeBinder } from "./volume-binder.ts";
import { type VolumeNeeds, type VolumePlan, volumeNeeds } from "./volume-needs.ts";

const schedulerName = "default-scheduler";
const component = "default-scheduler";
const backOffBaseMs = 1000;
const backOffMaxMs = 10_000;
/** A Pod that found no node is looked at again after this long even when nothing it waits for has changed. */
const retryMs = 300_000;
/** Decisions in one turn, so that everything else gets its share of time. */
const decisionsPerTurn = 100;

type Refused = Extract<Decision, { type: "refused" }>;

interface Waiting {
  readonly key: string;
  readonly uid: string;
  readonly priority: number;
  /** Since when it waits, then in which order it came. */
  readonly sinceMs: number;
  readonly sequence: number;
}

/** The default scheduler. */
export function scheduler(deps: ControllerDeps): Controller {
  const { client, informers, world } = deps;
  const { clock, random, log } = world;
  const recorder = deps.recorderFor(component);
  const pods = informers.of(Pod);
  const nodes = informers.of(Node);
  const namespaces = informers.of(Namespace);
  const claims = informers.of(PersistentVolumeClaim);
  const volumes = informers.of(PersistentVolume);
  const storageClasses = informers.of(StorageClass);
  const cluster = new ClusterView();
  const binder = volumeBinder(deps);
  /** Pods to decide on now. An entry counts only while `queued` holds it. */
  const active = new Heap<Waiting>(
    (a, b) =>
      a.priority > b.priority ||
      (a.priority === b.priority && (a.sinceMs < b.sinceMs || (a.sinceMs === b.sinceMs && a.sequence < b.sequence))),
  );
  const queued = new Map<string, Waiting>();
  /** Pods that found no node, by uid, with the timer that ends their wait. */
  const parked = new Map<string, { readonly pod: PodObject; readonly sinceMs: number; dueMs: number; timer: Timer }>();
  const attempts = new Map<string, number>();
  /** Pods decided on whose binding is not yet seen, by uid. */
  const assumed = new Set<string>();
  /** Pods for which others had to give way, by uid, with the node that was cleared for them. */
  const nominated = new Map<string, { readonly pod: PodObject; readonly nodeName: string }>();
  let sequence = 0;
  let startAt = 0;
  let turn: Timer | undefined;
  let state: "new" | "running" | "stopped" = "new";
  let synced = false;
  let inFlight = 0;
  let passes = 0;
  let failures = 0;
  const idle: (() => void)[] = [];
  const unsubscribes: (() => void)[] = [];

  const isOurs = (pod: PodObject): boolean =>
    !pod.spec?.nodeName &&
    (pod.spec?.schedulerName ?? schedulerName) === schedulerName &&
    !pod.metadata.deletionTimestamp &&
    !isPodTerminal(pod) &&
    (pod.spec?.schedulingGates ?? []).length === 0;
  const namespaceLabels = (name: string): Record<string, string> | undefined => namespaces.lister.get({ name })?.metadata.labels;

  function enqueue(pod: PodObject): void {
    const uid = pod.metadata.uid as string;
    unpark(uid);
    if (queued.has(uid) || assumed.has(uid)) return;
    const waiting: Waiting = {
      key: keyText(keyOf(pod)),
      uid,
      priority: pod.spec?.priority ?? 0,
      sinceMs: parseTime(pod.metadata.creationTimestamp) ?? 0,
      sequence: sequence++,
    };
    queued.set(uid, waiting);
    active.push(waiting);
    wake();
  }

  function forget(uid: string): void {
    queued.delete(uid);
    unpark(uid);
    attempts.delete(uid);
    assumed.delete(uid);
    nominated.delete(uid);
  }

  /** Decides for a Pod with the room kept free that was cleared for others of its priority or above. */
  function besideNominated<T>(pod: PodObject, judge: () => T): T {
    const kept = [...nominated.values()].filter(
      (each) => each.pod.metadata.uid !== pod.metadata.uid && (each.pod.spec?.priority ?? 0) >= (pod.spec?.priority ?? 0),
    );
    for (const each of kept) cluster.putPod(each.pod, each.nodeName);
    const judged = judge();
    for (const each of kept) cluster.removePod(each.pod.metadata.uid as string);
    return judged;
  }

  function unpark(uid: string): void {
    parked.get(uid)?.timer.cancel();
    parked.delete(uid);
  }

  function wake(): void {
    if (turn || !synced || state !== "running") return;
    turn = clock.setTimer(0, () => {
      turn = undefined;
      for (let decisions = 0; decisions < decisionsPerTurn; ) {
        const next = active.pop();
        if (!next) return;
        if (queued.get(next.uid) !== next) continue;
        queued.delete(next.uid);
        const pod = pods.lister.get(parseKey(next.key));
        if (!pod || pod.metadata.uid !== next.uid || !isOurs(pod)) continue;
        decisions++;
        scheduleOne(pod);
      }
      wake();
    });
  }

  /**
   * Something changed that may help: Pods that found no node are tried again after their back-off. It counts from their last
   * attempt, so that further changes, however many, do not put the next one off.
   */
  function retryParked(helps: (entry: { readonly pod: PodObject }) => boolean = () => true): void {
    const nowMs = clock.monotonic();
    for (const [uid, entry] of parked) {
      if (!helps(entry)) continue;
      const backOffMs = Math.min(backOffBaseMs * 2 ** ((attempts.get(uid) ?? 1) - 1), backOffMaxMs);
      const dueMs = Math.max(nowMs, entry.sinceMs + backOffMs);
      if (dueMs >= entry.dueMs) continue;
      entry.timer.cancel();
      entry.dueMs = dueMs;
      entry.timer = clock.setTimer(dueMs - nowMs, () => enqueue(entry.pod));
    }
  }

  function scheduleOne(pod: PodObject): void {
    passes++;
    const placed = placedPod(pod);
    const needs = volumeNeeds(pod, binder.storage, cluster);
    const decision = besideNominated(pod, () => decide(placed, { cluster, random, namespaceLabels, volumes: needs, startAt }));
    startAt = cluster.nodes.size > 0 ? (startAt + 1) % cluster.nodes.size : 0;
    if (decision.type === "place") {
      assumed.add(pod.metadata.uid as string);
      nominated.delete(pod.metadata.uid as string);
      const plan = needs?.planFor(cluster.nodes.get(decision.nodeName) as NodeView);
      cluster.putPod(pod, decision.nodeName);
      track(bind(pod, decision.nodeName, plan));
    } else track(refuse(pod, decision, needs));
  }

  function track(work: Promise<void>): void {
    inFlight++;
    void work.finally(() => {
      inFlight--;
      if (inFlight === 0) for (const resolve of idle.splice(0)) resolve();
    });
  }

  /** Never rejects. */
  async function bind(pod: PodObject, nodeName: string, plan: VolumePlan | undefined): Promise<void> {
    const uid = pod.metadata.uid as string;
    const key = keyOf(pod);
    const release = plan && binder.reserve(plan, nodeName);
    try {
      if (plan) await binder.bind(pod, nodeName, plan);
      await client.createSubresource(Pod, key, "binding", {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: key.name, namespace: key.namespace as string, uid },
        target: { apiVersion: "v1", kind: "Node", name: nodeName },
      });
      attempts.delete(uid);
      recorder.event(pod, "Normal", "Scheduled", `Successfully assigned ${key.namespace}/${key.name} to ${nodeName}`);
    } catch (error) {
      if (state === "stopped") return;
      failures++;
      assumed.delete(uid);
      const current = pods.lister.get(key);
      if (!current || current.metadata.uid !== uid || current.spec?.nodeName !== nodeName) cluster.removePod(uid);
      if (!current || current.metadata.uid !== uid || isNotFound(error) || isConflict(error)) return;
      if (error instanceof VolumesNotBound) {
        const message = `running PreBind plugin "VolumeBinding": binding volumes: ${error.message}`;
        recorder.event(pod, "Warning", "FailedScheduling", message);
      } else log.warn("binding failed; will try again", { pod: keyText(key), error: String(error) });
      park(pod);
      retryParked();
    } finally {
      release?.();
    }
  }

  function park(pod: PodObject): void {
    const uid = pod.metadata.uid as string;
    attempts.set(uid, (attempts.get(uid) ?? 0) + 1);
    unpark(uid);
    const sinceMs = clock.monotonic();
    parked.set(uid, { pod, sinceMs, dueMs: sinceMs + retryMs, timer: clock.setTimer(retryMs, () => enqueue(pod)) });
  }

  /** Never rejects. */
  async function refuse(pod: PodObject, { refusals, hopeless }: Refused, needs: VolumeNeeds | undefined): Promise<void> {
    park(pod);
    let message = refusalSentence(refusals.values(), cluster.nodes.size, hopeless);
    try {
      if (cluster.nodes.size > 0) {
        const preemption = besideNominated(pod, () => preempt(placedPod(pod), cluster, refusals, { namespaceLabels, volumes: needs }));
        if (preemption.type === "none") message += ` ${preemption.sentence}`;
        else await evict(pod, preemption.nodeName, preemption.victims);
      }
      recorder.event(pod, "Warning", "FailedScheduling", message);
      await writeUnschedulable(pod, message);
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      failures++;
      log.warn("could not report an unschedulable Pod", { pod: keyText(keyOf(pod)), error: String(error) });
    }
  }

  async function evict(pod: PodObject, nodeName: string, victims: readonly PodObject[]): Promise<void> {
    nominated.set(pod.metadata.uid as string, { pod, nodeName });
    await client.patch(Pod, keyOf(pod), "merge", { status: { nominatedNodeName: nodeName } }, { subresource: "status" });
    for (const victim of victims) {
      if (victim.metadata.deletionTimestamp) continue;
      recorder.event(victim, "Normal", "Preempted", `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`);
      const preempted = {
        type: "DisruptionTarget",
        status: "True",
        reason: "PreemptionByScheduler",
        message: `${pod.spec?.schedulerName}: preempting to accommodate a higher priority pod`,
        lastTransitionTime: formatTime(clock.now()),
      };
      try {
        await client.patch(Pod, keyOf(victim), "strategic", { status: { conditions: [preempted] } }, { subresource: "status" });
        await client.delete(Pod, keyOf(victim), { preconditions: { uid: victim.metadata.uid as string } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
  }

  async function writeUnschedulable(pod: PodObject, message: string): Promise<void> {
    const current = pods.lister.get(keyOf(pod));
    if (!current || current.metadata.uid !== pod.metadata.uid) return;
    const known = findCondition(current.status?.conditions, "PodScheduled");
    if (known?.status === "False" && known.reason === "Unschedulable" && known.message === message) return;
    const lastTransitionTime = known?.status === "False" ? known.lastTransitionTime : formatTime(clock.now());
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastTransitionTime };
    await client.patch(Pod, keyOf(pod), "strategic", { status: { conditions: [condition] } }, { subresource: "status" });
  }

  function podChanged(pod: PodObject): void {
    const uid = pod.metadata.uid as string;
    if (isPodTerminal(pod)) {
      forget(uid);
      if (cluster.placeOf(uid) !== undefined) {
        cluster.removePod(uid);
        retryParked();
      }
    } else if (pod.spec?.nodeName) {
      forget(uid);
      const isNew = cluster.placeOf(uid) === undefined;
      cluster.putPod(pod, pod.spec.nodeName);
      if (isNew && parked.size > 0) retryParked();
    } else if (isOurs(pod)) {
      // A change of its status alone (our own report, mostly) does not help a Pod that found no node.
      const entry = parked.get(uid);
      if (!entry || !deepEqual(entry.pod.spec, pod.spec) || !deepEqual(entry.pod.metadata.labels, pod.metadata.labels)) enqueue(pod);
    } else forget(uid);
  }

  function podGone(pod: PodObject): void {
    const uid = pod.metadata.uid as string;
    forget(uid);
    const counted = cluster.placeOf(uid) !== undefined;
    cluster.removePod(uid);
    if (claimsOf(pod).length > 0) binder.changed();
    if (counted) retryParked();
  }

  function nodeChanged(node: NodeObject, old: NodeObject | undefined): void {
    cluster.putNode(node);
    const helps =
      !old ||
      !deepEqual(node.metadata.labels, old.metadata.labels) ||
      !deepEqual(node.spec?.taints, old.spec?.taints) ||
      node.spec?.unschedulable !== old.spec?.unschedulable ||
      !deepEqual(node.status?.allocatable, old.status?.allocatable);
    if (helps) retryParked();
  }

  /** Storage has changed: it may help Pods that wait for it, or for something else that they wait for with it. */
  function storageChanged(): void {
    binder.changed();
    retryParked(({ pod }) => claimsOf(pod).length > 0);
  }

  return {
    name: "scheduler",
    start() {
      if (state !== "new") return;
      state = "running";
      unsubscribes.push(
        nodes.addHandler((change) => {
          if (change.type === "deleted") cluster.removeNode(change.object.metadata.name as string);
          else nodeChanged(change.object, change.type === "updated" ? change.old : undefined);
        }),
        pods.addHandler((change) => (change.type === "deleted" ? podGone(change.object) : podChanged(change.object))),
        claims.addHandler(storageChanged),
        volumes.addHandler(storageChanged),
        storageClasses.addHandler(storageChanged),
      );
      const caches = [nodes, pods, namespaces, claims, volumes, storageClasses];
      void Promise.all(caches.map((cache) => cache.whenSynced())).then(() => {
        synced = true;
        wake();
      });
    },
    async stop() {
      if (state === "stopped") return;
      state = "stopped";
      turn?.cancel();
      for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
      for (const { timer } of parked.values()) timer.cancel();
      parked.clear();
      binder.close();
      if (inFlight > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
    metrics: () => ({ passes, failures, dropped: 0, queued: queued.size, delayed: parked.size, active: inFlight }),
  };
}
