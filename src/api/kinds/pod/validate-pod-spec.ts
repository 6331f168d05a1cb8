/** Everything wrong with a Pod spec or a Pod template, after defaults. */
import { field } from "../../errors.ts";
import type { PodSpec, PodTemplateSpec } from "../../types.ts";
import {
  type Errors,
  ruleAnnotations,
  ruleIp,
  ruleLabels,
  ruleName,
  ruleNonNegative,
  ruleOneOf,
  ruleOneOfOptional,
  ruleRequired,
  ruleUserId,
} from "../field-rules.ts";
import { ruleResources } from "../quantities.ts";
import { ruleContainers, ruleHostLabel, ruleSeccompProfile } from "./validate-containers.ts";
import { ruleDeadline, rulePlacement } from "./validate-scheduling.ts";
import { ruleVolumes } from "./validate-volumes.ts";

const sysctlMaxChars = 253;
const sysctlFormat = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const sysctlName = new RegExp(`^${sysctlFormat}$`);

const dnsPolicies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];

/** Adds what is wrong with a Pod spec; `path` is that of the spec. */
export function rulePodSpec(errors: Errors, path: string, spec: PodSpec | undefined): void {
  if (!spec) {
    errors.push(field.required(`${path}.containers`));
    return;
  }
  if (spec.volumes) ruleVolumes(errors, `${path}.volumes`, spec.volumes);
  ruleContainers(errors, path, spec);
  ruleOneOf(errors, `${path}.restartPolicy`, spec.restartPolicy, ["Always", "Never", "OnFailure"]);
  ruleDns(errors, path, spec);
  ruleNonNegative(errors, `${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds);
  ruleDeadline(errors, `${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds);
  ruleLabels(errors, `${path}.nodeSelector`, spec.nodeSelector);
  if (spec.securityContext) rulePodSecurity(errors, `${path}.securityContext`, spec.securityContext);
  rulePlacement(errors, path, spec);
  if (spec.serviceAccountName) ruleName(errors, `${path}.serviceAccountName`, "dns1123-subdomain", spec.serviceAccountName);
  if (spec.nodeName) ruleName(errors, `${path}.nodeName`, "dns1123-subdomain", spec.nodeName);
  if (spec.runtimeClassName) ruleName(errors, `${path}.runtimeClassName`, "dns1123-subdomain", spec.runtimeClassName);
  if (spec.priorityClassName) ruleName(errors, `${path}.priorityClassName`, "dns1123-subdomain", spec.priorityClassName);
  ruleOneOfOptional(errors, `${path}.preemptionPolicy`, spec.preemptionPolicy, ["Never", "PreemptLowerPriority"]);
  if (spec.os) ruleOneOf(errors, `${path}.os.name`, spec.os.name, ["linux", "windows"]);
  ruleResources(errors, `${path}.resources`, spec.resources);
  ruleHostLabel(errors, `${path}.hostname`, spec.hostname);
  ruleHostLabel(errors, `${path}.subdomain`, spec.subdomain);
  for (const [i, secret] of (spec.imagePullSecrets ?? []).entries())
    ruleRequired(errors, `${path}.imagePullSecrets[${i}].name`, secret.name);
  for (const [i, alias] of (spec.hostAliases ?? []).entries()) {
    ruleIp(errors, `${path}.hostAliases[${i}].ip`, alias.ip ?? "");
    for (const [j, name] of (alias.hostnames ?? []).entries()) {
      ruleName(errors, `${path}.hostAliases[${i}].hostnames[${j}]`, "dns1123-subdomain", name);
    }
  }
  for (const [i, gate] of (spec.readinessGates ?? []).entries()) {
    ruleName(errors, `${path}.readinessGates[${i}].conditionType`, "qualified-name", gate.conditionType ?? "");
  }
}

function ruleDns(errors: Errors, path: string, spec: PodSpec): void {
  ruleOneOf(errors, `${path}.dnsPolicy`, spec.dnsPolicy, dnsPolicies);
  const config = spec.dnsConfig;
  const servers = config?.nameservers ?? [];
  if (spec.dnsPolicy === "None" && servers.length === 0) {
    const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    errors.push(field.required(`${path}.dnsConfig${config ? ".nameservers" : ""}`, detail));
  }
  for (const [i, server] of servers.entries()) ruleIp(errors, `${path}.dnsConfig.nameservers[${i}]`, server);
  for (const [i, option] of (config?.options ?? []).entries()) {
    if (!option.name) errors.push(field.required(`${path}.dnsConfig.options[${i}]`, "must not be empty"));
  }
}

function rulePodSecurity(errors: Errors, path: string, context: NonNullable<PodSpec["securityContext"]>): void {
  ruleUserId(errors, `${path}.fsGroup`, context.fsGroup);
  ruleUserId(errors, `${path}.runAsUser`, context.runAsUser);
  ruleUserId(errors, `${path}.runAsGroup`, context.runAsGroup);
  for (const [i, group] of (context.supplementalGroups ?? []).entries()) ruleUserId(errors, `${path}.supplementalGroups[${i}]`, group);
  ruleOneOfOptional(errors, `${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]);
  ruleSeccompProfile(errors, `${path}.seccompProfile`, context.seccompProfile);
  const seen = new Set<string>();
  for (const [i, sysctl] of (context.sysctls ?? []).entries()) {
    const at = `${path}.sysctls[${i}].name`;
    if (!ruleRequired(errors, at, sysctl.name)) continue;
    if (sysctl.name.length > sysctlMaxChars || !sysctlName.test(sysctl.name)) {
      errors.push(field.invalid(at, sysctl.name, `must have at most ${sysctlMaxChars} characters and match regex ${sysctlFormat}`));
    } else if (seen.has(sysctl.name)) errors.push(field.duplicate(at, sysctl.name));
    seen.add(sysctl.name);
  }
}

/** Adds what is wrong with a Pod template; `path` is that of the template. */
export function rulePodTemplate(errors: Errors, path: string, template: PodTemplateSpec | undefined): void {
  ruleLabels(errors, `${path}.labels`, template?.metadata?.labels);
  ruleAnnotations(errors, `${path}.annotations`, template?.metadata?.annotations);
  rulePodSpec(errors, `${path}.spec`, template?.spec);
  if (template?.spec?.ephemeralContainers) {
    errors.push(field.forbidden(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"));
  }
}
