/** Rules for what is done to a container from outside: probes and lifecycle hooks. */
import { field } from "../../errors.ts";
import type { Container, LifecycleHandler, Probe } from "../../types.ts";
import { type Errors, ruleNonNegative, ruleOneOf, rulePort, rulePortOrName, rulePositive, ruleRequired } from "../field-rules.ts";

/** The hooks of a container. */
export function ruleLifecycle(errors: Errors, path: string, lifecycle: Container["lifecycle"]): void {
  if (lifecycle?.postStart) ruleHandler(errors, `${path}.postStart`, lifecycle.postStart);
  if (lifecycle?.preStop) ruleHandler(errors, `${path}.preStop`, lifecycle.preStop);
}

/** The three probes of a container; liveness and startup need exactly one success (KUB-20). */
export function ruleProbes(errors: Errors, path: string, container: Container): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) {
    const at = `${path}.livenessProbe`;
    ruleProbe(errors, at, livenessProbe);
    ruleOneSuccess(errors, at, livenessProbe);
  }
  if (readinessProbe) {
    const at = `${path}.readinessProbe`;
    ruleProbe(errors, at, readinessProbe);
    const grace = readinessProbe.terminationGracePeriodSeconds;
    if (grace !== undefined)
      errors.push(field.invalid(`${at}.terminationGracePeriodSeconds`, grace, "must not be set for readinessProbes"));
  }
  if (startupProbe) {
    const at = `${path}.startupProbe`;
    ruleProbe(errors, at, startupProbe);
    ruleOneSuccess(errors, at, startupProbe);
  }
}

function ruleOneSuccess(errors: Errors, path: string, probe: Probe): void {
  if (probe.successThreshold !== undefined && probe.successThreshold !== 1) {
    errors.push(field.invalid(`${path}.successThreshold`, probe.successThreshold, "must be 1"));
  }
}

function ruleProbe(errors: Errors, path: string, probe: Probe): void {
  ruleHandler(errors, path, probe);
  ruleNonNegative(errors, `${path}.initialDelaySeconds`, probe.initialDelaySeconds);
  ruleNonNegative(errors, `${path}.timeoutSeconds`, probe.timeoutSeconds);
  ruleNonNegative(errors, `${path}.periodSeconds`, probe.periodSeconds);
  ruleNonNegative(errors, `${path}.successThreshold`, probe.successThreshold);
  ruleNonNegative(errors, `${path}.failureThreshold`, probe.failureThreshold);
  rulePositive(errors, `${path}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds);
}

/** Exactly one way of acting, and that one complete. */
function ruleHandler(errors: Errors, path: string, handler: LifecycleHandler & Probe): void {
  let handlers = 0;
  const only = (name: string): boolean => {
    handlers++;
    if (handlers > 1) errors.push(field.forbidden(`${path}.${name}`, "may not specify more than 1 handler type"));
    return handlers === 1;
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec && only("exec")) ruleRequired(errors, `${path}.exec.command`, exec.command);
  if (httpGet && only("httpGet")) {
    ruleRequired(errors, `${path}.httpGet.path`, httpGet.path);
    rulePortOrName(errors, `${path}.httpGet.port`, httpGet.port);
    ruleOneOf(errors, `${path}.httpGet.scheme`, httpGet.scheme, ["HTTP", "HTTPS"]);
    for (const header of httpGet.httpHeaders ?? []) {
      if (!/^[-A-Za-z0-9]+$/.test(header.name ?? "")) {
        const detail =
          "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
        errors.push(field.invalid(`${path}.httpGet.httpHeaders`, header.name ?? "", detail));
      }
    }
  }
  if (tcpSocket && only("tcpSocket")) rulePortOrName(errors, `${path}.tcpSocket.port`, tcpSocket.port);
  if (grpc && only("grpc")) rulePort(errors, `${path}.grpc.port`, grpc.port ?? 0);
  if (sleep && only("sleep")) ruleNonNegative(errors, `${path}.sleep.seconds`, sleep.seconds);
  if (handlers === 0) errors.push(field.required(path, "must specify a handler type"));
}
