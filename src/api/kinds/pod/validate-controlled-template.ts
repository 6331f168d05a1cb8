/** The rules that tie a workload's selector to its Pod template (VAL-1, VAL-3, VAL-4). */
import { compileLabelSelector } from "../../../machinery/selectors.ts";
import { field } from "../../errors.ts";
import type { LabelSelector, PodTemplateSpec } from "../../types.ts";
import { type Errors, isEmptySelector, ruleLabelSelector } from "../field-rules.ts";
import { rulePodTemplate } from "./validate-pod-spec.ts";

export interface TemplateWords {
  /** What an empty selector is "invalid for". */
  readonly selectorOf: string;
  /** The kind that the messages about the template name. */
  readonly templateOf: string;
}

/** Selector and template of a workload whose Pods are always restarted. `spec` is at the path `spec`. */
export function ruleControlledTemplate(
  errors: Errors,
  spec: { selector?: LabelSelector; template?: PodTemplateSpec },
  words: TemplateWords,
): void {
  const { selector, template } = spec;
  const found = errors.length;
  if (!selector) errors.push(field.required("spec.selector"));
  else {
    ruleLabelSelector(errors, "spec.selector", selector);
    if (isEmptySelector(selector))
      errors.push(field.invalid("spec.selector", selector, `empty selector is invalid for ${words.selectorOf}`));
  }
  // A selector that makes no sense cannot be held against the labels.
  const readable = selector !== undefined && !errors.slice(found).some((error) => error.field.startsWith("spec.selector."));
  if (readable && !isEmptySelector(selector)) {
    const labels = template?.metadata?.labels;
    if (!compileLabelSelector(selector).matches(labels)) {
      errors.push(field.invalid("spec.template.metadata.labels", labels ?? {}, "`selector` does not match template `labels`"));
    }
  }
  ruleAlwaysRestarted(errors, template, words.templateOf);
}

/** A template whose Pods are always restarted and have no deadline. */
export function ruleAlwaysRestarted(errors: Errors, template: PodTemplateSpec | undefined, templateOf: string): void {
  rulePodTemplate(errors, "spec.template", template);
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  if (restartPolicy === "Never" || restartPolicy === "OnFailure") {
    errors.push(field.notSupported("spec.template.spec.restartPolicy", restartPolicy, ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    errors.push(field.forbidden("spec.template.spec.activeDeadlineSeconds", `activeDeadlineSeconds in ${templateOf} is not Supported`));
  }
}
