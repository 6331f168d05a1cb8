/** Rules for the containers of a Pod: ordinary, init and ephemeral ones. */
import { field } from "../../errors.ts";
import type { Container, EnvVar, EphemeralContainer, PodSpec, SecurityContext } from "../../types.ts";
import {
  type Errors,
  portNameProblems,
  ruleName,
  ruleOneOf,
  ruleOneOfOptional,
  rulePort,
  ruleRequired,
  ruleRequiredName,
  ruleUserId,
} from "../field-rules.ts";
import { ruleResources } from "../quantities.ts";
import { environmentFieldPaths, isEnvironmentFieldPath } from "./field-paths.ts";
import { ruleLifecycle, ruleProbes } from "./validate-probes.ts";
import { ruleInside, ruleNoBacksteps, ruleReferenceName } from "./validate-volumes.ts";

const pullPolicies = ["Always", "IfNotPresent", "Never"];
const protocols = ["SCTP", "TCP", "UDP"];
const restartPolicies = ["Always", "Never", "OnFailure"];
const resourceFields = new Set([
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
]);

/** All containers of a Pod spec; their names are unique across all three lists. */
export function ruleContainers(errors: Errors, path: string, spec: PodSpec): void {
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const names = new Set<string>();
  const containers = spec.containers ?? [];
  if (containers.length === 0) errors.push(field.required(`${path}.containers`));
  for (let i = 0; i < containers.length; i++) {
    const container = containers[i]!;
    const at = `${path}.containers[${i}]`;
    ruleContainer(errors, at, container, volumes, names);
    ruleLifecycle(errors, `${at}.lifecycle`, container.lifecycle);
    ruleProbes(errors, at, container);
    ruleRestarts(errors, at, container);
    if (container.resizePolicy) ruleResizePolicy(errors, `${at}.resizePolicy`, container.resizePolicy);
  }
  const hostPorts = new Set<string>();
  ruleHostPorts(errors, `${path}.containers`, containers, hostPorts, spec);
  const initContainers = spec.initContainers ?? [];
  for (let i = 0; i < initContainers.length; i++)
    ruleInitContainer(errors, `${path}.initContainers[${i}]`, initContainers[i]!, volumes, names);
  ruleHostPorts(errors, `${path}.initContainers`, initContainers, new Set(), spec);
  const ephemeral = spec.ephemeralContainers ?? [];
  for (let i = 0; i < ephemeral.length; i++) {
    ruleEphemeralContainer(errors, `${path}.ephemeralContainers[${i}]`, ephemeral[i]!, volumes, names, spec);
  }
}

function ruleInitContainer(errors: Errors, path: string, container: Container, volumes: ReadonlySet<string>, names: Set<string>): void {
  ruleContainer(errors, path, container, volumes, names);
  ruleRestarts(errors, path, container);
  if (container.resizePolicy) ruleResizePolicy(errors, `${path}.resizePolicy`, container.resizePolicy);
  if (container.restartPolicy === "Always") {
    ruleLifecycle(errors, `${path}.lifecycle`, container.lifecycle);
    ruleProbes(errors, path, container);
    return;
  }
  for (const name of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[name]) errors.push(field.forbidden(`${path}.${name}`, "may not be set for init containers without restartPolicy=Always"));
  }
}

const notEphemeral = ["ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "resizePolicy", "restartPolicy"] as const;

function ruleEphemeralContainer(
  errors: Errors,
  path: string,
  container: EphemeralContainer,
  volumes: ReadonlySet<string>,
  names: Set<string>,
  spec: PodSpec,
): void {
  ruleContainer(errors, path, container, volumes, names);
  for (const name of notEphemeral) {
    if (container[name] !== undefined) errors.push(field.forbidden(`${path}.${name}`, "field not allowed in EphemeralContainers"));
  }
  if (container.resources?.limits || container.resources?.requests) {
    errors.push(field.forbidden(`${path}.resources`, "field not allowed in EphemeralContainers"));
  }
  const target = container.targetContainerName;
  if (target && ![...(spec.containers ?? []), ...(spec.initContainers ?? [])].some((c) => c.name === target)) {
    errors.push(field.notFound(`${path}.targetContainerName`, target));
  }
}

/** What holds for every container. */
function ruleContainer(errors: Errors, path: string, container: Container, volumes: ReadonlySet<string>, names: Set<string>): void {
  ruleRequiredName(errors, `${path}.name`, "dns1123-label", container.name);
  if (container.name && names.has(container.name)) errors.push(field.duplicate(`${path}.name`, container.name));
  names.add(container.name);
  if (ruleRequired(errors, `${path}.image`, container.image) && container.image!.trim() !== container.image) {
    errors.push(field.invalid(`${path}.image`, container.image, "must not have leading or trailing whitespace"));
  }
  ruleOneOf(errors, `${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ["FallbackToLogsOnError", "File"]);
  if (container.ports) rulePorts(errors, `${path}.ports`, container.ports);
  if (container.env) ruleEnvironment(errors, `${path}.env`, container.env);
  if (container.envFrom) ruleEnvironmentFrom(errors, `${path}.envFrom`, container.envFrom);
  if (container.volumeMounts) ruleMounts(errors, `${path}.volumeMounts`, container, volumes);
  if (container.volumeDevices) ruleDevices(errors, `${path}.volumeDevices`, container.volumeDevices, volumes);
  ruleOneOf(errors, `${path}.imagePullPolicy`, container.imagePullPolicy, pullPolicies);
  ruleResources(errors, `${path}.resources`, container.resources);
  if (container.securityContext) ruleSecurityContext(errors, `${path}.securityContext`, container.securityContext);
}

function rulePorts(errors: Errors, path: string, ports: NonNullable<Container["ports"]>): void {
  const names = new Set<string>();
  for (let i = 0; i < ports.length; i++) {
    const port = ports[i]!;
    const at = `${path}[${i}]`;
    if (port.name) {
      const problems = portNameProblems(port.name);
      for (const problem of problems) errors.push(field.invalid(`${at}.name`, port.name, problem));
      if (problems.length === 0 && names.has(port.name)) errors.push(field.duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(field.required(`${at}.containerPort`));
    else rulePort(errors, `${at}.containerPort`, port.containerPort);
    if (port.hostPort) rulePort(errors, `${at}.hostPort`, port.hostPort);
    ruleOneOf(errors, `${at}.protocol`, port.protocol, protocols);
  }
}

function ruleHostPorts(errors: Errors, path: string, containers: readonly Container[], taken: Set<string>, spec: PodSpec): void {
  for (let i = 0; i < containers.length; i++) {
    const ports = containers[i]!.ports;
    for (let j = 0; j < (ports?.length ?? 0); j++) {
      const port = ports![j]!;
      if (!port.hostPort) continue;
      const at = `${path}[${i}].ports[${j}]`;
      if (spec.hostNetwork && port.hostPort !== port.containerPort) {
        errors.push(field.invalid(`${at}.containerPort`, port.containerPort, "must match `hostPort` when `hostNetwork` is true"));
      }
      const key = `${port.protocol}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (taken.has(key)) errors.push(field.duplicate(`${at}.hostPort`, key));
      taken.add(key);
    }
  }
}

const printable = /^[ -<>-~]+$/;
const variableNameText = "a valid environment variable name must consist only of printable ASCII characters other than '='";

function ruleEnvironment(errors: Errors, path: string, variables: readonly EnvVar[]): void {
  for (let i = 0; i < variables.length; i++) {
    const variable = variables[i]!;
    const at = `${path}[${i}]`;
    if (ruleRequired(errors, `${at}.name`, variable.name) && !printable.test(variable.name)) {
      errors.push(field.invalid(`${at}.name`, variable.name, variableNameText));
    }
    if (variable.valueFrom) ruleValueFrom(errors, `${at}.valueFrom`, variable);
  }
}

function ruleValueFrom(errors: Errors, path: string, variable: EnvVar): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = variable.valueFrom!;
  let sources = 0;
  if (fieldRef) {
    sources++;
    if (ruleRequired(errors, `${path}.fieldRef.fieldPath`, fieldRef.fieldPath) && !isEnvironmentFieldPath(fieldRef.fieldPath)) {
      errors.push(field.notSupported(`${path}.fieldRef.fieldPath`, fieldRef.fieldPath, environmentFieldPaths));
    }
  }
  if (resourceFieldRef) {
    sources++;
    const at = `${path}.resourceFieldRef`;
    if (ruleRequired(errors, `${at}.resource`, resourceFieldRef.resource) && !isContainerResourceField(resourceFieldRef.resource)) {
      errors.push(field.notSupported(`${at}.resource`, resourceFieldRef.resource, [...resourceFields]));
    }
  }
  if (configMapKeyRef) {
    sources++;
    ruleReferenceName(errors, `${path}.configMapKeyRef.name`, configMapKeyRef.name);
    ruleRequiredName(errors, `${path}.configMapKeyRef.key`, "config-key", configMapKeyRef.key);
  }
  if (secretKeyRef) {
    sources++;
    ruleReferenceName(errors, `${path}.secretKeyRef.name`, secretKeyRef.name);
    ruleRequiredName(errors, `${path}.secretKeyRef.key`, "config-key", secretKeyRef.key);
  }
  if (fileKeyRef) {
    sources++;
    ruleRequired(errors, `${path}.fileKeyRef.key`, fileKeyRef.key);
    ruleRequired(errors, `${path}.fileKeyRef.path`, fileKeyRef.path);
    ruleRequired(errors, `${path}.fileKeyRef.volumeName`, fileKeyRef.volumeName);
  }
  if (sources === 0) {
    const detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(field.invalid(path, "", detail));
  } else if (variable.value) errors.push(field.invalid(path, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(field.invalid(path, "", "may not have more than one field specified at a time"));
}

const isContainerResourceField = (resource: string): boolean =>
  resourceFields.has(resource) || /^(limits|requests)\.hugepages-/.test(resource);

function ruleEnvironmentFrom(errors: Errors, path: string, sources: NonNullable<Container["envFrom"]>): void {
  for (let i = 0; i < sources.length; i++) {
    const { prefix, configMapRef, secretRef } = sources[i]!;
    const at = `${path}[${i}]`;
    if (prefix && !printable.test(prefix)) errors.push(field.invalid(`${at}.prefix`, prefix, variableNameText));
    if (configMapRef) ruleReferenceName(errors, `${at}.configMapRef.name`, configMapRef.name);
    if (secretRef) ruleReferenceName(errors, `${at}.secretRef.name`, secretRef.name);
    if (!configMapRef && !secretRef) errors.push(field.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (configMapRef && secretRef) errors.push(field.invalid(at, "", "may not have more than one field specified at a time"));
  }
}

function ruleMounts(errors: Errors, path: string, container: Container, volumes: ReadonlySet<string>): void {
  const mountPaths = new Set<string>();
  const mounts = container.volumeMounts!;
  for (let i = 0; i < mounts.length; i++) {
    const mount = mounts[i]!;
    const at = `${path}[${i}]`;
    if (ruleRequired(errors, `${at}.name`, mount.name) && !volumes.has(mount.name)) errors.push(field.notFound(`${at}.name`, mount.name));
    ruleRequired(errors, `${at}.mountPath`, mount.mountPath);
    if (mountPaths.has(mount.mountPath)) errors.push(field.invalid(`${at}.mountPath`, mount.mountPath, "must be unique"));
    mountPaths.add(mount.mountPath);
    if (mount.subPath) ruleInside(errors, `${at}.subPath`, mount.subPath);
    if (mount.subPathExpr) {
      if (mount.subPath)
        errors.push(field.invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      ruleInside(errors, `${at}.subPathExpr`, mount.subPathExpr);
    }
    const propagation = mount.mountPropagation;
    ruleOneOfOptional(errors, `${at}.mountPropagation`, propagation, ["Bidirectional", "HostToContainer", "None"]);
    if (propagation === "Bidirectional" && !container.securityContext?.privileged) {
      errors.push(field.forbidden(`${at}.mountPropagation`, "Bidirectional mount propagation is available only to privileged containers"));
    }
    const recursive = mount.recursiveReadOnly;
    ruleOneOfOptional(errors, `${at}.recursiveReadOnly`, recursive, ["Disabled", "Enabled", "IfPossible"]);
    if (recursive !== undefined && recursive !== "Disabled" && !mount.readOnly) {
      errors.push(field.forbidden(`${at}.recursiveReadOnly`, "may only be specified when readOnly is true"));
    }
  }
}

function ruleDevices(errors: Errors, path: string, devices: NonNullable<Container["volumeDevices"]>, volumes: ReadonlySet<string>): void {
  const paths = new Set<string>();
  for (const [i, device] of devices.entries()) {
    const at = `${path}[${i}]`;
    if (ruleRequired(errors, `${at}.name`, device.name) && !volumes.has(device.name))
      errors.push(field.notFound(`${at}.name`, device.name));
    if (ruleRequired(errors, `${at}.devicePath`, device.devicePath)) ruleNoBacksteps(errors, `${at}.devicePath`, device.devicePath);
    if (paths.has(device.devicePath)) errors.push(field.invalid(`${at}.devicePath`, device.devicePath, "must be unique"));
    paths.add(device.devicePath);
  }
}

/** When a container restarts, where it says so itself. */
function ruleRestarts(errors: Errors, path: string, container: Container): void {
  ruleOneOfOptional(errors, `${path}.restartPolicy`, container.restartPolicy, restartPolicies);
  const rules = container.restartPolicyRules ?? [];
  if (rules.length === 0) return;
  if (container.restartPolicy === undefined) {
    errors.push(field.required(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  }
  for (const [i, rule] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${i}]`;
    ruleOneOf(errors, `${at}.action`, rule.action, ["Restart"]);
    if (!rule.exitCodes) errors.push(field.required(`${at}.exitCodes`, "must be specified"));
    else ruleOneOf(errors, `${at}.exitCodes.operator`, rule.exitCodes.operator, ["In", "NotIn"]);
  }
}

/** What a change of resources does to a running container. */
function ruleResizePolicy(errors: Errors, path: string, policies: NonNullable<Container["resizePolicy"]>): void {
  const seen = new Set<string>();
  for (const [i, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) errors.push(field.duplicate(`${path}[${i}]`, resourceName));
    seen.add(resourceName);
    ruleOneOf(errors, `${path}[${i}].resourceName`, resourceName, ["cpu", "memory"]);
    ruleOneOf(errors, `${path}[${i}].restartPolicy`, restartPolicy, ["NotRequired", "RestartContainer"]);
  }
}

/** A seccomp profile, of a Pod or a container. */
export function ruleSeccompProfile(errors: Errors, path: string, profile: SecurityContext["seccompProfile"]): void {
  if (!profile) return;
  ruleOneOf(errors, `${path}.type`, profile.type, ["Localhost", "RuntimeDefault", "Unconfined"]);
  if (profile.type === "Localhost")
    ruleRequired(errors, `${path}.localhostProfile`, profile.localhostProfile, "must be set when seccomp type is Localhost");
  else if (profile.localhostProfile !== undefined) {
    errors.push(field.invalid(`${path}.localhostProfile`, profile.localhostProfile, "can only be set when seccomp type is Localhost"));
  }
}

function ruleSecurityContext(errors: Errors, path: string, context: SecurityContext): void {
  ruleUserId(errors, `${path}.runAsUser`, context.runAsUser);
  ruleUserId(errors, `${path}.runAsGroup`, context.runAsGroup);
  ruleOneOfOptional(errors, `${path}.procMount`, context.procMount, ["Default", "Unmasked"]);
  ruleSeccompProfile(errors, `${path}.seccompProfile`, context.seccompProfile);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged) {
      errors.push(field.invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
    }
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN")) {
      errors.push(field.invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"));
    }
  }
}

/** A host name or a part of one. */
export const ruleHostLabel = (errors: Errors, path: string, value: string | undefined): void => {
  if (value) ruleName(errors, path, "dns1123-label", value);
};
