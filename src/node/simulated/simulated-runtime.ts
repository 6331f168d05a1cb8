/**
 * A container runtime in which nothing runs: Pods get addresses, containers start, become ready, fail and end when their
 * annotations say so (annotations.ts), on the injected clock. Deterministic, and cheap: a container at rest holds one
 * small record and no timer.
 */
import type { Pod } from "../../api/types.ts";
import { sleep } from "../../base/clock.ts";
import { randomHex } from "../../base/random.ts";
import { parseTime } from "../../base/time.ts";
import type { World } from "../../base/world.ts";
import type { ContainerSpec, Prober, Runtime, RuntimeEvent, SandboxSpec, SandboxStatus } from "../runtime.ts";
import { RuntimeError } from "../runtime.ts";
import type { AddressRange } from "./address-range.ts";
import { addressRange } from "./address-range.ts";
import type { SimulatedBehaviour } from "./annotations.ts";
import { behaviourOf, defaultBehaviour } from "./annotations.ts";
import { pseudoDigest } from "./pseudo-digest.ts";
import type { SimulatedContainer, SimulatedSandbox } from "./simulated-container.ts";
import { statusOf } from "./simulated-container.ts";
import { simulatedImages } from "./simulated-images.ts";
import { simulatedProber } from "./simulated-prober.ts";
import { simulatedStreams } from "./simulated-streams.ts";

export interface SimulatedRuntimeOptions {
  readonly world: World;
  /** The node's Pod address range, e.g. `10.244.0.0/24`. */
  readonly podCidr: string;
  /** The node's own address: what Pods with hostNetwork have. */
  readonly nodeIp: string;
  /** What holds for containers without annotations. */
  readonly behaviour?: Partial<SimulatedBehaviour>;
  /** Images (as Pods name them) for which the pull fails: those that this says true of. */
  readonly imageFails?: (reference: string) => boolean;
}

/** A simulated runtime and the prober that knows its containers. */
export interface SimulatedRuntime extends Runtime {
  readonly prober: Prober;
}

/** Init containers end at once unless told otherwise: the Pod waits for them. */
const initExitAfterMs = 0;
const killedExitCode = 137;
const killSignal = 9;

/** Creates a runtime with no sandboxes and no images. */
export function simulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  const { world } = options;
  const { clock } = world;
  const base: SimulatedBehaviour = { ...defaultBehaviour, ...options.behaviour };
  const addresses: AddressRange = addressRange(options.podCidr);
  const sandboxes = new Map<string, SimulatedSandbox>();
  const sandboxOfPod = new Map<string, SimulatedSandbox>();
  const containers = new Map<string, SimulatedContainer>();
  const containersOfSandbox = new Map<string, SimulatedContainer[]>();
  const images = simulatedImages({
    clock,
    behaviourFor(user) {
      const sandbox = user && sandboxOfPod.get(user.podUid);
      return sandbox ? behaviourOf(sandbox.spec.annotations, user.container, base) : base;
    },
    ...(options.imageFails && { fails: options.imageFails }),
  });
  const listeners = new Set<(event: RuntimeEvent) => void>();
  let sequence = 0;

  const emit = (event: RuntimeEvent): void => {
    for (const listener of listeners) listener(event);
  };
  /** Tells the ids of this runtime from those that one before it gave. */
  const seed = randomHex(world.random, 8);
  /** 64 hexadecimal digits, as runtimes have them. */
  const nextId = (kind: string): string => pseudoDigest(`${seed}/${kind}/${sequence++}`);

  function addContainer(
    sandbox: SimulatedSandbox,
    known: Pick<SimulatedContainer, "id" | "name" | "attempt" | "image" | "imageId" | "behaviour" | "state"> & Partial<SimulatedContainer>,
  ): SimulatedContainer {
    const container: SimulatedContainer = {
      sandbox,
      createdAt: clock.now(),
      startedAt: undefined,
      finishedAt: undefined,
      exitCode: undefined,
      signal: undefined,
      reason: undefined,
      message: undefined,
      ending: undefined,
      killing: undefined,
      waiting: undefined,
      ...known,
    };
    containers.set(container.id, container);
    const list = containersOfSandbox.get(sandbox.id);
    if (list) list.push(container);
    else containersOfSandbox.set(sandbox.id, [container]);
    return container;
  }

  /** Lets a container end by itself when its time has come. */
  function armEnd(container: SimulatedContainer): void {
    const { exitAfterMs, exitCode } = container.behaviour;
    if (exitAfterMs === undefined) return;
    const leftMs = (container.startedAt as number) + exitAfterMs - clock.now();
    container.ending = clock.setTimer(Math.max(0, leftMs), () => finish(container, exitCode));
  }

  function recallPod(pod: Pod): void {
    const { metadata, status } = pod;
    const uid = metadata.uid as string;
    if (sandboxOfPod.has(uid) || status?.podIP === undefined || status.phase === "Succeeded" || status.phase === "Failed") return;
    const spec: SandboxSpec = {
      podUid: uid,
      podName: metadata.name as string,
      podNamespace: metadata.namespace as string,
      attempt: 0,
      hostname: pod.spec?.hostname ?? (metadata.name as string),
      hostNetwork: pod.spec?.hostNetwork === true,
      hostPid: false,
      hostIpc: false,
      shareProcessNamespace: false,
      dns: { servers: [], searches: [], options: [] },
      ports: [],
      sysctls: {},
      annotations: metadata.annotations ?? {},
    };
    const sandbox: SimulatedSandbox = {
      id: nextId(`recalled/${uid}`),
      spec,
      state: "ready",
      ip: status.podIP,
      createdAt: parseTime(status.startTime) ?? clock.now(),
    };
    if (!spec.hostNetwork) addresses.claim(sandbox.ip);
    sandboxes.set(sandbox.id, sandbox);
    sandboxOfPod.set(uid, sandbox);
    for (const one of [
      ...(status.initContainerStatuses ?? []),
      ...(status.containerStatuses ?? []),
      ...(status.ephemeralContainerStatuses ?? []),
    ]) {
      const id = one.containerID?.replace(/^.*:\/\//, "");
      const ended = one.state?.terminated ?? (one.state?.running ? undefined : one.lastState?.terminated);
      if (id === undefined || (!ended && !one.state?.running)) continue;
      const container = addContainer(sandbox, {
        id,
        name: one.name,
        attempt: one.restartCount,
        image: one.image,
        imageId: one.imageID,
        behaviour: behaviourOf(spec.annotations, one.name, base),
        state: ended ? "exited" : "running",
        startedAt: parseTime(ended?.startedAt ?? one.state?.running?.startedAt) ?? clock.now(),
        finishedAt: ended && (parseTime(ended.finishedAt) ?? clock.now()),
        exitCode: ended?.exitCode,
        reason: ended?.reason,
        message: ended?.message,
      });
      if (!ended) armEnd(container);
      images.remember(one.image);
    }
  }

  function finish(container: SimulatedContainer, exitCode: number, signal?: number): void {
    if (container.state === "exited") return;
    container.ending?.cancel();
    container.killing?.cancel();
    container.ending = undefined;
    container.killing = undefined;
    container.state = "exited";
    container.finishedAt = clock.now();
    container.exitCode = exitCode;
    container.signal = signal;
    container.reason = exitCode === 0 ? "Completed" : "Error";
    const waiting = container.waiting;
    container.waiting = undefined;
    if (waiting) for (const resolve of waiting) resolve();
    emit({ type: "container-exited", podUid: container.sandbox.spec.podUid, containerId: container.id });
  }

  function failed(container: SimulatedContainer, kind: RuntimeError["kind"], message: string): RuntimeError {
    container.state = "exited";
    container.startedAt = undefined;
    container.finishedAt = clock.now();
    container.exitCode = 128;
    container.reason = "StartError";
    container.message = message;
    return new RuntimeError(kind, message);
  }

  function running(podUid: string, name: string): SimulatedContainer | undefined {
    const sandbox = sandboxOfPod.get(podUid);
    if (!sandbox) return undefined;
    const list = containersOfSandbox.get(sandbox.id);
    if (!list) return undefined;
    for (let index = list.length - 1; index >= 0; index--) {
      const container = list[index] as SimulatedContainer;
      if (container.name === name && container.state === "running") return container;
    }
    return undefined;
  }

  const required = (id: string): SimulatedContainer => {
    const container = containers.get(id);
    if (!container) throw new Error(`no such container: ${id}`);
    return container;
  };

  return {
    name: "simulated",
    version: "1.0.0",
    images,
    prober: simulatedProber(clock, running),

    async runSandbox(spec): Promise<SandboxStatus> {
      const behaviour = behaviourOf(spec.annotations, "", base);
      if (behaviour.fail === "sandbox") throw new RuntimeError("CreatePodSandboxError", "simulated: the sandbox can't be created");
      const ip = spec.hostNetwork ? options.nodeIp : addresses.take();
      if (ip === undefined) {
        throw new RuntimeError("CreatePodSandboxError", `no address is left in ${options.podCidr}`);
      }
      const sandbox: SimulatedSandbox = { id: nextId("sandbox"), spec, state: "ready", ip, createdAt: clock.now() };
      sandboxes.set(sandbox.id, sandbox);
      sandboxOfPod.set(spec.podUid, sandbox);
      return sandbox;
    },
    async stopSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (!sandbox || sandbox.state === "not-ready") return;
      sandbox.state = "not-ready";
      emit({ type: "sandbox-gone", podUid: sandbox.spec.podUid });
      for (const container of containersOfSandbox.get(id) ?? []) {
        if (container.state === "running") finish(container, killedExitCode, killSignal);
      }
      if (!sandbox.spec.hostNetwork) addresses.give(sandbox.ip);
    },
    async removeSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (!sandbox) return;
      await this.stopSandbox(id);
      for (const container of containersOfSandbox.get(id) ?? []) containers.delete(container.id);
      containersOfSandbox.delete(id);
      sandboxes.delete(id);
      if (sandboxOfPod.get(sandbox.spec.podUid) === sandbox) sandboxOfPod.delete(sandbox.spec.podUid);
    },
    listSandboxes: async () => [...sandboxes.values()],

    async createContainer(sandboxId, spec: ContainerSpec) {
      const sandbox = sandboxes.get(sandboxId);
      if (!sandbox) throw new RuntimeError("CreateContainerError", `no such sandbox: ${sandboxId}`);
      let behaviour = behaviourOf(sandbox.spec.annotations, spec.name, base);
      if (behaviour.fail === "create") throw new RuntimeError("CreateContainerError", "simulated: the container can't be created");
      if (spec.role === "init" && behaviour.exitAfterMs === undefined) behaviour = { ...behaviour, exitAfterMs: initExitAfterMs };
      const container = addContainer(sandbox, {
        id: nextId("container"),
        name: spec.name,
        attempt: spec.attempt,
        image: spec.image,
        imageId: spec.imageId,
        behaviour,
        state: "created",
      });
      return container.id;
    },
    async startContainer(id, signal) {
      const container = required(id);
      const { behaviour } = container;
      if (behaviour.startMs > 0) {
        await sleep(clock, behaviour.startMs, signal).catch(() => {
          throw failed(container, "RunContainerError", "the start was called off");
        });
      }
      if (container.sandbox.state !== "ready") throw failed(container, "RunContainerError", "the sandbox is gone");
      if (behaviour.fail === "start") throw failed(container, "RunContainerError", "simulated: the container can't be started");
      container.state = "running";
      container.startedAt = clock.now();
      armEnd(container);
    },
    async stopContainer(id, graceMs) {
      const container = containers.get(id);
      if (container?.state !== "running") return;
      const { stopMs, stopExitCode } = container.behaviour;
      if (graceMs <= 0) return finish(container, killedExitCode, killSignal);
      if (stopMs === 0) return finish(container, stopExitCode);
      if (!container.waiting) {
        container.waiting = [];
        container.ending?.cancel();
        container.ending = stopMs === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(stopMs, () => finish(container, stopExitCode));
      }
      const ended = new Promise<void>((resolve) => container.waiting?.push(resolve));
      container.killing?.cancel();
      container.killing = clock.setTimer(graceMs, () => finish(container, killedExitCode, killSignal));
      await ended;
    },
    async removeContainer(id) {
      const container = containers.get(id);
      if (!container) return;
      finish(container, killedExitCode, killSignal);
      containers.delete(id);
      const list = containersOfSandbox.get(container.sandbox.id);
      list?.splice(list.indexOf(container), 1);
    },
    listContainers: async () => [...containers.values()].map(statusOf),
    async containerStatus(id) {
      const container = containers.get(id);
      return container && statusOf(container);
    },

    ...simulatedStreams(clock, required),

    recall(pods) {
      for (const pod of pods) recallPod(pod);
    },

    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      for (const container of containers.values()) {
        container.ending?.cancel();
        container.killing?.cancel();
      }
    },
  };
}
