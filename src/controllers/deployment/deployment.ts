/** Keeps each Deployment's ReplicaSets at the sizes that its strategy calls for. Writes ReplicaSets and status. */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ReplicaSet } from "../../api/kinds/replica-set/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type {
  Deployment as DeploymentObject,
  DeploymentStatus,
  Pod as PodObject,
  ReplicaSet as ReplicaSetObject,
} from "../../api/types.ts";
import type { Change } from "../../client/informer.ts";
import { byController, byNamespace, byOrphanedIn } from "../../client/lister.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { controllerOf, isControlledBy } from "../../machinery/owners.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { claim } from "../runtime/claim.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { decide, type Observation, type Plan } from "./decide.ts";
import { createFailedCondition, hasDeadline } from "./progress.ts";
import { isRollingUpdate, sizeOf } from "./replica-sets.ts";
import { revisionKey, sameTemplate } from "./revision.ts";
import { withCondition } from "./status.ts";

const component = "deployment-controller";
/** DEP-3. */
const retriesMax = 15;

interface Deps extends ControllerDeps {
  readonly recorder: EventRecorder;
}

/** The controller of Deployments. */
export function deploymentController(controllerDeps: ControllerDeps): Controller {
  const deps: Deps = { ...controllerDeps, recorder: controllerDeps.recorderFor(component) };
  return controller(component, deps, { retriesMax })
    .reconciles(Deployment)
    .owns(ReplicaSet)
    .maps(ReplicaSet, (replicaSet) => adopters(replicaSet, deps))
    .maps(Pod, (pod, change) => emptiedDeployment(pod, change, deps)) // Recreate waits for the last old Pod to go.
    .with((key) => reconcile(key, deps));
}

async function reconcile(key: ObjectKey, deps: Deps): Promise<Outcome> {
  const deployment = deps.informers.of(Deployment).lister.get(key);
  if (!deployment) return done;
  if (compileLabelSelector(deployment.spec?.selector).everything) return await refuse(deployment, deps);
  const seen = await observe(deployment, deps);
  const plan = decide(seen, deps.world.clock.now());
  const applied = await apply(plan, deployment, deps);
  return applied === "interrupted" ? done : await report(plan, deployment, deps);
}

/** The caches, and the claiming of ReplicaSets, which is the one thing that an observation may write (DEP-114). */
async function observe(deployment: DeploymentObject, { client, informers }: Deps): Promise<Observation> {
  const { lister } = informers.of(ReplicaSet);
  const uid = deployment.metadata.uid as string;
  const orphans = lister.byIndex(byOrphanedIn, deployment.metadata.namespace ?? "");
  const replicaSets = await claim({
    client,
    owner: deployment,
    ownerKind: Deployment,
    kind: ReplicaSet,
    selector: compileLabelSelector(deployment.spec?.selector),
    candidates: [...lister.byIndex(byController, uid), ...orphans],
  });
  const setsWithPods = new Set<string>();
  if (!isRollingUpdate(deployment)) {
    for (const { metadata } of replicaSets) {
      const pods = informers.of(Pod).lister.byIndex(byController, metadata.uid as string);
      if (pods.some((pod) => !isPodTerminal(pod))) setsWithPods.add(metadata.uid as string);
    }
  }
  return { deployment, replicaSets, setsWithPods };
}

/**
 * Carries out the plan. "interrupted": something else was in the way and has been dealt with; the change that this made
 * or waits for asks for another pass.
 */
async function apply(plan: Plan, deployment: DeploymentObject, deps: Deps): Promise<"applied" | "interrupted"> {
  const { client, recorder } = deps;
  if (plan.create) {
    try {
      await client.create(ReplicaSet, plan.create);
    } catch (error) {
      if (isNamespaceTerminating(error)) return "interrupted";
      if (isAlreadyExists(error)) return await nameTaken(plan.create, deployment, deps);
      throw await createFailed(plan.create, deployment, error, deps);
    }
    scaled(plan.create, 0, sizeOf(plan.create), deployment, recorder);
  }
  for (const { before, after } of plan.updates) {
    await client.update(ReplicaSet, after);
    scaled(after, sizeOf(before), sizeOf(after), deployment, recorder);
  }
  for (const replicaSet of plan.removals) {
    try {
      await client.delete(ReplicaSet, keyOf(replicaSet), { preconditions: { uid: replicaSet.metadata.uid as string } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return "applied";
}

/** DEP-30, DEP-31. */
function scaled(replicaSet: ReplicaSetObject, from: number, to: number, deployment: DeploymentObject, recorder: EventRecorder): void {
  if (from === to) return;
  const direction = to > from ? "up" : "down";
  recorder.event(
    deployment,
    "Normal",
    "ScalingReplicaSet",
    `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${from} to ${to}`,
  );
}

/** DEP-19: either the set is ours, and the cache has yet to hear of it, or the hash collides and the next pass takes another. */
async function nameTaken(replicaSet: ReplicaSetObject, deployment: DeploymentObject, deps: Deps): Promise<"interrupted"> {
  const { client } = deps;
  const present = await client.get(ReplicaSet, keyOf(replicaSet));
  if (isControlledBy(present, deployment) && sameTemplate(present.spec?.template, deployment.spec?.template)) return "interrupted";
  const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  await client.update(Deployment, { ...deployment, status }, { subresource: "status" });
  return "interrupted";
}

/** DEP-20: says so in a condition and an event, and returns what is to be thrown. */
async function createFailed(replicaSet: ReplicaSetObject, deployment: DeploymentObject, cause: unknown, deps: Deps): Promise<unknown> {
  const { client, recorder, world } = deps;
  const message = `Failed to create new replica set "${replicaSet.metadata.name}": ${cause instanceof Error ? cause.message : String(cause)}`;
  recorder.event(deployment, "Warning", "ReplicaSetCreateError", message);
  if (!hasDeadline(deployment)) return cause;
  const conditions = withCondition(deployment.status?.conditions ?? [], createFailedCondition(message, world.clock.now()));
  const status: DeploymentStatus = { ...deployment.status, conditions: [...conditions] };
  if (!deepEqual(status, deployment.status)) await client.update(Deployment, { ...deployment, status }, { subresource: "status" });
  return cause;
}

/** DEP-17: revision and status travel in one write. Where nothing changed, the deadline must wake us (DEP-98). */
async function report(plan: Plan, deployment: DeploymentObject, { client }: Deps): Promise<Outcome> {
  const annotations = deployment.metadata.annotations;
  const revision = plan.revision ?? annotations?.[revisionKey];
  if (annotations?.[revisionKey] === revision && deepEqual(plan.status, deployment.status ?? {}))
    return plan.checkAfterMs === undefined ? done : requeueAfter(plan.checkAfterMs, "the progress deadline passes");
  const metadata =
    revision === undefined ? deployment.metadata : { ...deployment.metadata, annotations: { ...annotations, [revisionKey]: revision } };
  try {
    await client.update(Deployment, { ...deployment, metadata, status: plan.status }, { subresource: "status" });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return done;
}

/** DEP-4. */
async function refuse(deployment: DeploymentObject, { client, recorder }: Deps): Promise<Outcome> {
  recorder.event(deployment, "Warning", "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
  const generation = deployment.metadata.generation ?? 0;
  if ((deployment.status?.observedGeneration ?? 0) < generation) {
    const status = { ...deployment.status, observedGeneration: generation };
    await client.update(Deployment, { ...deployment, status }, { subresource: "status" });
  }
  return done;
}

/** The Deployments that may adopt a ReplicaSet that nobody controls. */
function adopters(replicaSet: ReplicaSetObject, { informers }: Deps): ObjectKey[] {
  if (controllerOf(replicaSet)) return [];
  const { lister } = informers.of(Deployment);
  return lister
    .byIndex(byNamespace, replicaSet.metadata.namespace ?? "")
    .filter(({ spec }) => compileLabelSelector(spec?.selector).matches(replicaSet.metadata.labels))
    .map(keyOf);
}

/** DEP-5: the Recreate Deployment whose last Pod this was. */
function emptiedDeployment(pod: PodObject, change: Change<PodObject>, { informers }: Deps): ObjectKey[] {
  if (change.type !== "deleted") return [];
  const namespace = pod.metadata.namespace as string;
  const ofPod = controllerOf(pod);
  if (ofPod?.kind !== ReplicaSet.kind) return [];
  const replicaSets = informers.of(ReplicaSet).lister;
  const replicaSet = replicaSets.get({ namespace, name: ofPod.name });
  const ofSet = replicaSet && controllerOf(replicaSet);
  if (ofSet?.kind !== Deployment.kind) return [];
  const deployment = informers.of(Deployment).lister.get({ namespace, name: ofSet.name });
  if (!deployment || isRollingUpdate(deployment)) return [];
  const pods = informers.of(Pod).lister;
  const siblings = replicaSets.byIndex(byController, ofSet.uid);
  return siblings.every(({ metadata }) => pods.byIndexCount(byController, metadata.uid as string) === 0) ? [keyOf(deployment)] : [];
}
