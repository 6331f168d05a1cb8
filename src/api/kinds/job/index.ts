/** The kind Job: Pods that run to an end. */
import { parseTime } from "../../../base/time.ts";
import { isConditionTrue } from "../../../machinery/conditions.ts";
import { humanDuration } from "../../../machinery/duration.ts";
import { defineKind } from "../../kind.ts";
import type { Job as JobObject } from "../../types.ts";
import { ageColumn, nameColumn, selectorCell, templateColumns, textColumn, wide } from "../columns.ts";
import { podSpecWarnings } from "../pod/warnings.ts";
import { keepSpec } from "../status-writes.ts";
import { defaultJob, generateSelector } from "./defaults.ts";
import { validateJob, validateJobUpdate } from "./validation.ts";

/** Job (batch/v1). */
export const Job = defineKind<JobObject>({
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  scope: "Namespaced",
  schema: "batch.v1.Job",
  categories: ["all"],
  // What its clients always got: Pods survive unless told otherwise.
  defaultPropagation: "Orphan",
  defaults: defaultJob,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  prepareForCreate(job) {
    generateSelector(job);
    job.status = {};
  },
  warnings: (job) => podSpecWarnings("spec.template.spec", job.spec?.template?.spec),
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Status", statusCell),
    textColumn("Completions", completionsCell),
    textColumn("Duration", durationCell),
    ageColumn,
    ...templateColumns<JobObject>((job) => job.spec?.template),
    wide(textColumn("Selector", (job) => selectorCell(job.spec?.selector))),
  ],
  fieldSelectors: { "status.successful": (job) => String(job.status?.succeeded ?? 0) },
});

function statusCell(job: JobObject): string {
  const has = (type: string): boolean => isConditionTrue(job.status?.conditions, type);
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(has) ?? "Running";
}

function completionsCell(job: JobObject): string {
  const succeeded = job.status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = job.spec ?? {};
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell(job: JobObject, { now }: { readonly now: number }): string {
  const start = parseTime(job.status?.startTime);
  return start === undefined ? "" : humanDuration((parseTime(job.status?.completionTime) ?? now) - start);
}
