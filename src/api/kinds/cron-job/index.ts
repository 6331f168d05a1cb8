/** The kind CronJob: Jobs by the clock. */
import { humanAge } from "../../../machinery/duration.ts";
import { type FieldError, field } from "../../errors.ts";
import { defineKind } from "../../kind.ts";
import type { CronJob as CronJobObject, JobSpec } from "../../types.ts";
import { ageColumn, nameColumn, numberColumn, selectorCell, templateColumns, textColumn, wide } from "../columns.ts";
import { type Errors, ruleNonNegative, ruleOneOf, ruleRequired } from "../field-rules.ts";
import { ruleJobSpec } from "../job/validation.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";
import { keepSpec } from "../status-writes.ts";
import { scheduleProblem } from "./schedule.ts";

/** A Job's name is the CronJob's and eleven more characters, and must fit a label. */
const nameMax = 52;

/** CronJob (batch/v1). */
export const CronJob = defineKind<CronJobObject>({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  scope: "Namespaced",
  schema: "batch.v1.CronJob",
  shortNames: ["cj"],
  categories: ["all"],
  defaults(cronJob) {
    const spec = cronJob.spec;
    if (!spec) return;
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    if (spec.jobTemplate?.spec) {
      omitZero(spec.jobTemplate.spec, ["manualSelector"]);
      defaultPodTemplate(spec.jobTemplate.spec.template);
    }
  },
  validate,
  prepareForCreate(cronJob) {
    cronJob.status = {};
  },
  status: { prepareForUpdate: keepSpec },
  columns: [
    nameColumn,
    textColumn("Schedule", (cronJob) => cronJob.spec?.schedule ?? ""),
    textColumn("Timezone", (cronJob) => cronJob.spec?.timeZone ?? "<none>"),
    textColumn("Suspend", (cronJob) => (cronJob.spec?.suspend === undefined ? "<unset>" : cronJob.spec.suspend ? "True" : "False")),
    numberColumn("Active", (cronJob) => cronJob.status?.active?.length),
    textColumn("Last Schedule", (cronJob, { now }) =>
      cronJob.status?.lastScheduleTime ? humanAge(cronJob.status.lastScheduleTime, now) : "<none>",
    ),
    ageColumn,
    ...templateColumns<CronJobObject>((cronJob) => cronJob.spec?.jobTemplate?.spec?.template),
    wide(textColumn("Selector", (cronJob) => selectorCell(cronJob.spec?.jobTemplate?.spec?.selector))),
  ],
});

function validate(cronJob: CronJobObject): FieldError[] {
  const errors: Errors = [];
  const spec = cronJob.spec ?? ({} as NonNullable<CronJobObject["spec"]>);
  if ((cronJob.metadata.name ?? "").length > nameMax) {
    errors.push(field.invalid("metadata.name", cronJob.metadata.name, `must be no more than ${nameMax} characters`));
  }
  if (ruleRequired(errors, "spec.schedule", spec.schedule)) {
    const problem = scheduleProblem(spec.schedule);
    if (problem !== undefined) errors.push(field.invalid("spec.schedule", spec.schedule, problem));
  }
  ruleNonNegative(errors, "spec.startingDeadlineSeconds", spec.startingDeadlineSeconds);
  if (spec.timeZone !== undefined) ruleTimeZone(errors, spec.timeZone);
  ruleOneOf(errors, "spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]);
  const job = spec.jobTemplate?.spec ?? ({} as JobSpec);
  if (job.manualSelector) errors.push(field.notSupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]));
  ruleJobSpec(errors, "spec.jobTemplate.spec", job);
  ruleNonNegative(errors, "spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit);
  ruleNonNegative(errors, "spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit);
  return errors;
}

function ruleTimeZone(errors: Errors, zone: string): void {
  if (zone === "") errors.push(field.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string"));
  else if (zone.toLowerCase() === "local")
    errors.push(
      field.invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"),
    );
  else if (!isTimeZone(zone)) errors.push(field.invalid("spec.timeZone", zone, `unknown time zone ${zone}`));
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
