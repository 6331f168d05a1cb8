/** Probes that fail: what they answered last, and what follows from it (KUB-20 … KUB-27, KUB-42). */
import type { Container, Probe } from "../../api/types.ts";
import { humanDuration } from "../../machinery/duration.ts";
import type { ContainerView, PodView, Termination } from "../workload.ts";
import { type Cause, clause, type Inquiry, logEvidence, oneLine, templateWayOut } from "./cause.ts";
import type { SeenEvent } from "./event-index.ts";
import type { Certainty, Evidence } from "./explanation.ts";

type ProbeKind = "readiness" | "liveness" | "startup";
const fields = { readiness: "readinessProbe", liveness: "livenessProbe", startup: "startupProbe" } as const;
const titles = { readiness: "Readiness", liveness: "Liveness", startup: "Startup" } as const;
/** What takes this many times as long as usual is not just slow. */
const slowFactor = 3;
/** After so many kills nobody expects another end. */
const provenRestarts = 3;

/** How a container ends that is killed, or that ends in order when it is asked to. */
const killCodes: ReadonlySet<number> = new Set([0, 137, 143]);
const rememberedMs = 600_000;

const specOf = (pod: PodView, container: ContainerView): Container | undefined =>
  [...(pod.object.spec?.containers ?? []), ...(pod.object.spec?.initContainers ?? [])].find(({ name }) => name === container.name);

const lastFailure = ({ events }: Inquiry, pod: PodView, container: ContainerView, kind: ProbeKind): SeenEvent | undefined =>
  events.last(pod.uid, ["Unhealthy"], { container: container.name, message: new RegExp(`^${titles[kind]} probe `) });

/** The probe's own words, without what the event says before them. */
const answerOf = (event: SeenEvent): string => event.message.replace(/^\w+ probe (?:failed|errored)(?: and resulted in [\w ]+)?:\s*/, "");

/** A container that runs and is not ready because a probe has not succeeded. */
export function probeCause(inquiry: Inquiry, pod: PodView, container: ContainerView): Cause | undefined {
  if (container.state.type !== "running" || container.ready || container.role === "init") return undefined;
  const spec = specOf(pod, container);
  const kind = !container.started && spec?.startupProbe ? "startup" : "readiness";
  const probe = spec?.[fields[kind]];
  if (!probe) return undefined;
  const startedMs = container.state.startedMs ?? pod.createdMs;
  const failure = lastFailure(inquiry, pod, container, kind);
  // Who starts slowly is not stuck: its like have shown how long it takes, and the probe's own numbers say nothing about that.
  const isLate =
    inquiry.nowMs >= startedMs + patienceOf(probe) &&
    (container.restarts > 0 || inquiry.nowMs >= pod.createdMs + slowFactor * (inquiry.usualMs ?? 0));
  const since = humanDuration(Math.max(0, inquiry.nowMs - startedMs));
  if (!failure || (!isLate && failure.lastMs < startedMs))
    return {
      ...common(pod, container, kind, isLate ? "likely" : "waiting"),
      code: isLate ? codes[kind] : "WaitingForReadiness",
      sentence: (subject, many) =>
        `${subject} ${many ? "run" : "runs"} and ${many ? "are" : "is"} not ready: the ${kind} probe (${describeProbe(probe)}) of container ${container.name} has not succeeded in ${since}.`,
      evidence: [specEvidence(pod, container, kind, probe)],
      wayOut: isLate ? wayOutOf(inquiry, pod, container) : [],
    };
  return {
    ...common(pod, container, kind, isLate ? "likely" : "waiting"),
    code: codes[kind],
    sentence: (subject, many) =>
      `${subject} ${many ? "run" : "runs"} and ${many ? "are" : "is"} not ready: the ${kind} probe (${describeProbe(probe)}) of container ${container.name} fails, last with: ${clause(answerOf(failure)) || "no answer"}.`,
    evidence: [
      failureEvidence(pod, failure),
      specEvidence(pod, container, kind, probe),
      ...otherPorts(pod, container, probe),
      ...logEvidence(inquiry, pod, container),
    ],
    wayOut: wayOutOf(inquiry, pod, container),
  };
}

/** A container that was killed because its liveness or startup probe failed, rather than by a fault of its own. */
export function probeKilledCause(inquiry: Inquiry, pod: PodView, container: ContainerView, end: Termination): Cause | undefined {
  const spec = specOf(pod, container);
  for (const kind of ["startup", "liveness"] as const) {
    const probe = spec?.[fields[kind]];
    const failure = probe && lastFailure(inquiry, pod, container, kind);
    if (!failure) continue;
    // The last failure comes just before the end. Nodes ration events, so that those of a later life may be missing: then the end has to look like a kill.
    const sinceMs = (end.finishedMs ?? 0) - failure.lastMs;
    if (sinceMs > (killCodes.has(end.exitCode) ? rememberedMs : killMs(pod))) continue;
    const killed = inquiry.events.last(pod.uid, ["Killing"], { container: container.name, message: new RegExp(`failed ${kind} probe`) });
    if (!killed) continue;
    return {
      ...common(pod, container, kind, container.restarts >= provenRestarts ? "certain" : "likely"),
      sentence: (subject, many) =>
        `${subject} ${many ? "are" : "is"} restarted again and again: the ${kind} probe (${describeProbe(probe)}) of container ${container.name} fails, last with: ${clause(answerOf(failure)) || "no answer"}.`,
      evidence: [
        failureEvidence(pod, failure),
        specEvidence(pod, container, kind, probe),
        { at: `Pod ${pod.name}, container ${container.name}`, text: `${container.restarts} restarts` },
        ...logEvidence(inquiry, pod, container),
      ],
      wayOut: wayOutOf(inquiry, pod, container),
    };
  }
  return undefined;
}

const codes = { readiness: "ReadinessProbeFailing", liveness: "LivenessProbeFailing", startup: "StartupProbeFailing" } as const;

const common = (pod: PodView, container: ContainerView, kind: ProbeKind, certainty: Certainty) => ({
  code: codes[kind],
  certainty,
  same: `${container.name} ${kind}`,
  pod,
  container: container.name,
});

/** From its start until a container should have become ready if all is well. */
const patienceOf = (probe: Probe): number =>
  ((probe.initialDelaySeconds ?? 0) + (probe.periodSeconds ?? 10) * Math.max(1, probe.failureThreshold ?? 3)) * 1000;

/** From the failure that decides until the container is gone. */
const killMs = (pod: PodView): number => ((pod.object.spec?.terminationGracePeriodSeconds ?? 30) + 10) * 1000;

/** `GET /healthz on port 8080`, `tcp port 5432`, `exec pg_isready`. */
function describeProbe(probe: Probe): string {
  if (probe.httpGet) return `GET ${probe.httpGet.path ?? "/"} on port ${probe.httpGet.port}`;
  if (probe.tcpSocket) return `tcp port ${probe.tcpSocket.port}`;
  if (probe.grpc) return `grpc port ${probe.grpc.port}`;
  return `exec ${oneLine((probe.exec?.command ?? []).join(" ")).slice(0, 60)}`.trim();
}

const failureEvidence = (pod: PodView, failure: SeenEvent) => ({
  at: `event Unhealthy of Pod ${pod.name}${failure.count > 1 ? `, ${failure.count} times` : ""}`,
  text: oneLine(failure.message),
});

const specEvidence = (pod: PodView, container: ContainerView, kind: ProbeKind, probe: Probe) => ({
  at: `Pod ${pod.name}, container ${container.name}, ${fields[kind]}`,
  text: `${describeProbe(probe)}, every ${probe.periodSeconds ?? 10}s, time-out ${probe.timeoutSeconds ?? 1}s, gives up after ${probe.failureThreshold ?? 3}`,
});

/** A probe of a port that the container does not declare often asks the wrong one. */
function otherPorts(pod: PodView, container: ContainerView, probe: Probe): Evidence[] {
  const asked = probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port;
  const declared = specOf(pod, container)?.ports ?? [];
  if (asked === undefined || declared.length === 0) return [];
  if (declared.some(({ name, containerPort }) => asked === name || Number(asked) === containerPort)) return [];
  const ports = declared.map(({ name, containerPort }) => `${containerPort}${name ? ` (${name})` : ""}`);
  return [{ at: `Pod ${pod.name}, container ${container.name}, ports`, text: oneLine(`declares ${ports.join(", ")}, and not ${asked}`) }];
}

const wayOutOf = (inquiry: Inquiry, pod: PodView, container: ContainerView) =>
  templateWayOut(inquiry, inquiry.commands.kubectl("see what the application says", `logs ${pod.name} -c ${container.name}`));

/** Everything runs, and something outside the Pod has not said yes (KUB-42). */
export function readinessGateCause(inquiry: Inquiry, pod: PodView): Cause | undefined {
  const condition = pod.object.status?.conditions?.find(({ type }) => type === "Ready");
  if (condition?.reason !== "ReadinessGatesNotReady") return undefined;
  const gate = /readiness gate "([^"]+)"/.exec(condition.message ?? "")?.[1] ?? "";
  return {
    code: "ReadinessGate",
    certainty: "waiting",
    same: gate,
    sentence: (subject, many) =>
      `${subject} ${many ? "wait" : "waits"} for readiness gate "${gate}", which somebody outside the Pod has to set.`,
    pod,
    evidence: [{ at: `Pod ${pod.name}, condition Ready`, text: oneLine(condition.message ?? "") }],
    wayOut: [inquiry.commands.kubectl("see the conditions", `describe pod ${pod.name}`)],
  };
}
