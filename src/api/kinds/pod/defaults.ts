/**
 * What Kubernetes fills into Pods and Pod templates. Templates get fewer defaults than Pods: what only concerns a
 * running Pod must not show in a Deployment (KUB-4, KUB-20, KUB-74).
 */
import type { Container, EnvVar, HTTPGetAction, LifecycleHandler, Pod, PodSpec, PodTemplateSpec, Probe, Volume } from "../../types.ts";
import { omitZero } from "../omit-zero.ts";
import { spellQuantities, spellQuantity } from "../quantities.ts";

const fileMode = 0o644;
const tokenLifetimeSeconds = 3600;

const specZeros = [
  "nodeName",
  "serviceAccountName",
  "serviceAccount",
  "hostNetwork",
  "hostPID",
  "hostIPC",
  "hostname",
  "subdomain",
  "priorityClassName",
  "initContainers",
  "ephemeralContainers",
  "volumes",
  "tolerations",
  "hostAliases",
  "imagePullSecrets",
  "readinessGates",
  "topologySpreadConstraints",
  "schedulingGates",
  "resourceClaims",
];
const containerZeros = [
  "command",
  "args",
  "workingDir",
  "ports",
  "env",
  "envFrom",
  "volumeMounts",
  "volumeDevices",
  "resizePolicy",
  "stdin",
  "stdinOnce",
  "tty",
];
const mountZeros = ["readOnly", "subPath", "subPathExpr"];
const portZeros = ["name", "hostPort", "hostIP"];

/** Fills a Pod: everything a template gets, and what only a Pod gets. */
export function defaultPod(pod: Pod): void {
  const spec = pod.spec;
  if (!spec) return;
  defaultPodSpec(spec);
  for (const container of spec.initContainers ?? []) defaultRequests(container);
  for (const container of spec.containers ?? []) defaultRequests(container);
  if (spec.resources) defaultRequests(spec as { resources: Container["resources"] });
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
      for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
    }
  }
}

/** A limit without a request is a request of as much. */
function defaultRequests({ resources }: { resources?: Container["resources"] }): void {
  if (!resources?.limits) return;
  const requests = (resources.requests ??= {});
  for (const name in resources.limits) requests[name] ??= resources.limits[name]!;
}

/** Fills the Pod template of a workload. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

/** Fills what a Pod and a Pod template have in common. */
function defaultPodSpec(spec: PodSpec): void {
  omitZero(spec, specZeros);
  spec.restartPolicy ||= "Always";
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= "ClusterFirst";
  spec.schedulerName ||= "default-scheduler";
  spec.securityContext ??= {};
  // Two names of one field: readers of either must find it.
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  if (account !== undefined) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  spellQuantities(spec.overhead);
  spellQuantities(spec.resources?.limits);
  spellQuantities(spec.resources?.requests);
}

function defaultContainer(container: Container): void {
  omitZero(container, containerZeros);
  container.imagePullPolicy ||= pullPolicyOf(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  const resources = (container.resources ??= {});
  spellQuantities(resources.limits);
  spellQuantities(resources.requests);
  for (const port of container.ports ?? []) {
    omitZero(port, portZeros);
    port.protocol ||= "TCP";
  }
  for (const variable of container.env ?? []) defaultVariable(variable);
  for (const mount of container.volumeMounts ?? []) omitZero(mount, mountZeros);
  if (container.livenessProbe) defaultProbe(container.livenessProbe);
  if (container.readinessProbe) defaultProbe(container.readinessProbe);
  if (container.startupProbe) defaultProbe(container.startupProbe);
  if (container.lifecycle) {
    defaultHandler(container.lifecycle.postStart);
    defaultHandler(container.lifecycle.preStop);
  }
}

/** Always for an image whose tag is `latest`, said or not; IfNotPresent for any other tag or a digest (KUB-4). */
export function pullPolicyOf(image: string | undefined): "Always" | "IfNotPresent" {
  if (image === undefined || image === "" || image.includes("@")) return "IfNotPresent";
  // A colon before the last slash belongs to the registry's port.
  const colon = image.indexOf(":", image.lastIndexOf("/") + 1);
  return colon < 0 || image.slice(colon + 1) === "latest" ? "Always" : "IfNotPresent";
}

function defaultVariable(variable: EnvVar): void {
  omitZero(variable, ["value"]);
  const from = variable.valueFrom;
  if (!from) return;
  if (from.fieldRef) from.fieldRef.apiVersion ||= "v1";
  if (from.resourceFieldRef) from.resourceFieldRef.divisor = spellQuantity(from.resourceFieldRef.divisor ?? "0");
  if (from.fileKeyRef) from.fileKeyRef.optional ??= false;
}

function defaultProbe(probe: Probe): void {
  omitZero(probe, ["initialDelaySeconds"]);
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function defaultHandler(handler: LifecycleHandler | undefined): void {
  if (handler?.httpGet) defaultHttpGet(handler.httpGet);
}

function defaultHttpGet(action: HTTPGetAction): void {
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function defaultVolume(volume: Volume): void {
  let hasSource = false;
  for (const name in volume) if (name !== "name" && volume[name as keyof Volume] != null) hasSource = true;
  if (!hasSource) volume.emptyDir = {};
  if (volume.emptyDir?.sizeLimit !== undefined) volume.emptyDir.sizeLimit = spellQuantity(volume.emptyDir.sizeLimit);
  if (volume.configMap) volume.configMap.defaultMode ??= fileMode;
  if (volume.secret) volume.secret.defaultMode ??= fileMode;
  if (volume.hostPath) volume.hostPath.type ??= "";
  if (volume.image) volume.image.pullPolicy ||= pullPolicyOf(volume.image.reference);
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= fileMode;
    defaultDownwardItems(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= fileMode;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= tokenLifetimeSeconds;
      defaultDownwardItems(source.downwardAPI?.items);
    }
  }
  if (volume.ephemeral?.volumeClaimTemplate?.spec) {
    const claim = volume.ephemeral.volumeClaimTemplate.spec;
    claim.volumeMode ||= "Filesystem";
    spellQuantities(claim.resources?.requests);
    spellQuantities(claim.resources?.limits);
  }
  if (volume.iscsi) volume.iscsi.iscsiInterface ||= "default";
  if (volume.rbd) {
    volume.rbd.pool ||= "rbd";
    volume.rbd.user ||= "admin";
    volume.rbd.keyring ||= "/etc/ceph/keyring";
  }
}

function defaultDownwardItems(items: NonNullable<Volume["downwardAPI"]>["items"]): void {
  for (const item of items ?? []) {
    if (item.fieldRef) item.fieldRef.apiVersion ||= "v1";
    if (item.resourceFieldRef) item.resourceFieldRef.divisor = spellQuantity(item.resourceFieldRef.divisor ?? "0");
  }
}
