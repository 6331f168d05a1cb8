/** Makes a Job whenever a CronJob falls due, and removes the oldest that have ended. Writes Jobs and status. */
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../../api/errors.ts";
import { CronJob } from "../../api/kinds/cron-job/index.ts";
import { Job } from "../../api/kinds/job/index.ts";
import { keyOf, type ObjectKey } from "../../api/meta/object.ts";
import type { CronJob as CronJobObject, Job as JobObject, ObjectReference } from "../../api/types.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { byController } from "../../client/lister.ts";
import type { EventRecorder } from "../../client/recorder.ts";
import { isConditionTrue } from "../../machinery/conditions.ts";
import { deepEqual } from "../../machinery/equality.ts";
import { controllerReference } from "../../machinery/owners.ts";
import { type Controller, type ControllerDeps, controller } from "../../client/controller.ts";
import { done, type Outcome, requeueAfter } from "../../client/outcome.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";

const component = "cronjob-controller";
/** More missed times than this are worth a warning. */
const missedMax = 100;
const scheduledKey = "batch.kubernetes.io/cronjob-scheduled-timestamp";

interface Deps extends ControllerDeps {
  readonly recorder: EventRecorder;
}

/** The controller of CronJobs. */
export function cronJobController(controllerDeps: ControllerDeps): Controller {
  const deps: Deps = { ...controllerDeps, recorder: controllerDeps.recorderFor(component) };
  return controller(component, deps)
    .reconciles(CronJob)
    .owns(Job)
    .with((key) => reconcile(key, deps));
}

const hasEnded = ({ status }: JobObject): boolean =>
  isConditionTrue(status?.conditions, "Complete") || isConditionTrue(status?.conditions, "Failed");

async function reconcile(key: ObjectKey, deps: Deps): Promise<Outcome> {
  const { informers, world } = deps;
  const cronJob = informers.of(CronJob).lister.get(key);
  if (!cronJob || cronJob.metadata.deletionTimestamp !== undefined) return done;
  const jobs = informers.of(Job).lister.byIndex(byController, cronJob.metadata.uid as string);
  await removeOldest(cronJob, jobs, deps);
  const ended = tellOfEnded(cronJob, jobs, deps);
  if (cronJob.spec.suspend) {
    await report(cronJob, ended, deps);
    return done;
  }
  const schedule = parseSchedule(cronJob.spec.schedule, cronJob.spec.timeZone);
  const nowMs = world.clock.now();
  const dueMs = lastDue(cronJob, schedule, nowMs, deps);
  const status = dueMs === undefined ? ended : await start(cronJob, dueMs, ended, deps);
  await report(cronJob, status ?? ended, deps);
  const nextMs = schedule.next(nowMs);
  return nextMs === undefined ? done : requeueAfter(nextMs - nowMs, "the schedule falls due");
}

type Status = NonNullable<CronJobObject["status"]>;

/** The status as far as its active Jobs are concerned. */
function tellOfEnded(cronJob: CronJobObject, jobs: readonly JobObject[], { recorder }: Deps): Status {
  const known = new Set((cronJob.status?.active ?? []).map(({ uid }) => uid));
  let { lastSuccessfulTime } = cronJob.status ?? {};
  for (const job of jobs) {
    if (!hasEnded(job)) continue;
    const completion = job.status?.completionTime;
    if (completion !== undefined && (lastSuccessfulTime === undefined || completion > lastSuccessfulTime)) lastSuccessfulTime = completion;
    if (!known.has(job.metadata.uid)) continue;
    const how = isConditionTrue(job.status?.conditions, "Complete") ? "Complete" : "Failed";
    recorder.event(cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${how}`);
  }
  const active = jobs.filter((job) => !hasEnded(job)).map(referenceTo);
  const { lastScheduleTime } = cronJob.status ?? {};
  return {
    ...(active.length > 0 && { active }),
    ...(lastScheduleTime !== undefined && { lastScheduleTime }),
    ...(lastSuccessfulTime !== undefined && { lastSuccessfulTime }),
  };
}

const referenceTo = ({ metadata }: JobObject): ObjectReference => ({
  apiVersion: "batch/v1",
  kind: "Job",
  name: metadata.name as string,
  namespace: metadata.namespace as string,
  ...(metadata.resourceVersion !== undefined && { resourceVersion: metadata.resourceVersion }),
  uid: metadata.uid as string,
});

/** The latest time that has fallen due and has not been served. Earlier ones are lost. */
function lastDue(cronJob: CronJobObject, schedule: Schedule, nowMs: number, { recorder }: Deps): number | undefined {
  const { startingDeadlineSeconds } = cronJob.spec;
  let sinceMs = parseTime(cronJob.status?.lastScheduleTime) ?? parseTime(cronJob.metadata.creationTimestamp) ?? nowMs;
  if (startingDeadlineSeconds !== undefined) sinceMs = Math.max(sinceMs, nowMs - startingDeadlineSeconds * 1000);
  let due: number | undefined;
  let missed = 0;
  for (let at = schedule.next(sinceMs); at !== undefined && at <= nowMs; at = schedule.next(at)) {
    due = at;
    // So many that walking through them is a waste: go on from just before now.
    if (++missed === missedMax) {
      const message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      recorder.event(cronJob, "Warning", "TooManyMissedTimes", message);
      const step = (schedule.next(at) ?? at) - at;
      at = Math.max(at, nowMs - 2 * step);
    }
  }
  return due;
}

/** Makes the Job of a time, as far as the others allow. Undefined: not now. */
async function start(cronJob: CronJobObject, dueMs: number, status: Status, deps: Deps): Promise<Status | undefined> {
  const { client, recorder } = deps;
  const active = status.active ?? [];
  if (cronJob.spec.concurrencyPolicy === "Forbid" && active.length > 0) {
    recorder.event(
      cronJob,
      "Normal",
      "JobAlreadyActive",
      "Not starting job because prior execution is running and concurrency policy is Forbid",
    );
    return undefined;
  }
  if (cronJob.spec.concurrencyPolicy === "Replace")
    for (const { name = "", namespace = "" } of active) await remove(cronJob, { name, namespace }, deps);
  const kept = cronJob.spec.concurrencyPolicy === "Replace" ? [] : active;
  const lastScheduleTime = formatTime(dueMs);
  try {
    const created = await client.create(Job, newJob(cronJob, dueMs));
    recorder.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${created.metadata.name}`);
    return { ...status, active: [...kept, referenceTo(created)], lastScheduleTime };
  } catch (error) {
    // Made by a pass that did not come to writing its status.
    if (isAlreadyExists(error)) return { ...status, lastScheduleTime };
    if (isNamespaceTerminating(error)) return undefined;
    recorder.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

/** The name says for which minute: nobody makes two. */
function newJob(cronJob: CronJobObject, dueMs: number): JobObject {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${cronJob.metadata.name}-${Math.floor(dueMs / 60_000)}`,
      namespace: cronJob.metadata.namespace as string,
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: { ...metadata?.annotations, [scheduledKey]: formatTime(dueMs) },
      ownerReferences: [controllerReference(cronJob)],
    },
    ...(spec && { spec }),
  };
}

/** The history keeps the youngest of those that succeeded, and of those that failed. */
async function removeOldest(cronJob: CronJobObject, jobs: readonly JobObject[], deps: Deps): Promise<void> {
  const limits = { Complete: cronJob.spec.successfulJobsHistoryLimit ?? 3, Failed: cronJob.spec.failedJobsHistoryLimit ?? 1 };
  for (const [type, limit] of Object.entries(limits)) {
    const ended = jobs.filter(
      ({ status, metadata }) => isConditionTrue(status?.conditions, type) && metadata.deletionTimestamp === undefined,
    );
    const oldestFirst = ended.toSorted((a, b) => (ageText(a) < ageText(b) ? -1 : 1));
    for (const job of oldestFirst.slice(0, Math.max(0, ended.length - limit))) await remove(cronJob, keyOf(job), deps);
  }
}

const ageText = ({ metadata, status }: JobObject): string => `${status?.startTime ?? metadata.creationTimestamp ?? ""} ${metadata.name}`;

async function remove(cronJob: CronJobObject, key: ObjectKey, { client, recorder }: Deps): Promise<void> {
  try {
    await client.delete(Job, key, { propagationPolicy: "Background" });
    recorder.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${key.name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    recorder.event(cronJob, "Warning", "FailedDelete", `Deleted job: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

/** References keep the version that they had when they were made, so that a Job's own progress is no change of its CronJob. */
async function report(cronJob: CronJobObject, status: Status, { client }: Deps): Promise<void> {
  const known = new Map((cronJob.status?.active ?? []).map((reference) => [reference.uid, reference]));
  const active = status.active?.map((reference) => known.get(reference.uid) ?? reference);
  const next = { ...status, ...(active && { active }) };
  if (deepEqual(next, cronJob.status ?? {})) return;
  try {
    await client.update(CronJob, { ...cronJob, status: next }, { subresource: "status" });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
