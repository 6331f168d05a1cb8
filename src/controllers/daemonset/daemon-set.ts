/** Keeps a Pod of each DaemonSet on every node that fits. Writes Pods, revisions and status. */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { DaemonSet as DaemonSetObject, DaemonSetStatus, Node as NodeObject, Pod as PodObject } from "../../api/types.ts";
import type { Change } from "../../client/informer.ts";
import { byController, byOrphanedIn } from "../../client/lister.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { isPodActive } from "../../machinery/pods.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { nextAvailabilityMs } from "../runtime/availability.ts";
import { claim } from "../runtime/claim.ts";
import { type Controller, type ControllerDeps, controller, type Enqueue } from "../../client/controller.ts";
import { Expectations } from "../runtime/expectations.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { ownedPods } from "../runtime/owned-pods.ts";
import { createPod, deletePod } from "../runtime/pod-control.ts";
import { claimRevisions, deleteRevisions } from "../runtime/revisions.ts";
import { slowStart } from "../runtime/slow-start.ts";
import { decide, type Plan } from "./decide.ts";
import { eligibility, podForNode } from "./eligibility.ts";
import { FailedPodBackOff } from "./failed-pod-back-off.ts";
import { forgettable, hashOf, settleHistory } from "./revision.ts";

const component = "daemonset-controller";
/** Pods made, and Pods removed, in one pass at most. */
const burstMax = 250;

interface Deps extends ControllerDeps {
  readonly recorder: EventRecorder;
  readonly expectations: Expectations;
  readonly backOff: FailedPodBackOff;
}

/** The controller of DaemonSets. */
export function daemonSetController(controllerDeps: ControllerDeps): Controller {
  const { clock } = controllerDeps.world;
  const deps: Deps = {
    ...controllerDeps,
    recorder: controllerDeps.recorderFor(component),
    expectations: new Expectations(clock),
    backOff: new FailedPodBackOff(clock),
  };
  return controller(component, deps)
    .reconciles(DaemonSet)
    .owns(ControllerRevision)
    .watches(DaemonSet, deps.expectations.forgetsGone)
    .watches(Pod, ownedPods({ ...deps, kind: DaemonSet, selectorOf }))
    .watches(Node, (change, enqueue) => nodeChanged(change, enqueue, deps))
    .with((key) => reconcile(key, deps));
}

const selectorOf = ({ spec }: DaemonSetObject) => compileLabelSelector(spec?.selector);

/** Nodes report all the time; only what changes their eligibility matters. */
function nodeChanged(change: Change<NodeObject>, enqueue: Enqueue, { informers }: Deps): void {
  const same = change.type === "updated" && concerns(change.object) === concerns(change.old);
  if (same) return;
  for (const daemonSet of informers.of(DaemonSet).lister.list()) {
    const judge = eligibility(daemonSet);
    if (change.type === "updated" && deepEqual(judge(change.object), judge(change.old))) continue;
    enqueue(keyOf(daemonSet));
  }
}

const concerns = ({ metadata, spec }: NodeObject): string => JSON.stringify([metadata.labels, spec?.taints]);

async function reconcile(key: ObjectKey, deps: Deps): Promise<Outcome> {
  const { client, informers, expectations, backOff, world } = deps;
  const daemonSet = informers.of(DaemonSet).lister.get(key);
  if (!daemonSet) return done;
  if (selectorOf(daemonSet).everything) {
    const message = "This daemon set is selecting all pods. A non-empty selector is required.";
    deps.recorder.event(daemonSet, "Warning", "SelectingAll", message);
    return done;
  }
  // Its Pods and revisions go in no particular order: nothing could be said of it that is true.
  if (daemonSet.metadata.deletionTimestamp !== undefined) return done;
  const mayAct = expectations.satisfied(daemonSet.metadata.uid as string);
  const pods = await claimPods(daemonSet, deps);
  const revisions = await claimRevisions(daemonSet, DaemonSet, deps);
  let history: Awaited<ReturnType<typeof settleHistory>>;
  try {
    history = await settleHistory(daemonSet, revisions, pods, client);
  } catch (error) {
    if (isNamespaceTerminating(error)) return done;
    throw error;
  }
  if (!history) return done;
  const hash = hashOf(history.current);
  const nodes = informers
    .of(Node)
    .lister.list()
    .toSorted((a, b) => ((a.metadata.name as string) < (b.metadata.name as string) ? -1 : 1));
  const backOffMs = (nodeName: string): number => backOff.remainingMs(backOffKey(daemonSet, nodeName));
  // Decided and waited for as of one instant: a Pod whose time comes between two would be waited for by nobody.
  const nowMs = world.clock.now();
  const plan = decide({ daemonSet, pods, nodes, hash, backOffMs, mayAct }, nowMs);
  const applied = await apply(plan, daemonSet, hash, deps);
  await report(daemonSet, plan.status, deps);
  if (applied.error !== undefined) {
    if (isNamespaceTerminating(applied.error)) return done;
    throw applied.error;
  }
  if (mayAct) await deleteRevisions(client, forgettable(daemonSet, history.old, pods));
  if (applied.more) return requeueAfter(0, "one pass makes or removes a bounded number of Pods");
  const waits = [
    plan.retryAfterMs,
    nextAvailabilityMs(pods, daemonSet.spec?.minReadySeconds ?? 0, nowMs),
    expectations.waitMs(daemonSet.metadata.uid as string),
  ];
  const waitMs = Math.min(...waits.map((wait) => wait ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(waitMs)
    ? requeueAfter(waitMs, "a ready Pod becomes available, a failed one may be replaced, or what was asked for never comes")
    : done;
}

/** Ended Pods are not adopted, but the ones owned already are replaced. */
function claimPods(daemonSet: DaemonSetObject, { client, informers }: Deps): Promise<PodObject[]> {
  const { lister } = informers.of(Pod);
  const orphans = lister.byIndex(byOrphanedIn, daemonSet.metadata.namespace ?? "").filter(isPodActive);
  return claim({
    client,
    owner: daemonSet,
    ownerKind: DaemonSet,
    kind: Pod,
    selector: selectorOf(daemonSet),
    candidates: [...lister.byIndex(byController, daemonSet.metadata.uid as string), ...orphans],
  });
}

interface Applied {
  /** The bound of one pass was reached. */
  readonly more: boolean;
  /** The first failure. */
  readonly error: unknown;
}

/** Carries out the plan as far as one pass may go. Never throws. */
async function apply(plan: Plan, daemonSet: DaemonSetObject, hash: string, deps: Deps): Promise<Applied> {
  const { expectations } = deps;
  tellOfEnded(plan, daemonSet, deps);
  const uid = daemonSet.metadata.uid as string;
  const creations = plan.creations.slice(0, burstMax);
  const deletions = plan.deletions.slice(0, burstMax);
  const more = plan.creations.length > burstMax || plan.deletions.length > burstMax;
  if (creations.length === 0 && deletions.length === 0) return { more, error: undefined };
  expectations.expect(uid, { creations: creations.length, deletions: deletions.map((pod) => pod.metadata.uid ?? "") });
  const created = await slowStart(creations.length, async (index) => {
    try {
      await createPod(deps, podForNode(daemonSet, creations[index] as string, hash), daemonSet);
    } catch (cause) {
      expectations.creationSeen(uid);
      throw cause;
    }
  });
  expectations.creationSeen(uid, created.skipped);
  const deleted = await Promise.allSettled(
    deletions.map(async (pod) => {
      try {
        await deletePod(deps, pod, daemonSet);
      } catch (cause) {
        expectations.deletionSeen(uid, pod.metadata.uid ?? "");
        throw cause;
      }
    }),
  );
  return { more, error: created.error ?? deleted.find((result) => result.status === "rejected")?.reason };
}

/** DS-5. */
function tellOfEnded(plan: Plan, daemonSet: DaemonSetObject, { recorder, backOff }: Deps): void {
  const found = (pod: PodObject, nodeName: string): string =>
    `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${nodeName}`;
  for (const { pod, nodeName } of plan.failed) {
    backOff.next(backOffKey(daemonSet, nodeName));
    recorder.event(daemonSet, "Warning", "FailedDaemonPod", `Found failed ${found(pod, nodeName)}, will try to kill it`);
  }
  for (const { pod, nodeName } of plan.succeeded)
    recorder.event(daemonSet, "Normal", "SucceededDaemonPod", `Found succeeded ${found(pod, nodeName)}, will try to delete it`);
}

/** A new template deserves a new chance. */
const backOffKey = ({ metadata, status }: DaemonSetObject, nodeName: string): string =>
  `${metadata.uid}/${status?.observedGeneration ?? 0}/${nodeName}`;

async function report(daemonSet: DaemonSetObject, status: DaemonSetStatus, { client }: Deps): Promise<void> {
  if (deepEqual(status, daemonSet.status)) return;
  try {
    await client.update(DaemonSet, { ...daemonSet, status }, { subresource: "status" });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
