/**
 * A container runtime in which nothing runs: Pods get addresses, containers start, become ready, fail and end when their
 * annotations say so (annotations.ts), on the injected clock. Deterministic, and cheap: a container at rest holds one
 * small record and no timer.
 */
import { badRequest } from "../../api/errors.ts";
import type { ByteStream, ExecResult } from "../../api/node-api.ts";
import type { Pod } from "../../api/types.ts";
import type { Timer } from "../../base/clock.ts";
import { sleep } from "../../base/clock.ts";
import { randomHex } from "../../base/random.ts";
import { formatMicroTime, parseTime } from "../../base/time.ts";
import type { World } from "../../base/world.ts";
import type {
  ContainerSpec,
  ContainerStatus,
  ImageService,
  ImageStatus,
  Prober,
  ProbeSubject,
  Runtime,
  RuntimeEvent,
  SandboxSpec,
  SandboxStatus,
} from "../runtime.ts";
import { ImagePullError, RuntimeError } from "../runtime.ts";
import type { AddressRange } from "./address-range.ts";
import { addressRange } from "./address-range.ts";
import type { SimulatedBehaviour } from "./annotations.ts";
import { behaviourOf, defaultBehaviour } from "./annotations.ts";

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

interface Sandbox {
  readonly id: string;
  readonly spec: SandboxSpec;
  state: "ready" | "not-ready";
  readonly ip: string;
  readonly createdAt: number;
}

interface Container {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageId: string;
  readonly behaviour: SimulatedBehaviour;
  readonly createdAt: number;
  state: "created" | "running" | "exited";
  startedAt: number | undefined;
  finishedAt: number | undefined;
  exitCode: number | undefined;
  signal: number | undefined;
  reason: string | undefined;
  message: string | undefined;
  /** Ends it by itself or after a stop signal; a newer order replaces an older one. */
  ending: Timer | undefined;
  /** Kills it when its grace is over. */
  killing: Timer | undefined;
  /** Who waits for its end. */
  waiting: (() => void)[] | undefined;
}

/** Init containers end at once unless told otherwise: the Pod waits for them. */
const initExitAfterMs = 0;
const killedExitCode = 137;
const killSignal = 9;
const simulatedImageBytes = 25_000_000;

const encoder = new TextEncoder();

/** Creates a runtime with no sandboxes and no images. */
export function simulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  const { world } = options;
  const { clock } = world;
  const base: SimulatedBehaviour = { ...defaultBehaviour, ...options.behaviour };
  const addresses: AddressRange = addressRange(options.podCidr);
  const sandboxes = new Map<string, Sandbox>();
  const sandboxOfPod = new Map<string, Sandbox>();
  const containers = new Map<string, Container>();
  const containersOfSandbox = new Map<string, Container[]>();
  const images = simulatedImages();
  const listeners = new Set<(event: RuntimeEvent) => void>();
  let sequence = 0;

  const emit = (event: RuntimeEvent): void => {
    for (const listener of listeners) listener(event);
  };
  /** Tells the ids of this runtime from those that one before it gave. */
  const seed = randomHex(world.random, 8);
  /** 64 hexadecimal digits, as runtimes have them. */
  const nextId = (kind: string): string => pseudoDigest(`${seed}/${kind}/${sequence++}`);

  function statusOf(container: Container): ContainerStatus {
    return {
      id: container.id,
      sandboxId: container.sandbox.id,
      name: container.name,
      podUid: container.sandbox.spec.podUid,
      attempt: container.attempt,
      image: container.image,
      imageId: container.imageId,
      state: container.state,
      createdAt: container.createdAt,
      ...(container.startedAt !== undefined && { startedAt: container.startedAt }),
      ...(container.finishedAt !== undefined && { finishedAt: container.finishedAt }),
      ...(container.exitCode !== undefined && { exitCode: container.exitCode }),
      ...(container.signal !== undefined && { signal: container.signal }),
      ...(container.reason !== undefined && { reason: container.reason }),
      ...(container.message !== undefined && { message: container.message }),
    };
  }

  function addContainer(
    sandbox: Sandbox,
    known: Pick<Container, "id" | "name" | "attempt" | "image" | "imageId" | "behaviour" | "state"> & Partial<Container>,
  ): Container {
    const container: Container = {
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
  function armEnd(container: Container): void {
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
    const sandbox: Sandbox = {
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

  function finish(container: Container, exitCode: number, signal?: number): void {
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

  function failed(container: Container, kind: RuntimeError["kind"], message: string): RuntimeError {
    container.state = "exited";
    container.startedAt = undefined;
    container.finishedAt = clock.now();
    container.exitCode = 128;
    container.reason = "StartError";
    container.message = message;
    return new RuntimeError(kind, message);
  }

  function running(podUid: string, name: string): Container | undefined {
    const sandbox = sandboxOfPod.get(podUid);
    if (!sandbox) return undefined;
    const list = containersOfSandbox.get(sandbox.id);
    if (!list) return undefined;
    for (let index = list.length - 1; index >= 0; index--) {
      const container = list[index] as Container;
      if (container.name === name && container.state === "running") return container;
    }
    return undefined;
  }

  const required = (id: string): Container => {
    const container = containers.get(id);
    if (!container) throw new Error(`no such container: ${id}`);
    return container;
  };

  function logLines(container: Container): { readonly at: number; readonly text: string }[] {
    if (container.startedAt === undefined) return [];
    const { podNamespace, podName } = container.sandbox.spec;
    const lines = [
      { at: container.startedAt, text: `simulated container ${container.name} of ${podNamespace}/${podName} (${container.image}) started` },
    ];
    if (container.behaviour.log !== undefined) {
      for (const text of container.behaviour.log.split("\n")) lines.push({ at: container.startedAt, text });
    }
    if (container.finishedAt !== undefined)
      lines.push({ at: container.finishedAt, text: `simulated container ended with exit code ${container.exitCode}` });
    return lines;
  }

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
      const sandbox: Sandbox = { id: nextId("sandbox"), spec, state: "ready", ip, createdAt: clock.now() };
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

    async exec(id, request, streams): Promise<ExecResult> {
      const { sandbox } = required(id);
      const { exitCode, output } = simulatedCommand(request.command, sandbox.spec.hostname);
      if (output !== "") await streams.stdout?.write(encoder.encode(output));
      return { exitCode };
    },
    async execSync(id, command) {
      return simulatedCommand(command, required(id).sandbox.spec.hostname);
    },
    async attach(id, _request, streams, signal) {
      const container = required(id);
      await streams.stdout?.write(encoder.encode("simulated container: nothing is attached\n"));
      if (container.state !== "running") return;
      await new Promise<void>((resolve) => {
        container.waiting ??= [];
        container.waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    async portForward(): Promise<ByteStream> {
      throw badRequest("a simulated Pod listens on no port");
    },
    async logs(id, request, sink, signal) {
      const container = required(id);
      const since =
        request.sinceTime !== undefined
          ? parseTime(request.sinceTime)
          : request.sinceSeconds !== undefined
            ? clock.now() - request.sinceSeconds * 1000
            : undefined;
      let left = request.limitBytes ?? Number.POSITIVE_INFINITY;
      const write = async (lines: readonly { readonly at: number; readonly text: string }[]): Promise<void> => {
        for (const line of lines) {
          const bytes = encoder.encode(request.timestamps ? `${formatMicroTime(line.at)} ${line.text}\n` : `${line.text}\n`);
          if (left > 0) await sink(bytes.subarray(0, left));
          left -= bytes.length;
        }
      };
      const before = logLines(container).filter((line) => since === undefined || line.at >= since);
      await write(request.tailLines === undefined ? before : request.tailLines === 0 ? [] : before.slice(-request.tailLines));
      if (!request.follow || container.state !== "running") return;
      await new Promise<void>((resolve) => {
        container.waiting ??= [];
        container.waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      if (!signal.aborted) await write(logLines(container).slice(-1));
    },

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

  function simulatedImages(): ImageService & { remember(reference: string): ImageStatus } {
    const present = new Map<string, ImageStatus>();
    const remember = (reference: string): ImageStatus => {
      let image = present.get(reference);
      if (!image) {
        const digest = `sha256:${pseudoDigest(reference)}`;
        image = {
          id: digest,
          tags: [reference],
          digests: [`${reference.replace(/[:@][^/]*$/, "")}@${digest}`],
          sizeBytes: simulatedImageBytes,
          user: "",
        };
        present.set(reference, image);
      }
      return image;
    };
    return {
      remember,
      async status(reference) {
        return present.get(reference);
      },
      async pull(reference, _auths, signal, user) {
        const sandbox = user && sandboxOfPod.get(user.podUid);
        const behaviour = sandbox ? behaviourOf(sandbox.spec.annotations, user.container, base) : base;
        if (behaviour.pullMs > 0) await sleep(clock, behaviour.pullMs, signal);
        if (behaviour.fail === "image" || options.imageFails?.(reference)) {
          throw new ImagePullError("ErrImagePull", `failed to pull image "${reference}": simulated: not found`);
        }
        return remember(reference);
      },
      list: async () => [...present.values()],
      async remove(reference) {
        present.delete(reference);
      },
    };
  }
}

/**
 * Readiness and startup probes succeed from `ready-after-ms` on, unless `fail` says `unready`. Liveness probes and hooks
 * succeed, unless it says `unhealthy`: a release that never becomes ready is not to be restarted for it.
 */
function simulatedProber(clock: World["clock"], running: (podUid: string, name: string) => Container | undefined): Prober {
  const refusal = ({ podUid, containerName, probe }: ProbeSubject): string | undefined => {
    const container = running(podUid, containerName);
    if (!container) return "connect: connection refused";
    const { fail, readyAfterMs } = container.behaviour;
    const isUp = clock.now() - (container.startedAt as number) >= readyAfterMs;
    if (fail === "unhealthy" && isUp) return "simulated: unhealthy";
    if (probe !== "readiness" && probe !== "startup") return undefined;
    if (fail === "unready") return "simulated: never ready";
    return isUp ? undefined : "simulated: not ready yet";
  };
  return {
    async http(request) {
      const why = refusal(request);
      return why === undefined ? { status: 200, body: "ok" } : { status: 503, body: why };
    },
    async tcp(request) {
      const why = refusal(request);
      if (why !== undefined) throw new Error(why);
    },
    async grpc(request) {
      return refusal(request) === undefined ? "SERVING" : "NOT_SERVING";
    },
    exec(request) {
      const why = refusal(request);
      return why === undefined ? { exitCode: 0, output: "" } : { exitCode: 1, output: why };
    },
    steadyForMs(podUid, containerName) {
      const container = running(podUid, containerName);
      if (!container) return 0;
      const { fail, readyAfterMs } = container.behaviour;
      const left = (container.startedAt as number) + readyAfterMs - clock.now();
      return left > 0 && fail !== "unready" ? left : Number.POSITIVE_INFINITY;
    },
  };
}

/** Answers the few commands that scripts try first; everything else succeeds and says that nothing ran. */
function simulatedCommand(command: readonly string[], hostname: string): { readonly exitCode: number; readonly output: string } {
  const [name, ...args] = command;
  if (name === "true") return { exitCode: 0, output: "" };
  if (name === "false") return { exitCode: 1, output: "" };
  if (name === "echo") return { exitCode: 0, output: `${args.join(" ")}\n` };
  if (name === "hostname") return { exitCode: 0, output: `${hostname}\n` };
  const exit = /^exit (\d+)$/.exec(args[args.length - 1] ?? "");
  if (exit) return { exitCode: Number(exit[1]), output: "" };
  return { exitCode: 0, output: `simulated container: ${command.join(" ")} was not run\n` };
}

/** 64 hexadecimal digits that depend on nothing but the text. Looks like a SHA-256, and isn't one. */
function pseudoDigest(text: string): string {
  let digest = "";
  for (let round = 0; round < 8; round++) {
    let hash = (0x811c9dc5 ^ Math.imul(round + 1, 0x9e3779b9)) >>> 0;
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x85ebca6b) >>> 0;
    hash ^= hash >>> 13;
    digest += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return digest;
}
