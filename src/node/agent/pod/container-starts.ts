/** How a container of a Pod comes to run: image, configuration, back-off, hook, probes. */
import type { Container } from "../../../api/types.ts";
import type { SandboxStatus } from "../../runtime.ts";
import { RuntimeError } from "../../runtime.ts";
import type { MountedVolume } from "../../volumes/pod-volumes.ts";
import { goDuration } from "../back-off.ts";
import type { ContainerRecord, DeclaredContainer } from "../container-record.ts";
import { beginAttempt, takeRuntimeStatus, terminatedState } from "../container-record.ts";
import { buildContainerSpec } from "../container-spec.ts";
import { ContainerConfigError } from "../environment.ts";
import { ImageUnavailable } from "../image-puller.ts";
import type { ContainerEnds } from "./container-ends.ts";
import { runHook } from "./hooks.ts";
import type { PodProbes } from "./probes.ts";
import type { PodScope } from "./scope.ts";
import { probeTarget, specGraceMs } from "./scope.ts";

const configRetryMs = 2000;

export interface ContainerSurroundings {
  readonly sandbox: SandboxStatus;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  /** Aborted when the Pod is to go, which ends what takes long (pull, slow start). */
  readonly signal: AbortSignal;
}

export class ContainerStarts {
  readonly #scope: PodScope;
  readonly #probes: PodProbes;
  readonly #ends: ContainerEnds;

  constructor(scope: PodScope, probes: PodProbes, ends: ContainerEnds) {
    this.#scope = scope;
    this.#probes = probes;
    this.#ends = ends;
  }

  /** Starts a container, unless it has to wait. What is in the way shows in its record and as an event, and another pass comes. */
  async start(declared: DeclaredContainer, around: ContainerSurroundings): Promise<void> {
    const record = this.#scope.recordOf(declared);
    if (this.#holdsBack(declared, record)) return;
    const id = await this.#create(declared, record, around);
    if (id === undefined) return;
    const { runtime, recorder } = this.#scope.context;
    recorder.event(this.#scope.pod, "Normal", "Created", "Container created", { fieldPath: declared.fieldPath });
    try {
      await runtime.startContainer(id, around.signal);
    } catch (error) {
      return this.#noteFailedStart(declared, record, id, error, around.signal);
    }
    recorder.event(this.#scope.pod, "Normal", "Started", "Container started", { fieldPath: declared.fieldPath });
    const status = await runtime.containerStatus(id);
    record.waiting = undefined;
    if (status?.state !== "running") return this.#ends.observe(record);
    takeRuntimeStatus(record, status);
    if (await this.#postStart(declared, record, around.signal)) this.#probes.start(declared, record);
  }

  /** The runtime's id of the container that was made; undefined: it can't be made now. */
  async #create(declared: DeclaredContainer, record: ContainerRecord, around: ContainerSurroundings): Promise<string | undefined> {
    const { context, uid } = this.#scope;
    const { runtime, restarts, images, world } = context;
    const { sandbox, volumes, signal } = around;
    const container = declared.spec as Container;
    try {
      const image = await images.ensure(this.#scope.pod, container, declared.fieldPath, signal);
      if (signal.aborted) return undefined;
      const { pod } = this.#scope;
      const spec = await buildContainerSpec({ context, pod, declared, sandbox, volumes, image, attempt: record.attempt + 1 });
      if (signal.aborted) return undefined;
      const id = await runtime.createContainer(sandbox.id, spec);
      // A restart counts towards the back-off; a first start and a new image don't.
      if (record.state === "exited" && !record.replaced) restarts.next(uid, restartKey(record), world.clock.now());
      this.#newAttempt(record, declared, id, image.digests[0] ?? image.id);
      return id;
    } catch (error) {
      if (!signal.aborted) this.#noteTrouble(declared, record, error);
      return undefined;
    }
  }

  /** The record goes over to a new attempt: what was present becomes the last. */
  #newAttempt(record: ContainerRecord, declared: DeclaredContainer, id: string, imageId: string): void {
    const { runtime } = this.#scope.context;
    this.#probes.stop(record.name);
    if (record.state === "exited") {
      record.last = terminatedState(record, runtime.name);
      if (record.lastId !== undefined) void runtime.removeContainer(record.lastId).catch(() => {});
      record.lastId = record.id;
    }
    beginAttempt(record, declared, id, imageId);
  }

  /** Whether the container has to wait before it may run again (KUB-1, KUB-3). */
  #holdsBack(declared: DeclaredContainer, record: ContainerRecord): boolean {
    if (record.state !== "exited" || record.replaced) return false;
    const { context, pod, uid } = this.#scope;
    const { restarts, recorder, world } = context;
    const key = restartKey(record);
    const leftMs = restarts.remaining(uid, key, record.finishedAt ?? 0, world.clock.now());
    if (leftMs <= 0) return false;
    this.#scope.passIn(leftMs);
    if (record.waiting?.reason !== "CrashLoopBackOff") {
      const where = `${pod.metadata.name}_${pod.metadata.namespace}(${uid})`;
      const delay = goDuration(restarts.delay(uid, key));
      record.waiting = {
        reason: "CrashLoopBackOff",
        message: `back-off ${delay} restarting failed container=${record.name} pod=${where}`,
      };
      const message = `Back-off restarting failed container ${record.name} in pod ${where}`;
      recorder.event(pod, "Warning", "BackOff", message, { fieldPath: declared.fieldPath });
    }
    return true;
  }

  /** It could not be made. */
  #noteTrouble(declared: DeclaredContainer, record: ContainerRecord, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof ImageUnavailable) {
      record.waiting = { reason: error.reason, message };
      this.#scope.passIn(error.retryMs);
      return;
    }
    const reason = createTrouble(error);
    const seenBefore = record.waiting?.reason === reason && record.waiting.message === message;
    record.waiting = { reason, message };
    if (!seenBefore) this.#warn(declared, "Failed", `Error: ${message}`);
    this.#scope.passIn(configRetryMs);
  }

  /** It was made and could not be started. */
  async #noteFailedStart(
    declared: DeclaredContainer,
    record: ContainerRecord,
    id: string,
    error: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime, world } = this.#scope.context;
    const message = error instanceof Error ? error.message : String(error);
    // Whatever came of it must not run beside its successor.
    await runtime.stopContainer(id, 0).catch(() => {});
    const status = await runtime.containerStatus(id).catch(() => undefined);
    if (status) takeRuntimeStatus(record, status);
    record.state = "exited";
    record.exitCode ??= 128;
    record.reason ??= "StartError";
    record.message ??= message;
    record.finishedAt ??= world.clock.now();
    if (signal.aborted) return;
    record.waiting = { reason: "RunContainerError", message };
    this.#warn(declared, "Failed", `Error: ${message}`);
    this.#scope.wake();
  }

  /** KUB-64. False: the hook failed and the container is being killed. */
  async #postStart(declared: DeclaredContainer, record: ContainerRecord, signal: AbortSignal): Promise<boolean> {
    const scope = this.#scope;
    const hook = (declared.spec as Container).lifecycle?.postStart;
    if (!hook) return true;
    scope.statusChanged();
    try {
      const run = runHook(scope.context.world.clock, probeTarget(scope, declared, record), hook, Number.POSITIVE_INFINITY);
      await Promise.race([run, whenAborted(signal)]);
      return record.state === "running" && !signal.aborted;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#warn(declared, "FailedPostStartHook", "PostStartHook failed");
      await this.#ends.stop(declared, record, specGraceMs(scope.pod), "FailedPostStartHook");
      record.waiting = { reason: "PostStartHookError", message };
      return false;
    }
  }

  #warn(declared: DeclaredContainer, reason: string, message: string): void {
    this.#scope.context.recorder.event(this.#scope.pod, "Warning", reason, message, { fieldPath: declared.fieldPath });
  }
}

/** The reason that a container shows that could not be made. */
function createTrouble(error: unknown): string {
  if (error instanceof ContainerConfigError) return "CreateContainerConfigError";
  return error instanceof RuntimeError ? error.kind : "CreateContainerError";
}

/** A new image begins with a clean slate. */
const restartKey = (record: ContainerRecord): string => `${record.name}/${record.image}`;

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
