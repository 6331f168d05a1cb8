/** A Pod as release features see it: its state in plain words, times as numbers. */
import { glance } from "../api/kinds/pod/columns.ts";
import type { Container, ContainerState as ApiState, ContainerStateTerminated, ContainerStatus, Pod } from "../api/types.ts";
import { parseTime } from "../base/time.ts";
import { isPodAvailable, isPodReady, isPodTerminal, podReadyCondition } from "../machinery/pods.ts";
import type { ContainerState, ContainerView, PodView, Termination } from "./workload.ts";

/** Describes a Pod as of `nowMs`. `revision` is the name of its revision, where it is known. */
export function podView(
  pod: Pod,
  { revision, minReadySeconds, nowMs }: { readonly revision?: string; readonly minReadySeconds: number; readonly nowMs: number },
): PodView {
  const { metadata, spec, status } = pod;
  const { status: text, restarts } = glance(pod);
  const ready = isPodReady(pod);
  const readySinceMs = ready ? parseTime(podReadyCondition(pod)?.lastTransitionTime) : undefined;
  const available = isPodAvailable(pod, minReadySeconds, nowMs);
  const leavingMs = parseTime(metadata.deletionTimestamp);
  return {
    name: metadata.name as string,
    uid: metadata.uid as string,
    ...(revision !== undefined && { revision }),
    phase: status?.phase ?? "Pending",
    status: text,
    createdMs: parseTime(metadata.creationTimestamp) ?? nowMs,
    ready,
    ...(readySinceMs !== undefined && { readySinceMs }),
    available,
    ...(!available && readySinceMs !== undefined && { availableAtMs: readySinceMs + minReadySeconds * 1000 }),
    ended: isPodTerminal(pod),
    ...(leavingMs !== undefined && { terminating: { untilMs: leavingMs, finalizers: metadata.finalizers ?? [] } }),
    ...(spec?.nodeName && { node: spec.nodeName }),
    restarts,
    containers: [
      ...(spec?.initContainers ?? []).map((container) =>
        containerView(container, container.restartPolicy === "Always" ? "sidecar" : "init", status?.initContainerStatuses),
      ),
      ...(spec?.containers ?? []).map((container) => containerView(container, "app", status?.containerStatuses)),
    ],
    object: pod,
  };
}

function containerView(container: Container, role: ContainerView["role"], statuses: readonly ContainerStatus[] | undefined): ContainerView {
  const status = statuses?.find(({ name }) => name === container.name);
  return {
    name: container.name,
    role,
    image: container.image ?? "",
    ...(status?.imageID && { imageId: status.imageID }),
    state: stateView(status?.state),
    ...(status?.lastState?.terminated && { last: terminationView(status.lastState.terminated) }),
    restarts: status?.restartCount ?? 0,
    ready: status?.ready ?? false,
    started: status?.started ?? false,
  };
}

function stateView(state: ApiState | undefined): ContainerState {
  if (state?.running) {
    const startedMs = parseTime(state.running.startedAt);
    return { type: "running", ...(startedMs !== undefined && { startedMs }) };
  }
  if (state?.terminated) return { type: "terminated", ...terminationView(state.terminated) };
  const { reason, message } = state?.waiting ?? {};
  return { type: "waiting", ...(reason && { reason }), ...(message && { message }) };
}

function terminationView(end: ContainerStateTerminated): Termination {
  const startedMs = parseTime(end.startedAt);
  const finishedMs = parseTime(end.finishedAt);
  return {
    exitCode: end.exitCode ?? 0,
    ...(end.signal && { signal: end.signal }),
    ...(end.reason && { reason: end.reason }),
    ...(end.message && { message: end.message }),
    // A container that never began has the beginning of time for one.
    ...(startedMs !== undefined && startedMs > 0 && { startedMs }),
    ...(finishedMs !== undefined && finishedMs > 0 && { finishedMs }),
  };
}
