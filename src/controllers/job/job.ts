/** Runs the Pods of each Job until enough of them have succeeded or too many have failed. Writes Pods and status; removes finished Jobs in time. */
import { isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { Job } from "../../api/kinds/job/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { Container, Job as JobObject, JobStatus, Pod as PodObject } from "../../api/types.ts";
import { parseTime } from "../../base/time.ts";
import { byController, byOrphanedIn } from "../../client/lister.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { compileLabelSelector } from "../../machinery/selectors.ts";
import { claim } from "../runtime/claim.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { Expectations } from "../runtime/expectations.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { ownedPods } from "../runtime/owned-pods.ts";
import { createPod, deletePod, podFromTemplate } from "../runtime/pod-control.ts";
import { slowStart } from "../runtime/slow-start.ts";
import { isFinished } from "./count.ts";
import { decide, type Plan } from "./decide.ts";
import type { Creation } from "./size.ts";
import { failureCountKey, ignoredFailureCountKey, indexKey, trackingFinalizer } from "./tracking.ts";

const component = "job-controller";
/** Pods made in one pass at most. */
const burstMax = 500;
/** Another controller looks after Jobs that say so. */
const ownName = "kubernetes.io/job-controller";

interface Deps extends ControllerDeps {
  readonly recorder: EventRecorder;
  readonly expectations: Expectations;
}

/** The controller of Jobs. */
export function jobController(controllerDeps: ControllerDeps): Controller {
  const expectations = new Expectations(controllerDeps.world.clock);
  const deps: Deps = { ...controllerDeps, recorder: controllerDeps.recorderFor(component), expectations };
  return controller(component, deps)
    .reconciles(Job)
    .watches(Job, expectations.forgetsGone)
    .watches(Pod, ownedPods({ ...deps, kind: Job, selectorOf }))
    .with((key) => reconcile(key, deps));
}

const selectorOf = ({ spec }: JobObject) => compileLabelSelector(spec?.selector);

async function reconcile(key: ObjectKey, deps: Deps): Promise<Outcome> {
  const { client, informers, expectations, world } = deps;
  const job = informers.of(Job).lister.get(key);
  if (!job) {
    await releaseLeft(key, deps);
    return done;
  }
  if ((job.spec?.managedBy ?? ownName) !== ownName) return done;
  const pods = await claimPods(job, deps);
  if (job.metadata.deletionTimestamp !== undefined) {
    await release(pods, deps);
    return done;
  }
  const plan = decide(job, pods, expectations.satisfied(job.metadata.uid as string), world.clock.now());
  const failure = await apply(plan, job, deps);
  const written = await report(job, plan.status, deps);
  if (written) for (const { type, reason, message } of plan.events) deps.recorder.event(job, type, reason, message);
  await release(isFinished({ ...job, status: plan.status }) ? pods : plan.released, deps);
  if (failure && !isNamespaceTerminating(failure.error)) throw failure.error;
  if (isFinished(job)) return await expire(job, client, world.clock.now());
  if (plan.creations.length > burstMax) return requeueAfter(0, "one pass makes a bounded number of Pods");
  const waits = [plan.checkAfterMs, expectations.waitMs(job.metadata.uid as string)];
  const waitMs = Math.min(...waits.map((wait) => wait ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(waitMs) ? requeueAfter(waitMs, "a back-off or the deadline passes, or what was asked for never comes") : done;
}

function claimPods(job: JobObject, { client, informers }: Deps): Promise<PodObject[]> {
  const { lister } = informers.of(Pod);
  const orphans = lister.byIndex(byOrphanedIn, job.metadata.namespace ?? "");
  const candidates = [...lister.byIndex(byController, job.metadata.uid as string), ...orphans];
  return claim({ client, owner: job, ownerKind: Job, kind: Pod, selector: selectorOf(job), candidates });
}

/** A Pod to be created. It stays until it has been counted. */
function newPod(job: JobObject, { index, failures }: Creation): PodObject {
  const { metadata, spec, ...pod } = podFromTemplate(job.spec?.template ?? {}, job);
  const finalizers = [...(metadata.finalizers ?? []), trackingFinalizer];
  const body = spec ?? { containers: [] };
  if (index === undefined) return { ...pod, metadata: { ...metadata, finalizers }, spec: body };
  const mark = { [indexKey]: String(index) };
  const history = {
    ...(failures && { [failureCountKey]: String(failures.counted) }),
    ...(failures && failures.ignored > 0 && { [ignoredFailureCountKey]: String(failures.ignored) }),
  };
  const variable = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.labels['${indexKey}']` } },
  };
  const withIndex = (container: Container): Container =>
    container.env?.some(({ name }) => name === variable.name) ? container : { ...container, env: [...(container.env ?? []), variable] };
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: `${job.metadata.name}-${index}-`,
      finalizers,
      labels: { ...metadata.labels, ...mark },
      annotations: { ...metadata.annotations, ...mark, ...history },
    },
    spec: {
      ...body,
      hostname: `${job.metadata.name}-${index}`,
      containers: body.containers.map(withIndex),
      ...(body.initContainers && { initContainers: body.initContainers.map(withIndex) }),
    },
  };
}

async function apply(plan: Plan, job: JobObject, deps: Deps): Promise<{ readonly error: unknown } | undefined> {
  const { expectations } = deps;
  const uid = job.metadata.uid as string;
  const creations = plan.creations.slice(0, burstMax);
  const deletions = plan.deletions.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (creations.length === 0 && deletions.length === 0) return undefined;
  expectations.expect(uid, { creations: creations.length, deletions: deletions.map(({ metadata }) => metadata.uid ?? "") });
  const deleted = await Promise.allSettled(
    deletions.map(async (pod) => {
      try {
        if (!plan.deletionsCount) await release([pod], deps);
        await deletePod(deps, pod, job);
      } catch (cause) {
        expectations.deletionSeen(uid, pod.metadata.uid ?? "");
        throw cause;
      }
    }),
  );
  const created = await slowStart(creations.length, async (position) => {
    try {
      await createPod(deps, newPod(job, creations[position] ?? {}), job);
    } catch (cause) {
      expectations.creationSeen(uid);
      throw cause;
    }
  });
  expectations.creationSeen(uid, created.skipped);
  const error = created.error ?? deleted.find((result) => result.status === "rejected")?.reason;
  return error === undefined ? undefined : { error };
}

/** Says whether anything was written. */
async function report(job: JobObject, status: JobStatus, { client }: Deps): Promise<boolean> {
  if (deepEqual(status, job.status)) return false;
  try {
    await client.update(Job, { ...job, status }, { subresource: "status" });
    return true;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}

/** Lets Pods go that have been counted, or that nobody will count any more. */
async function release(pods: readonly PodObject[], { client }: Deps): Promise<void> {
  for (const pod of pods) {
    const finalizers = pod.metadata.finalizers ?? [];
    if (!finalizers.includes(trackingFinalizer)) continue;
    const patch = { metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } };
    try {
      await client.patch(Pod, keyOf(pod), "strategic", patch);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** The Job is gone, its Pods may still wait to be counted. */
async function releaseLeft(key: ObjectKey, deps: Deps): Promise<void> {
  const { lister } = deps.informers.of(Pod);
  const left = lister
    .list({ namespace: key.namespace as string })
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind, name, controller: controls }) => controls && kind === Job.kind && name === key.name),
    );
  await release(left, deps);
}

/** A finished Job goes after its time to live, and its Pods with it. */
async function expire(job: JobObject, client: Deps["client"], nowMs: number): Promise<Outcome> {
  const seconds = job.spec?.ttlSecondsAfterFinished;
  if (seconds === undefined) return done;
  const end = job.status?.conditions?.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
  const waitMs = (parseTime(end?.lastTransitionTime) ?? nowMs) + seconds * 1000 - nowMs;
  if (waitMs > 0) return requeueAfter(waitMs, "the time to live passes");
  try {
    await client.delete(Job, keyOf(job), { propagationPolicy: "Foreground", preconditions: { uid: job.metadata.uid as string } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return done;
}
