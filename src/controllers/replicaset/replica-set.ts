/**
 * Keeps the number of Pods that a ReplicaSet asks for. Writes Pods and the set's status. The same loop serves
 * ReplicationControllers, which differ in name and selector only (see `Variant`).
 */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import type { KindRef } from "../../api/kind.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { ReplicationController } from "../../api/kinds/replication-controller/index.ts";
import type { KubeObject, ObjectKey } from "../../api/meta/object.ts";
import type {
  LabelSelector,
  Pod as PodObject,
  PodTemplateSpec,
  ReplicaSet as ReplicaSetObject,
  ReplicaSetStatus,
  ReplicationController as ReplicationControllerObject,
} from "../../api/types.ts";
import { byController, byOrphanedIn } from "../../client/lister.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { controllerOf } from "../../machinery/owners.ts";
import { isPodActive } from "../../machinery/pods.ts";
import { compileLabelSelector, type LabelMatcher } from "../../machinery/selectors.ts";
import { nextAvailabilityMs } from "../runtime/availability.ts";
import { claim } from "../runtime/claim.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { Expectations } from "../runtime/expectations.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { ownedPods } from "../runtime/owned-pods.ts";
import { createPod, deletePod, podFromTemplate } from "../runtime/pod-control.ts";
import { slowStart } from "../runtime/slow-start.ts";
import { podsToDelete } from "./deletion-order.ts";
import { type ManageFailure, nextStatus } from "./status.ts";

/** Pods made or removed in one pass, at most. */
const burstMax = 500;
/**
 * A pass over n Pods costs time in proportion to n. While thousands of them report, passes over a large set are held
 * apart by this much per Pod, so that the cost of a roll-out stays in proportion to n and does not become n squared.
 */
const pacingMsPerPod = 0.01;
/** Smaller sets are not paced. */
const pacedFrom = 500;

/** A kind with `spec.replicas` and a template. */
interface ReplicatedObject extends KubeObject {
  spec?: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec; selector?: unknown };
  status?: ReplicaSetStatus;
}

/** What tells the two kinds apart. */
interface Variant<T extends ReplicatedObject> {
  readonly kind: KindRef<T>;
  readonly component: string;
  /** Compiled once per selector object; the server guarantees that it is not empty. */
  selectorOf(object: T): LabelMatcher;
  /** What the kind's status can hold. */
  statusOf(status: ReplicaSetStatus): ReplicaSetStatus;
}

const replicaSets: Variant<ReplicaSetObject> = {
  kind: ReplicaSet,
  component: "replicaset-controller",
  selectorOf: (replicaSet) => compileLabelSelector(replicaSet.spec?.selector),
  statusOf: (status) => status,
};

/** `compileLabelSelector` remembers by identity, and a plain map of labels is no LabelSelector yet. */
const selectorsOfMaps = new WeakMap<object, LabelSelector>();

const replicationControllers: Variant<ReplicationControllerObject> = {
  kind: ReplicationController,
  component: "replication-controller",
  selectorOf(object) {
    const labels = object.spec?.selector ?? object.spec?.template?.metadata?.labels;
    if (!labels || Object.keys(labels).length === 0) return compileLabelSelector(undefined);
    const known = selectorsOfMaps.get(labels) ?? { matchLabels: labels };
    selectorsOfMaps.set(labels, known);
    return compileLabelSelector(known);
  },
  statusOf({ terminatingReplicas: _, ...status }) {
    return status;
  },
};

/** The controller of ReplicaSets. */
export const replicaSetController = (deps: ControllerDeps): Controller => replicationLoop(deps, replicaSets);

/** The controller of ReplicationControllers. */
export const replicationController = (deps: ControllerDeps): Controller => replicationLoop(deps, replicationControllers);

interface Loop<T extends ReplicatedObject> extends ControllerDeps {
  readonly variant: Variant<T>;
  readonly recorder: EventRecorder;
  readonly expectations: Expectations;
}

function replicationLoop<T extends ReplicatedObject>(deps: ControllerDeps, variant: Variant<T>): Controller {
  const { kind, component } = variant;
  const loop: Loop<T> = {
    ...deps,
    variant,
    recorder: deps.recorderFor(component),
    expectations: new Expectations(deps.world.clock),
  };
  return controller(component, deps)
    .reconciles(kind)
    .watches(kind, loop.expectations.forgetsGone)
    .watches(
      Pod,
      ownedPods({
        ...loop,
        kind,
        selectorOf: variant.selectorOf,
        wake(owner, pod, enqueue) {
          const count = deps.informers.of(Pod).lister.byIndexCount(byController, controllerOf(pod)?.uid ?? "");
          if (count < pacedFrom) enqueue(owner);
          else enqueue.after(owner, Math.ceil(count * pacingMsPerPod));
        },
      }),
    )
    .with((key) => reconcile(key, loop));
}

async function reconcile<T extends ReplicatedObject>(key: ObjectKey, loop: Loop<T>): Promise<Outcome> {
  const { informers, expectations, variant, world } = loop;
  const set = informers.of(variant.kind).lister.get(key);
  if (!set) return done;
  const uid = set.metadata.uid as string;
  const maySend = expectations.satisfied(uid);
  // The wait is reckoned from before the count: a Pod whose time comes between the two would be waited for by nobody.
  const countedMs = world.clock.now();
  const pods = await claimPods(set, loop);
  const managed = maySend && set.metadata.deletionTimestamp === undefined ? await manage(set, pods, loop) : undefined;
  // A Deployment reckons with what is reported: a Pod that this controller has sent away must not count only because its cache is late.
  const counted = maySend ? pods : pods.filter((pod) => !expectations.isLeaving(uid, pod.metadata.uid as string));
  await report(set, counted, maySend ? managed?.failure : presentFailure(set), loop);
  if (managed?.error !== undefined && !isNamespaceTerminating(managed.error)) throw managed.error;

  if (managed?.more) return requeueAfter(0, "one pass makes or removes a bounded number of Pods");
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const waits = [nextAvailabilityMs(pods, minReadySeconds, countedMs), expectations.waitMs(uid)];
  const waitMs = Math.min(...waits.map((wait) => wait ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(waitMs) ? requeueAfter(waitMs, "a ready Pod becomes available, or what was asked for never comes") : done;
}

/** Ended Pods are not claimed anew, but the ones owned already are released when their labels change. */
async function claimPods<T extends ReplicatedObject>(set: T, loop: Loop<T>): Promise<PodObject[]> {
  const { client, informers, variant } = loop;
  const { lister } = informers.of(Pod);
  const selector = variant.selectorOf(set);
  const owned = lister.byIndex(byController, set.metadata.uid as string);
  const orphans = lister.byIndex(byOrphanedIn, set.metadata.namespace ?? "");
  const candidates = orphans.length === 0 ? owned : [...owned, ...orphans.filter(isPodActive)];
  return await claim({ client, owner: set, ownerKind: variant.kind, kind: Pod, selector, candidates });
}

interface Managed {
  /** The bound of one pass was reached. */
  readonly more?: boolean;
  readonly failure?: ManageFailure;
  readonly error?: unknown;
}

/** Brings the number of active Pods to what is asked for, as far as one pass may go. Never throws. */
async function manage<T extends ReplicatedObject>(set: T, pods: readonly PodObject[], loop: Loop<T>): Promise<Managed> {
  const { expectations } = loop;
  const uid = set.metadata.uid as string;
  const active = pods.filter(isPodActive);
  const difference = active.length - (set.spec?.replicas ?? 1);
  if (difference < 0) {
    const count = Math.min(-difference, burstMax);
    const pod = podFromTemplate(set.spec?.template ?? {}, set);
    expectations.expect(uid, { creations: count });
    const { skipped, error } = await slowStart(count, async () => {
      try {
        await createPod(loop, pod, set);
      } catch (cause) {
        expectations.creationSeen(uid);
        throw cause;
      }
    });
    expectations.creationSeen(uid, skipped);
    return error === undefined
      ? { more: -difference > burstMax }
      : { error, failure: { reason: "FailedCreate", message: messageOf(error) } };
  }
  if (difference > 0) {
    const leaving = podsToDelete(active, Math.min(difference, burstMax), relatedPods(set, loop), loop.world.clock.now());
    expectations.expect(uid, { deletions: leaving.map((pod) => pod.metadata.uid ?? "") });
    const results = await Promise.allSettled(
      leaving.map(async (pod) => {
        try {
          await deletePod(loop, pod, set);
        } catch (cause) {
          expectations.deletionSeen(uid, pod.metadata.uid ?? "");
          throw cause;
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) return { error: failed.reason, failure: { reason: "FailedDelete", message: messageOf(failed.reason) } };
    return { more: difference > burstMax };
  }
  return {};
}

/** Counts, per node, the active Pods of all sets with the same owner. Counted when first asked. */
function relatedPods<T extends ReplicatedObject>(set: T, { informers, variant }: Loop<T>): (node: string) => number {
  let counts: Map<string, number> | undefined;
  const count = (): Map<string, number> => {
    const found = new Map<string, number>();
    const owner = controllerOf(set);
    const siblings = owner ? informers.of(variant.kind).lister.byIndex(byController, owner.uid) : [set];
    for (const sibling of siblings) {
      for (const pod of informers.of(Pod).lister.byIndex(byController, sibling.metadata.uid as string)) {
        const node = pod.spec?.nodeName;
        if (node && isPodActive(pod)) found.set(node, (found.get(node) ?? 0) + 1);
      }
    }
    return found;
  };
  return (node) => {
    counts ??= count();
    return counts.get(node) ?? 0;
  };
}

/**
 * Writes the status if it is not what it should be. It counts the Pods as they were before this pass made or removed
 * any: a Pod that is lost and replaced then shows as one fewer and one more, and a Deployment takes that for progress, as
 * users of Kubernetes see it.
 */
async function report<T extends ReplicatedObject>(
  set: T,
  pods: readonly PodObject[],
  failure: ManageFailure | undefined,
  loop: Loop<T>,
): Promise<void> {
  const { client, variant, world } = loop;
  const old = set.status ?? { replicas: 0 };
  const status = variant.statusOf(
    nextStatus({
      old,
      generation: set.metadata.generation ?? 0,
      minReadySeconds: set.spec?.minReadySeconds ?? 0,
      templateLabels: set.spec?.template?.metadata?.labels ?? {},
      pods,
      failure,
      nowMs: world.clock.now(),
    }),
  );
  if (deepEqual(status, { ...old })) return;
  try {
    await client.update(variant.kind, { ...set, status }, { subresource: "status" });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function presentFailure(set: ReplicatedObject): ManageFailure | undefined {
  const present = set.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  if (!present) return undefined;
  return { reason: present.reason === "FailedDelete" ? "FailedDelete" : "FailedCreate", message: present.message ?? "" };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
