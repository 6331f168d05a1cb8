/** Gives each StatefulSet its Pods, each with a name, an order and claims of its own. Writes Pods, claims, revisions and status. */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { ControllerRevision } from "../../api/kinds/controller-revision/index.ts";
import { PersistentVolumeClaim } from "../../api/kinds/persistent-volume-claim/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { StatefulSet } from "../../api/kinds/stateful-set/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type {
  PersistentVolumeClaim as ClaimObject,
  Pod as PodObject,
  StatefulSet as StatefulSetObject,
  StatefulSetStatus,
} from "../../api/types.ts";
import { byController, byNamespace, byOrphanedIn } from "../../client/lister.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { nextAvailabilityMs } from "../runtime/availability.ts";
import { claim } from "../runtime/claim.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { Expectations } from "../runtime/expectations.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { ownedPods } from "../runtime/owned-pods.ts";
import { claimRevisions, deleteRevisions, revisedTemplate } from "../runtime/revisions.ts";
import { slowStart } from "../runtime/slow-start.ts";
import { decide, isParallel, type Plan, type Step, type TemplateRevision } from "./decide.ts";
import { ordinalOf } from "./identity.ts";
import { forgettable, settleRevisions } from "./revision.ts";

const component = "statefulset-controller";

interface Deps extends ControllerDeps {
  readonly recorder: EventRecorder;
  readonly expectations: Expectations;
}

/** The controller of StatefulSets. */
export function statefulSetController(controllerDeps: ControllerDeps): Controller {
  const expectations = new Expectations(controllerDeps.world.clock);
  const deps: Deps = { ...controllerDeps, recorder: controllerDeps.recorderFor(component), expectations };
  return controller(component, deps)
    .reconciles(StatefulSet)
    .owns(ControllerRevision)
    .watches(StatefulSet, expectations.forgetsGone)
    .watches(Pod, ownedPods({ ...deps, kind: StatefulSet, selectorOf }))
    .maps(PersistentVolumeClaim, (object) => claimants(object, deps))
    .with((key) => reconcile(key, deps));
}

const selectorOf = ({ spec }: StatefulSetObject) => compileLabelSelector(spec?.selector);

async function reconcile(key: ObjectKey, deps: Deps): Promise<Outcome> {
  const { client, informers, expectations, world } = deps;
  const set = informers.of(StatefulSet).lister.get(key);
  if (!set) return done;
  const mayAct = expectations.satisfied(set.metadata.uid as string);
  const pods = await claimPods(set, deps);
  const revisions = await claimRevisions(set, StatefulSet, deps);
  const leaving = set.metadata.deletionTimestamp !== undefined;
  // A set that goes away has no use for a new revision; where it has none at all there is nothing to report either.
  if (leaving && revisions.length === 0) return done;
  let settled: Awaited<ReturnType<typeof settleRevisions>>;
  try {
    settled = await settleRevisions(set, revisions, client);
  } catch (error) {
    if (isNamespaceTerminating(error)) return done;
    throw error;
  }
  const { current, update, collisionCount } = settled;
  const findClaim = (name: string) => informers.of(PersistentVolumeClaim).lister.get({ namespace: key.namespace as string, name });
  const seen = { set, pods, current: templateOf(current), update: templateOf(update), collisionCount, findClaim };
  // Decided and waited for as of one instant: a Pod whose time comes between two would be waited for by nobody.
  const nowMs = world.clock.now();
  const plan = decide(seen, nowMs);
  const failure = mayAct ? await apply(plan, set, deps) : undefined;
  await report(set, plan.status, deps);
  if (!leaving) await deleteRevisions(client, forgettable(set, revisions, settled, pods));
  if (failure && !isNamespaceTerminating(failure.error)) throw failure.error;

  const waits = [nextAvailabilityMs(pods, set.spec?.minReadySeconds ?? 0, nowMs), expectations.waitMs(set.metadata.uid as string)];
  const waitMs = Math.min(...waits.map((wait) => wait ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(waitMs) ? requeueAfter(waitMs, "a ready Pod becomes available, or what was asked for never comes") : done;
}

const templateOf = (revision: Parameters<typeof revisedTemplate>[0]): TemplateRevision => ({
  name: revision.metadata.name as string,
  template: revisedTemplate(revision),
});

/** A Pod belongs to the set if its labels match and its name is one of the set's. */
function claimPods(set: StatefulSetObject, { client, informers }: Deps): Promise<PodObject[]> {
  const { lister } = informers.of(Pod);
  const orphans = lister.byIndex(byOrphanedIn, set.metadata.namespace ?? "");
  return claim({
    client,
    owner: set,
    ownerKind: StatefulSet,
    kind: Pod,
    selector: selectorOf(set),
    candidates: [...lister.byIndex(byController, set.metadata.uid as string), ...orphans],
    matches: (pod) => ordinalOf(set, pod) !== undefined,
  });
}

/** Carries out the plan as far as nothing fails; says what failed. */
async function apply(plan: Plan, set: StatefulSetObject, deps: Deps): Promise<{ readonly error: unknown } | undefined> {
  const { expectations } = deps;
  const uid = set.metadata.uid as string;
  const open = new Set(plan.phases.flat());
  if (open.size === 0) return undefined;
  const steps = [...open];
  expectations.expect(uid, {
    creations: steps.filter((step) => step.do === "create").length,
    deletions: steps.filter((step) => step.do === "delete").map(({ pod }) => pod.metadata.uid ?? ""),
  });
  const carryOut = async (step: Step): Promise<void> => {
    await take(step, set, deps);
    open.delete(step);
  };
  try {
    for (const phase of plan.phases) {
      if (isParallel(set)) {
        const { error } = await slowStart(phase.length, (index) => carryOut(phase[index] as Step));
        if (error !== undefined) return { error };
      } else for (const step of phase) await carryOut(step);
    }
  } catch (error) {
    return { error };
  } finally {
    for (const step of open) {
      if (step.do === "create") expectations.creationSeen(uid);
      if (step.do === "delete") expectations.deletionSeen(uid, step.pod.metadata.uid ?? "");
    }
  }
  return undefined;
}

/** Carries out one step and tells of it (STS-15). Throws what the server refuses. */
async function take(step: Step, set: StatefulSetObject, deps: Deps): Promise<void> {
  const { client } = deps;
  const { pod } = step;
  switch (step.do) {
    case "create":
      return await telling("create", pod, set, deps, async () => {
        await createClaims(step.claims, pod, set, deps);
        if (step.waitsFor !== undefined) throw new Error(`pvc ${step.waitsFor} is being deleted`);
        await client.create(Pod, pod);
      });
    case "create-claims":
      return await createClaims(step.claims, pod, set, deps);
    case "delete":
      return await telling("delete", pod, set, deps, async () => {
        const uid = pod.metadata.uid;
        await client.delete(Pod, keyOf(pod), uid === undefined ? {} : { preconditions: { uid } });
      });
    case "correct":
      for (const object of step.claims) await client.update(PersistentVolumeClaim, object);
      if (!step.changed) return;
      return await telling("update", pod, set, deps, async () => {
        await client.update(Pod, pod);
      });
  }
}

const reasons = { create: "Create", delete: "Delete", update: "Update" } as const;

async function telling(
  verb: keyof typeof reasons,
  pod: PodObject,
  set: StatefulSetObject,
  { recorder }: Deps,
  write: () => Promise<void>,
): Promise<void> {
  const what = `${verb} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  try {
    await write();
    recorder.event(set, "Normal", `Successful${reasons[verb]}`, `${what} successful`);
  } catch (error) {
    if (verb === "delete" && isNotFound(error)) return;
    if (!isNamespaceTerminating(error))
      recorder.event(set, "Warning", `Failed${reasons[verb]}`, `${what} failed error: ${messageOf(error)}`);
    throw error;
  }
}

async function createClaims(claims: readonly ClaimObject[], pod: PodObject, set: StatefulSetObject, deps: Deps): Promise<void> {
  const { client, recorder } = deps;
  for (const object of claims) {
    const { name } = object.metadata;
    const what = `create Claim ${name} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      await client.create(PersistentVolumeClaim, object);
      recorder.event(set, "Normal", "SuccessfulCreate", `${what} success`);
    } catch (error) {
      if (isNamespaceTerminating(error)) throw error;
      recorder.event(set, "Warning", "FailedCreate", `${what} failed error: ${messageOf(error)}`);
      throw new Error(`failed to create PVC ${name}: ${messageOf(error)}`, { cause: error });
    }
  }
}

async function report(set: StatefulSetObject, status: StatefulSetStatus, { client }: Deps): Promise<void> {
  if (deepEqual(status, set.status)) return;
  try {
    await client.update(StatefulSet, { ...set, status }, { subresource: "status" });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The sets that have a Pod with this claim: one that was deleted may be missed, or waited for. */
function claimants(object: ClaimObject, { informers }: Deps): ObjectKey[] {
  const { name = "", namespace = "" } = object.metadata;
  return informers
    .of(StatefulSet)
    .lister.byIndex(byNamespace, namespace)
    .filter(({ metadata, spec }) =>
      (spec?.volumeClaimTemplates ?? []).some((each) => name.startsWith(`${each.metadata.name}-${metadata.name}-`)),
    )
    .map(keyOf);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
