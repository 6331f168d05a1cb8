/** Rules for where a Pod may run: affinity, tolerations, spreading. */
import { field } from "../../errors.ts";
import type { Affinity, NodeSelectorTerm, PodAffinityTerm, PodSpec, Toleration, TopologySpreadConstraint } from "../../types.ts";
import {
  type Errors,
  ruleLabelSelector,
  ruleName,
  ruleOneOf,
  ruleOneOfOptional,
  ruleRange,
  ruleRequired,
  rulePositive,
} from "../field-rules.ts";

const taintEffects = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

/** Everything in a Pod spec that speaks of placement. */
export function rulePlacement(errors: Errors, path: string, spec: PodSpec): void {
  if (spec.affinity) ruleAffinity(errors, `${path}.affinity`, spec.affinity);
  if (spec.tolerations) ruleTolerations(errors, `${path}.tolerations`, spec.tolerations);
  if (spec.topologySpreadConstraints) ruleSpread(errors, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  const gates = new Set<string>();
  for (const [i, gate] of (spec.schedulingGates ?? []).entries()) {
    ruleName(errors, `${path}.schedulingGates[${i}]`, "qualified-name", gate.name ?? "");
    if (gates.has(gate.name)) errors.push(field.duplicate(`${path}.schedulingGates[${i}]`, gate.name));
    gates.add(gate.name);
  }
}

function ruleAffinity(errors: Errors, path: string, affinity: Affinity): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required) ruleNodeSelector(errors, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`, required);
  for (const [i, term] of (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    ruleWeight(errors, at, term.weight);
    ruleNodeSelectorTerm(errors, `${at}.preference`, term.preference ?? {});
  }
  if (podAffinity) rulePodAffinity(errors, `${path}.podAffinity`, podAffinity);
  if (podAntiAffinity) rulePodAffinity(errors, `${path}.podAntiAffinity`, podAntiAffinity);
}

function ruleWeight(errors: Errors, path: string, weight: number | undefined): void {
  if (weight === undefined || weight < 1 || weight > 100)
    errors.push(field.invalid(`${path}.weight`, weight ?? 0, "must be in the range 1-100"));
}

/** A selector of nodes with at least one term. */
export function ruleNodeSelector(errors: Errors, path: string, selector: { nodeSelectorTerms?: NodeSelectorTerm[] }): void {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) errors.push(field.required(`${path}.nodeSelectorTerms`, "must have at least one node selector term"));
  for (const [i, term] of terms.entries()) ruleNodeSelectorTerm(errors, `${path}.nodeSelectorTerms[${i}]`, term);
}

function ruleNodeSelectorTerm(errors: Errors, path: string, term: NodeSelectorTerm): void {
  for (const list of ["matchExpressions", "matchFields"] as const) {
    for (const [i, { key, operator, values }] of (term[list] ?? []).entries()) {
      const at = `${path}.${list}[${i}]`;
      const count = values?.length ?? 0;
      if (list === "matchFields") {
        if (operator !== "In" && operator !== "NotIn")
          errors.push(field.invalid(`${at}.operator`, operator, "not a valid selector operator"));
        else if (count !== 1)
          errors.push(field.required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
        if (key !== "metadata.name") errors.push(field.invalid(`${at}.key`, key, "not a valid field selector key"));
        continue;
      }
      switch (operator) {
        case "In":
        case "NotIn":
          if (count === 0) errors.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
          break;
        case "Exists":
        case "DoesNotExist":
          if (count > 0) errors.push(field.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
          break;
        case "Gt":
        case "Lt":
          if (count !== 1) errors.push(field.required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
          break;
        default:
          errors.push(field.invalid(`${at}.operator`, operator, "not a valid selector operator"));
      }
      ruleName(errors, `${at}.key`, "qualified-name", key ?? "");
    }
  }
}

function rulePodAffinity(errors: Errors, path: string, affinity: NonNullable<Affinity["podAffinity"]>): void {
  for (const [i, term] of (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    rulePodAffinityTerm(errors, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, term);
  }
  for (const [i, weighted] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    ruleWeight(errors, at, weighted.weight);
    rulePodAffinityTerm(errors, `${at}.podAffinityTerm`, weighted.podAffinityTerm ?? {});
  }
}

function rulePodAffinityTerm(errors: Errors, path: string, term: PodAffinityTerm): void {
  ruleLabelSelector(errors, `${path}.labelSelector`, term.labelSelector);
  ruleLabelSelector(errors, `${path}.namespaceSelector`, term.namespaceSelector);
  for (const [i, namespace] of (term.namespaces ?? []).entries()) ruleName(errors, `${path}.namespaces[${i}]`, "dns1123-label", namespace);
  if (ruleRequired(errors, `${path}.topologyKey`, term.topologyKey, "can not be empty")) {
    ruleName(errors, `${path}.topologyKey`, "qualified-name", term.topologyKey);
  }
}

function ruleTolerations(errors: Errors, path: string, tolerations: readonly Toleration[]): void {
  for (let i = 0; i < tolerations.length; i++) {
    const { key, operator, value, effect, tolerationSeconds } = tolerations[i]!;
    const at = `${path}[${i}]`;
    if (key) ruleName(errors, `${at}.key`, "qualified-name", key);
    if (!key && operator !== "Exists") {
      errors.push(
        field.invalid(
          `${at}.operator`,
          operator ?? "",
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.push(field.invalid(`${at}.effect`, effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === undefined || operator === "" || operator === "Equal") {
      if (value) ruleName(errors, `${at}.operator`, "label-value", value);
    } else if (operator === "Exists") {
      if (value) errors.push(field.invalid(`${at}.operator`, tolerations[i], "value must be empty when `operator` is 'Exists'"));
    } else errors.push(field.notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    if (effect) ruleOneOfOptional(errors, `${at}.effect`, effect, taintEffects);
  }
}

function ruleSpread(errors: Errors, path: string, constraints: readonly TopologySpreadConstraint[]): void {
  const seen = new Set<string>();
  for (let i = 0; i < constraints.length; i++) {
    const constraint = constraints[i]!;
    const at = `${path}[${i}]`;
    rulePositive(errors, `${at}.maxSkew`, constraint.maxSkew ?? 0);
    if (ruleRequired(errors, `${at}.topologyKey`, constraint.topologyKey, "can not be empty")) {
      ruleName(errors, `${at}.topologyKey`, "qualified-name", constraint.topologyKey);
    }
    ruleOneOf(errors, `${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
    const pair = `{${constraint.topologyKey}, ${constraint.whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(field.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    rulePositive(errors, `${at}.minDomains`, constraint.minDomains);
    if (constraint.minDomains !== undefined && constraint.whenUnsatisfiable !== "DoNotSchedule") {
      const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${constraint.whenUnsatisfiable}`;
      errors.push(field.invalid(`${at}.minDomains`, constraint.minDomains, detail));
    }
    ruleOneOfOptional(errors, `${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ["Honor", "Ignore"]);
    ruleOneOfOptional(errors, `${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ["Honor", "Ignore"]);
    ruleLabelSelector(errors, `${at}.labelSelector`, constraint.labelSelector);
  }
}

/** The taints of a node. */
export function ruleTaints(errors: Errors, path: string, taints: readonly { key: string; value?: string; effect: string }[]): void {
  const seen = new Set<string>();
  for (let i = 0; i < taints.length; i++) {
    const { key, value, effect } = taints[i]!;
    const at = `${path}[${i}]`;
    ruleName(errors, `${at}.key`, "qualified-name", key ?? "");
    if (value) ruleName(errors, `${at}.value`, "label-value", value);
    ruleOneOf(errors, `${at}.effect`, effect, taintEffects);
    const pair = `${key}:${effect}`;
    if (seen.has(pair)) errors.push(field.duplicate(at, taints[i]));
    seen.add(pair);
  }
}

/** An end of life of a Pod in seconds, as activeDeadlineSeconds. */
export const ruleDeadline = (errors: Errors, path: string, seconds: number | undefined): void =>
  ruleRange(errors, path, seconds, 1, 2 ** 31 - 1);
