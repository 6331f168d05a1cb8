/** Everything wrong with a Job, and with a change of one. */
import { compileLabelSelector } from "../../../machinery/selectors.ts";
import { type FieldError, field } from "../../errors.ts";
import type { Job, JobSpec, PodTemplateSpec } from "../../types.ts";
import { type Errors, ruleImmutable, ruleLabelSelector, ruleNonNegative, ruleOneOf } from "../field-rules.ts";
import { rulePodTemplate } from "../pod/validate-pod-spec.ts";

/** Validates a Job after defaults and after its selector was made. */
export function validateJob(job: Job): FieldError[] {
  const errors: Errors = [];
  const spec = job.spec ?? ({} as JobSpec);
  ruleJobSpec(errors, "spec", spec);
  if (!spec.selector) errors.push(field.required("spec.selector"));
  else {
    const found = errors.length;
    ruleLabelSelector(errors, "spec.selector", spec.selector);
    const labels = spec.template?.metadata?.labels;
    if (errors.length === found && !compileLabelSelector(spec.selector).matches(labels)) {
      errors.push(field.invalid("spec.template.metadata.labels", labels ?? {}, "`selector` does not match template `labels`"));
    }
  }
  return errors;
}

/** Adds what is wrong with the spec of a Job, or of one to come, at `path`. Its selector is the caller's. */
export function ruleJobSpec(errors: Errors, path: string, spec: JobSpec): void {
  const counts = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
  ] as const;
  for (const name of counts) ruleNonNegative(errors, `${path}.${name}`, spec[name]);
  if (spec.completionMode !== undefined) ruleOneOf(errors, `${path}.completionMode`, spec.completionMode, ["Indexed", "NonIndexed"]);
  if (spec.completionMode === "Indexed") {
    if (spec.completions === undefined) errors.push(field.required(`${path}.completions`, "when completion mode is Indexed"));
  } else {
    const detail = "requires indexed completion mode";
    if (spec.backoffLimitPerIndex !== undefined)
      errors.push(field.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, detail));
    if (spec.maxFailedIndexes !== undefined) errors.push(field.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, detail));
  }
  rulePodTemplate(errors, `${path}.template`, spec.template);
  ruleEnds(errors, `${path}.template`, spec);
}

function ruleEnds(errors: Errors, path: string, { template, podFailurePolicy }: JobSpec): void {
  const policy = template?.spec?.restartPolicy;
  if (policy === "Always") errors.push(field.required(`${path}.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  else if (podFailurePolicy && policy !== "Never") {
    errors.push(field.invalid(`${path}.spec.restartPolicy`, policy ?? "", 'only "Never" is supported when podFailurePolicy is specified'));
  }
}

/** Validates what a change changes: a Job's work is fixed; how much of it runs at once is not. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const errors: Errors = [];
  const spec = job.spec ?? ({} as JobSpec);
  const before = old.spec ?? ({} as JobSpec);
  const resized = spec.completionMode === "Indexed" && spec.completions === spec.parallelism;
  if (!resized) ruleImmutable(errors, "spec.completions", spec.completions ?? null, before.completions ?? null);
  ruleImmutable(errors, "spec.selector", spec.selector, before.selector);
  ruleTemplate(errors, spec, before, old);
  ruleImmutable(errors, "spec.completionMode", spec.completionMode, before.completionMode);
  ruleImmutable(errors, "spec.podFailurePolicy", spec.podFailurePolicy ?? null, before.podFailurePolicy ?? null);
  ruleImmutable(errors, "spec.backoffLimitPerIndex", spec.backoffLimitPerIndex ?? null, before.backoffLimitPerIndex ?? null);
  return errors;
}

/** A suspended Job that has not started may still be told where to run. */
function ruleTemplate(errors: Errors, spec: JobSpec, before: JobSpec, old: Job): void {
  const movable = before.suspend === true && old.status?.startTime === undefined;
  const kept = movable ? placedAs(before.template, spec.template) : before.template;
  ruleImmutable(errors, "spec.template", spec.template, kept);
}

function placedAs(template: PodTemplateSpec, from: PodTemplateSpec): PodTemplateSpec {
  if (!template?.spec || !from?.spec) return template;
  const spec: Record<string, unknown> = { ...template.spec };
  for (const name of ["nodeSelector", "affinity", "tolerations", "schedulingGates"] as const) {
    if (from.spec[name] === undefined) delete spec[name];
    else spec[name] = from.spec[name];
  }
  return { ...template, ...(from.metadata && { metadata: from.metadata }), spec: spec as unknown as NonNullable<PodTemplateSpec["spec"]> };
}
