/** What Kubernetes fills into a Job, and the selector that it makes for one. */
import type { Job } from "../../types.ts";
import { omitZero } from "../omit-zero.ts";
import { defaultPodTemplate } from "../pod/defaults.ts";

const backoffLimitDefault = 6;
const int32Max = 2 ** 31 - 1;

/** Fills a Job. */
export function defaultJob(job: Job): void {
  const spec = job.spec;
  if (!spec) return;
  omitZero(spec, ["manualSelector"]);
  // For a set number of completions one at a time is the default; without one, a single run.
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? backoffLimitDefault : int32Max;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  for (const rule of spec.podFailurePolicy?.rules ?? []) for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  const labels = spec.template?.metadata?.labels;
  if (labels && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
  defaultPodTemplate(spec.template);
}

const uidLabel = "batch.kubernetes.io/controller-uid";
const nameLabel = "batch.kubernetes.io/job-name";

/** A Job finds its Pods by its own uid, unless its author brings a selector. Needs metadata.uid and metadata.name. */
export function generateSelector(job: Job): void {
  const spec = job.spec;
  const { uid, name } = job.metadata;
  if (!spec?.template || spec.manualSelector || !uid || !name) return;
  const metadata = (spec.template.metadata ??= {});
  metadata.labels = { ...metadata.labels, [uidLabel]: uid, "controller-uid": uid, [nameLabel]: name, "job-name": name };
  spec.selector ??= {};
  spec.selector.matchLabels = { ...spec.selector.matchLabels, [uidLabel]: uid };
}
