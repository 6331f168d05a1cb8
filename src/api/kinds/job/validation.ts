/** Everything wrong with a Job, and with a change of one. */
import { compileLabelSelector } from "../../../machinery/selectors.ts";
import { type FieldError, field } from "../../errors.ts";
import type { Job, JobSpec, PodTemplateSpec } from "../../types.ts";
import { type Errors, ruleImmutable, ruleLabelSelector, ruleNonNegative, ruleOneOf } from "../field-rules.ts";
import { rulePodTemplate } from "../pod/validate-pod-spec.ts";
import { rulePodFailurePolicy, ruleSuccessPolicy } from "./policies.ts";

const parallelismMax = 100_000;
const failedIndexesMax = 100_000;
/** Beyond so many completions, a limit per index asks for narrower limits of the rest. */
const completionsFew = 100_000;
const parallelismMaxOfMany = 10_000;
const failedIndexesMaxOfMany = 10_000;

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
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(field.required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  }
  if (spec.completionMode === "Indexed") ruleIndexed(errors, path, spec);
  else {
    const detail = "requires indexed completion mode";
    if (spec.backoffLimitPerIndex !== undefined)
      errors.push(field.invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, detail));
    if (spec.maxFailedIndexes !== undefined) errors.push(field.invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, detail));
  }
  rulePodFailurePolicy(errors, `${path}.podFailurePolicy`, spec);
  ruleSuccessPolicy(errors, `${path}.successPolicy`, spec);
  const replacements = spec.podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  if (spec.podReplacementPolicy !== undefined) ruleOneOf(errors, `${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements);
  rulePodTemplate(errors, `${path}.template`, spec.template);
  ruleEnds(errors, `${path}.template`, spec);
}

function ruleIndexed(errors: Errors, path: string, spec: JobSpec): void {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const at = (name: string): string => `${path}.${name}`;
  if (completions === undefined) errors.push(field.required(at("completions"), "when completion mode is Indexed"));
  if (parallelism > parallelismMax) {
    const detail = `must be less than or equal to ${parallelismMax} when completion mode is Indexed`;
    errors.push(field.invalid(at("parallelism"), parallelism, detail));
  }
  const failed = maxFailedIndexes ?? 0;
  const tooMany = (detail: string) => errors.push(field.invalid(at("maxFailedIndexes"), failed, `must be less than or equal to ${detail}`));
  if (completions !== undefined && failed > completions) tooMany("completions");
  if (failed > failedIndexesMax) tooMany(String(failedIndexesMax));
  if (completions === undefined || completions <= completionsFew || backoffLimitPerIndex === undefined) return;
  const many = `when completions are above ${completionsFew} and used with backoff limit per index`;
  if (maxFailedIndexes === undefined) {
    errors.push(field.required(at("maxFailedIndexes"), `must be specified when completions is above ${completionsFew}`));
  }
  if (parallelism > parallelismMaxOfMany) {
    errors.push(field.invalid(at("parallelism"), parallelism, `must be less than or equal to ${parallelismMaxOfMany} ${many}`));
  }
  if (failed > failedIndexesMaxOfMany) tooMany(`${failedIndexesMaxOfMany} ${many}`);
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
  ruleImmutable(errors, "spec.successPolicy", spec.successPolicy ?? null, before.successPolicy ?? null);
  ruleImmutable(errors, "spec.managedBy", spec.managedBy ?? null, before.managedBy ?? null);
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
