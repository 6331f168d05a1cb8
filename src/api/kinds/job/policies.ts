/** What may be said in a Job's podFailurePolicy and successPolicy. */
import { type FieldError, field } from "../../errors.ts";
import type { JobSpec, PodFailurePolicyRule, SuccessPolicyRule } from "../../types.ts";
import { type Errors, ruleNonNegative, ruleOneOf, ruleRequired } from "../field-rules.ts";

const rulesMax = 20;
const exitCodesMax = 255;
const patternsMax = 20;
const succeededIndexesMaxBytes = 64 * 1024;
const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
const operators = ["In", "NotIn"];
const statuses = ["False", "True", "Unknown"];

const choices = (values: readonly string[]): string => `valid values: [${values.map((value) => JSON.stringify(value)).join(" ")}]`;

/** Adds what is wrong with spec.podFailurePolicy at `path`, if there is one. */
export function rulePodFailurePolicy(errors: Errors, path: string, spec: JobSpec): void {
  const rules = spec.podFailurePolicy?.rules;
  if (!rules) return;
  if (rules.length > rulesMax) errors.push(field.tooMany(`${path}.rules`, rules.length, rulesMax));
  for (const [at, rule] of rules.entries()) ruleFailureRule(errors, `${path}.rules[${at}]`, rule, spec);
}

function ruleFailureRule(errors: Errors, path: string, rule: PodFailurePolicyRule, spec: JobSpec): void {
  const { onExitCodes, onPodConditions = [] } = rule;
  if (rule.action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    errors.push(field.invalid(`${path}.action`, rule.action, "requires the backoffLimitPerIndex to be set"));
  } else ruleChoice(errors, `${path}.action`, rule.action, actions);
  if (onExitCodes) {
    const { template } = spec;
    const names = [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])].map(({ name }) => name);
    ruleExitCodes(errors, `${path}.onExitCodes`, onExitCodes, names);
  }
  if (onPodConditions.length > patternsMax) errors.push(field.tooMany(`${path}.onPodConditions`, onPodConditions.length, patternsMax));
  for (const [at, { status }] of onPodConditions.entries()) {
    ruleChoice(errors, `${path}.onPodConditions[${at}].status`, status, statuses);
  }
  if (onExitCodes && onPodConditions.length > 0) {
    errors.push(shapeError(path, "both", "is not supported"));
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    errors.push(shapeError(path, "one of", "is required"));
  }
}

const shapeError = (path: string, which: string, is: string): FieldError => ({
  reason: "FieldValueInvalid",
  field: path,
  message: `Invalid value: specifying ${which} OnExitCodes and OnPodConditions ${is}`,
});

function ruleChoice(errors: Errors, path: string, value: string | undefined, allowed: readonly string[]): void {
  if (ruleRequired(errors, path, value || undefined, choices(allowed))) ruleOneOf(errors, path, value, allowed);
}

type ExitCodes = NonNullable<PodFailurePolicyRule["onExitCodes"]>;

function ruleExitCodes(errors: Errors, path: string, { containerName, operator, values = [] }: ExitCodes, names: readonly string[]): void {
  ruleChoice(errors, `${path}.operator`, operator, operators);
  if (containerName !== undefined && !names.includes(containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    errors.push(field.invalid(`${path}.containerName`, containerName, detail));
  }
  if (values.length === 0) errors.push(field.invalid(`${path}.values`, values, "at least one value is required"));
  else if (values.length > exitCodesMax) errors.push(field.tooMany(`${path}.values`, values.length, exitCodesMax));
  const seen = new Set<number>();
  for (const [at, value] of values.entries()) {
    if (operator === "In" && value === 0) errors.push(field.invalid(`${path}.values[${at}]`, value, "must not be 0 for the In operator"));
    if (seen.has(value)) errors.push(field.duplicate(`${path}.values[${at}]`, value));
    seen.add(value);
  }
  if (values.some((value, at) => at > 0 && (values[at - 1] as number) > value)) {
    errors.push(field.invalid(`${path}.values`, values, "must be ordered"));
  }
}

/** Adds what is wrong with spec.successPolicy at `path`, if there is one. */
export function ruleSuccessPolicy(errors: Errors, path: string, spec: JobSpec): void {
  if (!spec.successPolicy) return;
  if (spec.completionMode !== "Indexed") {
    errors.push(field.invalid(path, spec.successPolicy, "requires indexed completion mode"));
    return;
  }
  const rules = spec.successPolicy.rules ?? [];
  if (rules.length === 0) {
    errors.push(field.required(`${path}.rules`, "at least one rules must be specified when the successPolicy is specified"));
  }
  if (rules.length > rulesMax) errors.push(field.tooMany(`${path}.rules`, rules.length, rulesMax));
  for (const [at, rule] of rules.entries()) ruleSuccessRule(errors, `${path}.rules[${at}]`, rule, spec.completions ?? 0);
}

function ruleSuccessRule(errors: Errors, path: string, rule: SuccessPolicyRule, completions: number): void {
  const { succeededCount, succeededIndexes } = rule;
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(field.required(path, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  let named = 0;
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (succeededIndexes.length > succeededIndexesMaxBytes) errors.push(field.tooLong(at, succeededIndexesMaxBytes));
    const read = readIndexes(succeededIndexes, completions);
    if (typeof read === "string") errors.push(field.invalid(at, succeededIndexes, `error parsing succeededIndexes: ${read}`));
    else named = read;
  }
  if (succeededCount === undefined) return;
  const at = `${path}.succeededCount`;
  const most = (limit: number, what: string) =>
    errors.push(field.invalid(at, succeededCount, `must be less than or equal to ${limit} (the number of ${what})`));
  ruleNonNegative(errors, at, succeededCount);
  if (succeededCount > completions) most(completions, "specified completions");
  if (succeededIndexes !== undefined && succeededCount > named) most(named, "indexes in the specified succeededIndexes field");
}

/** How many indexes a text such as `0,2-4` names, or what is wrong with it. */
function readIndexes(text: string, completions: number): number | string {
  if (text === "") return 0;
  let total = 0;
  let previous = -1;
  for (const part of text.split(",")) {
    const ends = part.split("-");
    if (ends.length > 2) {
      return `the fragment ${JSON.stringify(part)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    }
    for (const end of ends) {
      if (!/^\d{1,10}$/.test(end)) return `cannot convert string to integer for index: ${JSON.stringify(end)}`;
      if (Number(end) >= completions) return `too large index: ${JSON.stringify(end)}`;
      if (Number(end) <= previous) return `non-increasing order, previous: ${previous}, current: ${Number(end)}`;
      previous = Number(end);
    }
    total += ends.length === 1 ? 1 : previous - Number(ends[0]) + 1;
  }
  return total;
}
