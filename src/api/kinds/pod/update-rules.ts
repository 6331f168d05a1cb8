/** What may change in a Pod after its creation: little by an update, and a little more by its subresources (API-88). */
import { deepEqual } from "../../../machinery/equality.ts";
import { deepCopy } from "../../../machinery/freeze.ts";
import { type FieldError, field } from "../../errors.ts";
import type { Container, ContainerStatus, Pod, PodSpec } from "../../types.ts";
import { type Errors, ruleName } from "../field-rules.ts";
import { podQosClass } from "./qos.ts";

const mutable = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

/** An update of the Pod itself. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: Errors = [];
  const spec = pod.spec;
  const before = old.spec;
  if (!spec || !before) return errors;
  for (const list of ["containers", "initContainers"] as const) {
    if ((spec[list]?.length ?? 0) !== (before[list]?.length ?? 0)) {
      errors.push(field.forbidden(`spec.${list}`, "pod updates may not add or remove containers"));
    }
  }
  if (errors.length > 0) return errors;
  ruleDeadlineUpdate(errors, spec.activeDeadlineSeconds, before.activeDeadlineSeconds);
  ruleGateRemoval(errors, spec, before);
  const allowed = allowedSpec(spec, before);
  if (!deepEqual(spec, allowed)) {
    errors.push(field.forbidden("spec", `pod updates may not change fields other than ${mutable}\n${difference(allowed, spec)}`));
  }
  return errors;
}

/** The old spec with everything taken over from the new one that may change. */
function allowedSpec(spec: PodSpec, before: PodSpec): PodSpec {
  const allowed = deepCopy(before);
  for (const list of ["containers", "initContainers"] as const) {
    for (const [i, container] of (allowed[list] ?? []).entries()) container.image = spec[list]![i]!.image as string;
  }
  assign(allowed, "activeDeadlineSeconds", spec.activeDeadlineSeconds);
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1)
    allowed.terminationGracePeriodSeconds = 1;
  if (onlyAdds(spec.tolerations, before.tolerations)) assign(allowed, "tolerations", spec.tolerations);
  if (before.schedulingGates?.length) {
    // What is not yet handed to the scheduler may still be narrowed down.
    assign(allowed, "schedulingGates", spec.schedulingGates);
    assign(allowed, "nodeSelector", spec.nodeSelector);
    assign(allowed, "affinity", spec.affinity);
  }
  return allowed;
}

function assign<K extends keyof PodSpec>(spec: PodSpec, name: K, value: PodSpec[K] | undefined): void {
  if (value === undefined) delete spec[name];
  else spec[name] = value;
}

/** Tolerations may be added, and the time of one may change; none may go. */
function onlyAdds(tolerations: PodSpec["tolerations"], before: PodSpec["tolerations"]): boolean {
  const bare = ({ tolerationSeconds: _, ...rest }: NonNullable<PodSpec["tolerations"]>[number]) => rest;
  const now = (tolerations ?? []).map(bare);
  return (before ?? []).every((old) => now.some((toleration) => deepEqual(toleration, bare(old))));
}

function ruleDeadlineUpdate(errors: Errors, seconds: number | undefined, before: number | undefined): void {
  const path = "spec.activeDeadlineSeconds";
  if (before === undefined || seconds === before) return;
  if (seconds === undefined) errors.push(field.invalid(path, null, "must not update from a positive integer to nil value"));
  else if (seconds > before) errors.push(field.invalid(path, seconds, "must be less than or equal to previous value"));
}

function ruleGateRemoval(errors: Errors, spec: PodSpec, before: PodSpec): void {
  const known = new Set((before.schedulingGates ?? []).map((gate) => gate.name));
  for (const [i, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (!known.has(name)) {
      errors.push(field.forbidden(`spec.schedulingGates[${i}]`, `only deletion is allowed, but found new scheduling gate '${name}'`));
    }
  }
}

/** The fields that differ, old and new, one under the other. */
function difference(before: PodSpec, after: PodSpec): string {
  const lines: string[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = before[name as keyof PodSpec];
    const now = after[name as keyof PodSpec];
    if (deepEqual(old, now)) continue;
    lines.push(`  ${name}:`, `-   ${JSON.stringify(old) ?? "<absent>"}`, `+   ${JSON.stringify(now) ?? "<absent>"}`);
  }
  return `${lines.join("\n")}\n`;
}

/** An update through the ephemeralcontainers subresource: containers may be added and nothing else. */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: Errors = [];
  const now = new Map((pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
  for (const [i, before] of (old.spec?.ephemeralContainers ?? []).entries()) {
    const path = `spec.ephemeralContainers[${i}]`;
    const container = now.get(before.name);
    if (!container) errors.push(field.forbidden(path, `existing ephemeral containers "${before.name}" may not be removed\n`));
    else if (!deepEqual(container, before)) {
      errors.push(field.forbidden(path, `existing ephemeral containers "${before.name}" may not be changed\n`));
    }
  }
  return errors;
}

/** An update through the resize subresource: cpu and memory of containers and nothing else. */
export function validateResize(pod: Pod, old: Pod): FieldError[] {
  if (!pod.spec || !old.spec) return [];
  const allowed = deepCopy(old.spec);
  for (const list of ["containers", "initContainers"] as const) {
    for (const [i, container] of (allowed[list] ?? []).entries()) takeResources(container, pod.spec[list]?.[i]);
  }
  if (!deepEqual(allowed, pod.spec)) return [field.forbidden("spec", "only cpu and memory resources are mutable")];
  if (podQosClass(pod.spec) !== podQosClass(old.spec)) {
    return [field.invalid("spec", podQosClass(pod.spec), "Pod QOS Class may not change as a result of resizing")];
  }
  return [];
}

function takeResources(container: Container, from: Container | undefined): void {
  if (!from) return;
  if (from.resizePolicy) container.resizePolicy = from.resizePolicy;
  const resources = (container.resources ??= {});
  for (const kind of ["limits", "requests"] as const) {
    const amounts = { ...resources[kind] };
    for (const name of ["cpu", "memory"]) {
      const amount = from.resources?.[kind]?.[name];
      if (amount === undefined) delete amounts[name];
      else amounts[name] = amount;
    }
    if (Object.keys(amounts).length > 0) resources[kind] = amounts;
    else delete resources[kind];
  }
}

/** A write of the status: a container that has ended for good stays ended. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: Errors = [];
  const nominated = pod.status?.nominatedNodeName;
  if (nominated) ruleName(errors, "status.nominatedNodeName", "dns1123-subdomain", nominated);
  const policy = old.spec?.restartPolicy;
  if (policy !== "Always")
    ruleEndings(errors, "status.containerStatuses", pod.status?.containerStatuses, old.status?.containerStatuses, pod);
  return errors;
}

function ruleEndings(
  errors: Errors,
  path: string,
  statuses: ContainerStatus[] | undefined,
  before: ContainerStatus[] | undefined,
  pod: Pod,
): void {
  const policies = new Map((pod.spec?.containers ?? []).map((container) => [container.name, container]));
  for (const [i, old] of (before ?? []).entries()) {
    const ended = old.state?.terminated;
    const container = policies.get(old.name);
    // Rules of its own may restart the container, whatever the Pod says.
    if (!ended || container?.restartPolicy || (pod.spec?.restartPolicy === "OnFailure" && ended.exitCode !== 0)) continue;
    const now = statuses?.find((status) => status.name === old.name);
    if (now && !now.state?.terminated)
      errors.push(field.forbidden(`${path}[${i}].state`, "may not be transitioned to non-terminated state"));
  }
}
