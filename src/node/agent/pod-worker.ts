/**
 * Everything that happens to one Pod on its node, from the moment it is bound until nothing of it is left.
 *
 * Invariants:
 * 1. One pass at a time: `#sync` and `#terminate` never run twice at once, so no container is made twice.
 * 2. `#records` is the only memory of containers. Whoever awaits something reads it again afterwards: exits and probes
 *    change it at any time.
 * 3. A Pod that has ended or is being terminated never starts a container again.
 * 4. The status that is written always follows from `#records` at the moment of writing.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { Pod as PodKind } from "../../api/kinds/pod/index.ts";
import type { Container, Pod } from "../../api/types.ts";
import type { Timer } from "../../base/clock.ts";
import { parseTime } from "../../base/time.ts";
import { deepEqual, semanticEqual } from "../../machinery/equality.ts";
import { isPodTerminal } from "../../machinery/pods.ts";
import { compareQuantities } from "../../machinery/quantity.ts";
import type { ProbeTarget } from "../probes/attempt.ts";
import { runHandler } from "../probes/attempt.ts";
import type { ContainerStatus as RuntimeContainerStatus, RuntimeEvent, SandboxStatus } from "../runtime.ts";
import { RuntimeError } from "../runtime.ts";
import type { MountedVolume } from "../volumes/pod-volumes.ts";
import { VolumeError } from "../volumes/pod-volumes.ts";
import type { AgentContext } from "./agent-context.ts";
import { goDuration } from "./back-off.ts";
import { containerResources } from "./container-limits.ts";
import { ContainerProbes } from "./container-probes.ts";
import type { ContainerRecord, DeclaredContainer } from "./container-record.ts";
import { declaredContainers, newRecord, takeApiStatus, takeRuntimeStatus, terminatedState } from "./container-record.ts";
import { buildContainerSpec } from "./container-spec.ts";
import { decide } from "./decision.ts";
import { ContainerConfigError } from "./environment.ts";
import { Grace } from "./grace.ts";
import { ImageUnavailable } from "./image-puller.ts";
import { lastWords } from "./last-words.ts";
import { podStatus } from "./pod-status.ts";
import { buildSandboxSpec } from "./sandbox-spec.ts";
import { StatusWriter } from "./status-writer.ts";

/** What the runtime holds of a Pod when the agent starts. */
export interface Adopted {
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly RuntimeContainerStatus[];
}

const failedPassRetryMs = 1000;
const volumeRetryBaseMs = 500;
const volumeRetryCapMs = 120_000;
const sandboxRetryMs = 1000;
/** A container has this long after its preStop hook, even if the hook used the grace up (KUB-61). */
const graceAfterHookMs = 2000;
/** What a Pod gets that vanished from the API without asking: it was deleted by force. */
const vanishedGraceMs = 1000;
const configRetryMs = 2000;

export class PodWorker {
  readonly uid: string;
  readonly #context: AgentContext;
  readonly #onFinished: () => void;
  readonly #writer: StatusWriter;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #probes = new Map<string, ContainerProbes>();
  #pod: Pod;
  #declared: DeclaredContainer[];
  #sandbox: SandboxStatus | undefined;
  #sandboxAttempts = 0;
  /** Every sandbox there is of this Pod, to be removed in the end. */
  readonly #sandboxIds: string[] = [];
  /** Making one failed: the runtime may have one that nobody here was told of. */
  #hasStraySandboxes = false;
  readonly #startTime: number;
  #verdict: { readonly reason: string; readonly message: string } | undefined;
  #admitted = false;
  #ended = false;
  /** The object has gone from the API. */
  #vanished = false;
  #finished = false;
  #closed = false;
  /** Aborts what can take long (pull, slow start) when the Pod is to be terminated. */
  #abort: AbortController | undefined;
  #dirty = false;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #nextPassAt = Number.POSITIVE_INFINITY;
  #volumeFailures = 0;
  #volumesStale = true;
  #volumes: ReadonlyMap<string, MountedVolume> | undefined;
  readonly #grace: Grace;

  constructor(context: AgentContext, pod: Pod, adopted: Adopted | undefined, onFinished: () => void) {
    this.uid = pod.metadata.uid as string;
    this.#context = context;
    this.#grace = new Grace(context.world.clock);
    this.#pod = pod;
    this.#onFinished = onFinished;
    this.#declared = declaredContainers(pod);
    this.#startTime = parseTime(pod.status?.startTime) ?? context.world.clock.now();
    this.#ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (this.#ended && pod.status?.reason) this.#verdict = { reason: pod.status.reason, message: pod.status.message ?? "" };
    this.#admitted = pod.status?.startTime !== undefined;
    this.#writer = new StatusWriter({
      context,
      compute: (known) => this.#status(known),
      pod: () => this.#pod,
      seen: (latest) => this.#see(latest),
      gone: () => this.vanished(undefined),
    });
    this.#adopt(adopted);
    if (pod.metadata.deletionTimestamp !== undefined) this.#shortenGrace(true);
  }

  /** The Pod as it was last seen. */
  get pod(): Pod {
    return this.#pod;
  }

  get sandbox(): SandboxStatus | undefined {
    return this.#sandbox;
  }

  /** What is known of a container; undefined: it has never been looked at. */
  record(name: string): ContainerRecord | undefined {
    return this.#records.get(name);
  }

  /** Whether it still holds what the node has to share out. */
  get occupies(): boolean {
    // Once the API says that it has ended, the scheduler has given its share to the next one, although there still is a sandbox to stop.
    return !this.#ended && !this.#vanished && !this.#finished && !isPodTerminal(this.#pod);
  }

  /** Begins, or looks again. */
  wake(): void {
    if (this.#closed || this.#finished) return;
    this.#dirty = true;
    this.#running ??= this.#run();
  }

  /** The API has a new version. */
  update(pod: Pod): void {
    const { metadata, spec } = this.#pod;
    this.#see(pod);
    // Most updates are the agent's own: a status that needs no look at the containers.
    const same = pod.metadata.generation === metadata.generation && pod.metadata.deletionTimestamp === metadata.deletionTimestamp;
    if (!same || this.#volumesStale || (pod.metadata.generation === undefined && pod.spec !== spec)) this.wake();
    this.#writer.touch();
  }

  /** The API has no such Pod any more: whatever runs is killed and cleaned up. */
  vanished(last: Pod | undefined): void {
    if (this.#vanished) return;
    if (last) this.#see(last);
    this.#vanished = true;
    this.#writer.close();
    this.#shortenGrace();
    this.#abort?.abort(new Error("the Pod is gone"));
    this.wake();
  }

  /** An object that the Pod's volumes show has changed. */
  refreshVolumes(): void {
    this.#volumesStale = true;
    this.wake();
  }

  /** Something happened in the runtime that nobody here asked for, or that somebody here is waiting for. */
  observe(event: RuntimeEvent): void {
    if (event.type === "sandbox-gone") {
      this.#inBackground(this.#observeSandbox());
      return;
    }
    for (const record of this.#records.values()) {
      if (record.id === event.containerId) this.#inBackground(this.#observeContainer(record));
    }
  }

  /** Lets go without stopping anything. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#writer.close();
    this.#abort?.abort(new Error("the agent stops"));
    for (const probes of this.#probes.values()) probes.stop();
    // A container that is being made must be known to the runtime before another agent looks; a termination can be
    // taken up by the next agent where it stands.
    if (!this.#isTerminating()) await this.#running;
  }

  // ------------------------------------------------------------------ knowledge

  #see(pod: Pod): void {
    if (pod.metadata.uid !== this.uid || isOlder(pod, this.#pod)) return;
    const before = this.#pod;
    this.#pod = pod;
    if (pod.spec !== before.spec) this.#declared = declaredContainers(pod);
    const { labels, annotations } = before.metadata;
    if (!deepEqual(pod.metadata.labels, labels) || !deepEqual(pod.metadata.annotations, annotations)) this.#volumesStale = true;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#shortenGrace();
      this.#abort?.abort(new Error("the Pod is being deleted"));
    }
  }

  #status(pod: Pod): NonNullable<Pod["status"]> {
    const { config, runtime, world } = this.#context;
    return podStatus({
      pod,
      records: this.#records,
      sandboxIp: this.#sandbox?.state === "ready" ? this.#sandbox.ip : undefined,
      ended: this.#ended,
      verdict: this.#verdict,
      startTime: this.#startTime,
      nodeIp: config.nodeIp,
      runtimeName: runtime.name,
      now: world.clock.now(),
    });
  }

  #recordOf(declared: DeclaredContainer): ContainerRecord {
    let record = this.#records.get(declared.spec.name);
    if (!record) {
      record = newRecord(declared);
      this.#records.set(declared.spec.name, record);
    }
    return record;
  }

  /** Matches what the runtime has to the Pod: nothing that runs is touched. */
  #adopt(adopted: Adopted | undefined): void {
    const sandboxes = [...(adopted?.sandboxes ?? [])].sort((a, b) => a.spec.attempt - b.spec.attempt);
    for (const sandbox of sandboxes) this.#sandboxIds.push(sandbox.id);
    const newest = sandboxes[sandboxes.length - 1];
    if (newest) {
      this.#sandbox = newest;
      this.#sandboxAttempts = newest.spec.attempt + 1;
    }
    const { status } = this.#pod;
    if (!adopted && !status?.containerStatuses && !status?.initContainerStatuses) return;
    const now = this.#context.world.clock.now();
    const statuses = [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ];
    for (const declared of this.#declared) {
      const record = this.#recordOf(declared);
      const attempts = (adopted?.containers ?? []).filter((one) => one.name === record.name).sort((a, b) => a.attempt - b.attempt);
      const present = attempts[attempts.length - 1];
      if (present) takeRuntimeStatus(record, present);
      const previous = attempts[attempts.length - 2];
      if (previous) record.lastId = previous.id;
      const known = statuses.find((one) => one.name === record.name);
      if (known) takeApiStatus(record, known, now);
      record.resources ??= (declared.spec as Container).resources;
      if (record.state === "running") this.#startProbes(declared, record);
      else if (present) this.#inBackground(this.#readTerminationMessage(record));
    }
  }

  // ------------------------------------------------------------------ passes

  async #run(): Promise<void> {
    // What woke it may come in a burst: look once when all of it has been heard.
    await undefined;
    while (this.#dirty && !this.#closed && !this.#finished) {
      this.#dirty = false;
      this.#nextPassAt = Number.POSITIVE_INFINITY;
      try {
        if (this.#isTerminating()) await this.#terminate();
        else await this.#sync();
      } catch (error) {
        if (!this.#isTerminating() && !this.#closed) {
          const text = error instanceof Error ? error.stack : String(error);
          this.#context.world.log.error("a pass over a Pod failed", { pod: this.#pod.metadata.name, error: text });
        }
        this.#passIn(failedPassRetryMs);
      }
      if (this.#isTerminating() && !this.#finished && this.#nextPassAt === Number.POSITIVE_INFINITY) this.#dirty = true;
      if (!this.#dirty) this.#writer.touch();
    }
    this.#running = undefined;
    this.#armTimer();
  }

  #isTerminating(): boolean {
    return this.#vanished || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  #passIn(delayMs: number): void {
    this.#nextPassAt = Math.min(this.#nextPassAt, this.#context.world.clock.monotonic() + delayMs);
  }

  #armTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#closed || this.#finished || this.#nextPassAt === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#context.world;
    this.#timer = clock.setTimer(Math.max(0, this.#nextPassAt - clock.monotonic()), () => this.wake());
  }

  async #sync(): Promise<void> {
    if (this.#ended) return;
    const { context } = this;
    if (!this.#admitted) {
      const refusal = context.admit(this.#pod);
      if (refusal) {
        this.#verdict = refusal;
        this.#ended = true;
        context.recorder.event(this.#pod, "Warning", refusal.reason, refusal.message);
        return;
      }
      this.#admitted = true;
    }
    if (await this.#isPastDeadline()) return;

    // Before anything takes its time: whoever looks sees that the node has taken the Pod on.
    this.#writer.touch();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const volumes = await this.#mountVolumes();
      if (!volumes || abort.signal.aborted) return;
      await this.#leaveLostSandbox();
      if (decide(this.#pod, this.#declared, this.#records).over) return await this.#end(this.#specGraceMs());
      const sandbox = await this.#ensureSandbox();
      if (!sandbox || abort.signal.aborted) return;
      await this.#syncContainers(sandbox, volumes, abort.signal);
    } finally {
      if (this.#abort === abort) this.#abort = undefined;
    }
  }

  get context(): AgentContext {
    return this.#context;
  }

  /** KUB-47. */
  async #isPastDeadline(): Promise<boolean> {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined) return false;
    const leftMs = this.#startTime + seconds * 1000 - this.#context.world.clock.now();
    if (leftMs > 0) {
      this.#passIn(leftMs);
      return false;
    }
    const message = "Pod was active on the node longer than the specified deadline";
    this.#context.recorder.event(this.#pod, "Normal", "DeadlineExceeded", message);
    this.#verdict = { reason: "DeadlineExceeded", message };
    await this.#end(this.#specGraceMs());
    return true;
  }

  #specGraceMs(): number {
    return (this.#pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  async #mountVolumes(): Promise<ReadonlyMap<string, MountedVolume> | undefined> {
    const { volumes, recorder } = this.#context;
    const dueMs = volumes.refreshInMs(this.uid);
    if (this.#volumes && !this.#volumesStale && !(dueMs !== undefined && dueMs <= 0)) {
      if (dueMs !== undefined) this.#passIn(dueMs);
      return this.#volumes;
    }
    this.#volumesStale = false;
    try {
      this.#volumes = await volumes.mount(this.#pod, this.#addresses());
      this.#volumeFailures = 0;
      const nextMs = volumes.refreshInMs(this.uid);
      if (nextMs !== undefined) this.#passIn(nextMs);
      return this.#volumes;
    } catch (error) {
      this.#volumesStale = true;
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof VolumeError))
        this.#context.world.log.warn("mounting a Pod's volumes failed", { pod: this.#pod.metadata.name, error: message });
      recorder.event(this.#pod, "Warning", "FailedMount", message);
      this.#passIn(Math.min(volumeRetryBaseMs * 2 ** this.#volumeFailures++, volumeRetryCapMs));
      // What runs already keeps the files it has.
      return this.#volumes;
    }
  }

  #addresses(): { podIp: string; hostIp: string; allocatable: Readonly<Record<string, string>> } {
    const { config } = this.#context;
    return { podIp: this.#sandbox?.ip ?? "", hostIp: config.nodeIp, allocatable: config.allocatable };
  }

  /** After a reboot, or when somebody took the sandbox away, everything in it begins anew. */
  async #leaveLostSandbox(): Promise<void> {
    if (!this.#sandbox || this.#sandbox.state === "ready") return;
    const { runtime, recorder } = this.#context;
    await runtime.stopSandbox(this.#sandbox.id);
    for (const record of this.#records.values()) {
      if (record.state === "running") await this.#observeContainer(record);
      record.outdated = true;
    }
    recorder.event(this.#pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    this.#sandbox = undefined;
  }

  /** The sandbox, made if there is none. */
  async #ensureSandbox(): Promise<SandboxStatus | undefined> {
    if (this.#sandbox) return this.#sandbox;
    const { runtime, recorder, config } = this.#context;
    try {
      const sandbox = await runtime.runSandbox(buildSandboxSpec(this.#pod, config, this.#sandboxAttempts++));
      this.#sandboxIds.push(sandbox.id);
      this.#sandbox = sandbox;
      return sandbox;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#hasStraySandboxes = true;
      recorder.event(this.#pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${message}`);
      this.#passIn(sandboxRetryMs);
      return undefined;
    }
  }

  async #syncContainers(sandbox: SandboxStatus, volumes: ReadonlyMap<string, MountedVolume>, signal: AbortSignal): Promise<void> {
    const decision = decide(this.#pod, this.#declared, this.#records);
    if (decision.over) return this.#end(this.#specGraceMs());
    for (const declared of decision.replace) {
      const record = this.#recordOf(declared);
      record.replaced = true;
      this.#inBackground(
        this.#stop(declared, record, this.#specGraceMs(), `Container ${record.name} definition changed, will be restarted`),
      );
    }
    await this.#resizeContainers();
    for (const declared of decision.start) {
      if (signal.aborted) return;
      await this.#start(declared, sandbox, volumes, signal);
      this.#writer.touch();
    }
  }

  /** Gives running containers the resources that the Pod has come to ask for, or starts them anew where their policy says so. */
  async #resizeContainers(): Promise<void> {
    const { runtime, recorder } = this.#context;
    for (const declared of this.#declared) {
      const record = this.#records.get(declared.spec.name);
      const wanted = (declared.spec as Container).resources;
      if (record?.state !== "running" || record.id === undefined || record.stopping || record.replaced) continue;
      if (declared.role === "ephemeral" || deepEqual(record.resources, wanted)) continue;
      // The same amounts in other words.
      if (semanticEqual(record.resources, wanted, "core.v1.ResourceRequirements")) {
        record.resources = wanted;
        continue;
      }
      if (needsRestart(declared.spec as Container, record.resources)) {
        record.replaced = true;
        const why = `Container ${record.name} resize requires restart`;
        this.#inBackground(this.#stop(declared, record, this.#specGraceMs(), why));
        continue;
      }
      const { id } = record;
      try {
        await runtime.updateContainer?.(id, containerResources(this.#pod, declared.spec as Container));
        if (record.id === id) record.resources = wanted;
      } catch (error) {
        if (record.state !== "running" || record.id !== id) continue;
        const message = error instanceof Error ? error.message : String(error);
        recorder.event(this.#pod, "Warning", "ResizeError", message, { fieldPath: declared.fieldPath });
        this.#passIn(configRetryMs);
      }
    }
  }

  // ------------------------------------------------------------------ starting

  async #start(
    declared: DeclaredContainer,
    sandbox: SandboxStatus,
    volumes: ReadonlyMap<string, MountedVolume>,
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime, recorder, restarts, images, world } = this.#context;
    const record = this.#recordOf(declared);
    const container = declared.spec as Container;
    if (this.#holdsBack(declared, record)) return;

    let id: string;
    try {
      const image = await images.ensure(this.#pod, container, declared.fieldPath, signal);
      if (signal.aborted) return;
      const spec = await buildContainerSpec({
        context: this.#context,
        pod: this.#pod,
        declared,
        sandbox,
        volumes,
        image,
        attempt: record.attempt + 1,
      });
      if (signal.aborted) return;
      id = await runtime.createContainer(sandbox.id, spec);
      // A restart counts towards the back-off; a first start and a new image don't.
      if (record.state === "exited" && !record.replaced) restarts.next(this.uid, restartKey(record), world.clock.now());
      this.#newAttempt(record, declared, id, image.digests[0] ?? image.id);
    } catch (error) {
      if (!signal.aborted) this.#noteStartTrouble(declared, record, error);
      return;
    }
    recorder.event(this.#pod, "Normal", "Created", "Container created", { fieldPath: declared.fieldPath });
    try {
      await runtime.startContainer(id, signal);
    } catch (error) {
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
      recorder.event(this.#pod, "Warning", "Failed", `Error: ${message}`, { fieldPath: declared.fieldPath });
      this.wake();
      return;
    }
    recorder.event(this.#pod, "Normal", "Started", "Container started", { fieldPath: declared.fieldPath });
    const status = await runtime.containerStatus(id);
    record.waiting = undefined;
    if (status?.state !== "running") return this.#observeContainer(record);
    takeRuntimeStatus(record, status);
    if (!(await this.#postStart(declared, record, signal))) return;
    this.#startProbes(declared, record);
  }

  /** Whether the container has to wait before it may run again (KUB-1, KUB-3). */
  #holdsBack(declared: DeclaredContainer, record: ContainerRecord): boolean {
    if (record.state !== "exited" || record.replaced) return false;
    const { restarts, recorder, world } = this.#context;
    const key = restartKey(record);
    const leftMs = restarts.remaining(this.uid, key, record.finishedAt ?? 0, world.clock.now());
    if (leftMs <= 0) return false;
    this.#passIn(leftMs);
    if (record.waiting?.reason !== "CrashLoopBackOff") {
      const where = `${this.#pod.metadata.name}_${this.#pod.metadata.namespace}(${this.uid})`;
      record.waiting = {
        reason: "CrashLoopBackOff",
        message: `back-off ${goDuration(restarts.delay(this.uid, key))} restarting failed container=${record.name} pod=${where}`,
      };
      recorder.event(this.#pod, "Warning", "BackOff", `Back-off restarting failed container ${record.name} in pod ${where}`, {
        fieldPath: declared.fieldPath,
      });
    }
    return true;
  }

  #noteStartTrouble(declared: DeclaredContainer, record: ContainerRecord, error: unknown): void {
    const { recorder } = this.#context;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof ImageUnavailable) {
      record.waiting = { reason: error.reason, message };
      this.#passIn(error.retryMs);
      return;
    }
    const reason =
      error instanceof ContainerConfigError
        ? "CreateContainerConfigError"
        : error instanceof RuntimeError
          ? error.kind
          : "CreateContainerError";
    const seenBefore = record.waiting?.reason === reason && record.waiting.message === message;
    record.waiting = { reason, message };
    if (!seenBefore) recorder.event(this.#pod, "Warning", "Failed", `Error: ${message}`, { fieldPath: declared.fieldPath });
    this.#passIn(configRetryMs);
  }

  /** The record goes over to a new attempt: what was present becomes the last. */
  #newAttempt(record: ContainerRecord, declared: DeclaredContainer, id: string, imageId: string): void {
    const { runtime } = this.#context;
    this.#stopProbes(record);
    if (record.state === "exited") {
      record.last = this.#terminated(record);
      if (record.lastId !== undefined) void runtime.removeContainer(record.lastId).catch(() => {});
      record.lastId = record.id;
    }
    record.attempt++;
    record.id = id;
    record.resources = (declared.spec as Container).resources;
    record.image = declared.spec.image ?? "";
    record.imageId = imageId;
    record.startedAt = undefined;
    record.finishedAt = undefined;
    record.exitCode = undefined;
    record.signal = undefined;
    record.reason = undefined;
    record.message = undefined;
    record.started = false;
    record.probedReady = false;
    record.stopping = false;
    record.replaced = false;
    record.outdated = false;
    // Until it runs it shows as waiting, and its predecessor as the last state.
    record.state = "none";
    record.waiting = undefined;
  }

  #terminated(record: ContainerRecord): NonNullable<ContainerRecord["last"]> {
    const { runtime } = this.#context;
    return terminatedState(record, runtime.name);
  }

  /** KUB-64. False: the hook failed and the container is being killed. */
  async #postStart(declared: DeclaredContainer, record: ContainerRecord, signal: AbortSignal): Promise<boolean> {
    const hook = (declared.spec as Container).lifecycle?.postStart;
    if (!hook) return true;
    this.#writer.touch();
    try {
      await Promise.race([this.#runHook(declared, record, hook, Number.POSITIVE_INFINITY), whenAborted(signal)]);
      return record.state === "running" && !signal.aborted;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { recorder } = this.#context;
      recorder.event(this.#pod, "Warning", "FailedPostStartHook", "PostStartHook failed", { fieldPath: declared.fieldPath });
      await this.#stop(declared, record, this.#specGraceMs(), "FailedPostStartHook");
      record.waiting = { reason: "PostStartHookError", message };
      return false;
    }
  }

  async #runHook(
    declared: DeclaredContainer,
    record: ContainerRecord,
    hook: NonNullable<NonNullable<Container["lifecycle"]>["preStop"]>,
    limitMs: number,
  ): Promise<void> {
    if (hook.sleep) {
      await this.#pause(Math.min(hook.sleep.seconds * 1000, limitMs));
      return;
    }
    await runHandler(this.#target(declared, record), hook, Math.min(limitMs, 2 ** 31 - 1));
  }

  #target(declared: DeclaredContainer, record: ContainerRecord): ProbeTarget {
    const { runtime, prober } = this.#context;
    return {
      runtime,
      prober,
      podUid: this.uid,
      podIp: this.#sandbox?.ip ?? "",
      container: declared.spec as Container,
      containerId: record.id as string,
    };
  }

  // ------------------------------------------------------------------ probes

  #startProbes(declared: DeclaredContainer, record: ContainerRecord): void {
    if (declared.role === "init" || declared.role === "ephemeral") {
      record.started = true;
      return;
    }
    const probes = new ContainerProbes({
      context: this.#context,
      container: declared.spec as Container,
      target: () => this.#target(declared, record),
      pod: () => this.#pod,
      fieldPath: declared.fieldPath,
      record,
      changed: () => {
        this.#writer.touch();
        // A sidecar that has started lets the next container go.
        if (declared.role === "sidecar") this.wake();
      },
      unhealthy: (kind, graceSeconds) => {
        if (this.#isTerminating()) return;
        const graceMs = graceSeconds === undefined ? this.#specGraceMs() : graceSeconds * 1000;
        this.#inBackground(this.#stop(declared, record, graceMs, `Container ${record.name} failed ${kind} probe, will be restarted`));
      },
    });
    if (probes.isNeeded) {
      this.#probes.set(record.name, probes);
      probes.start();
    }
    // Without a startup probe a sidecar has started as of now, and lets the next container go.
    if (declared.role === "sidecar" && record.started) this.wake();
  }

  #stopProbes(record: ContainerRecord): void {
    this.#probes.get(record.name)?.stop();
    this.#probes.delete(record.name);
  }

  // ------------------------------------------------------------------ ends

  /** Looks at an attempt that may have ended. */
  async #observeContainer(record: ContainerRecord): Promise<void> {
    const { runtime } = this.#context;
    const id = record.id;
    if (id === undefined) return;
    const status = await runtime.containerStatus(id);
    if (record.id !== id || status?.state === "running" || status?.state === "created") return;
    const wasOver = record.state === "exited";
    if (status) takeRuntimeStatus(record, status);
    else if (!wasOver) {
      record.state = "exited";
      record.exitCode = 137;
      record.reason = "ContainerStatusUnknown";
      record.message = "The container could not be located";
      record.finishedAt = this.#context.world.clock.now();
    }
    record.started = false;
    record.probedReady = false;
    if (!wasOver) {
      this.#stopProbes(record);
      await this.#readTerminationMessage(record);
    }
    record.stopping = false;
    this.wake();
    // A container that is started again at once goes on without its short end being written as a state of its own.
    // The last one to end in a termination shows in the final status; before that, the Pod's readiness has changed.
    if (!this.#isTerminating() || [...this.#records.values()].some((other) => other.state === "running")) this.#writer.touch();
  }

  /** Lets work go on by itself. What fails is said, and everything is looked at again a moment later. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.#closed) return;
      this.#context.world.log.warn("something of a Pod failed", { pod: this.#pod.metadata.name, error: String(error) });
      this.#passIn(failedPassRetryMs);
      this.#armTimer();
    });
  }

  async #observeSandbox(): Promise<void> {
    const sandbox = this.#sandbox;
    if (!sandbox || this.#ended || this.#isTerminating()) return;
    const found = (await this.#context.runtime.listSandboxes()).find((one) => one.id === sandbox.id);
    if (found?.state === "ready") return;
    if (this.#sandbox === sandbox) this.#sandbox = { ...sandbox, state: "not-ready" };
    this.wake();
  }

  async #readTerminationMessage(record: ContainerRecord): Promise<void> {
    const { id } = record;
    const declared = this.#declared.find((one) => one.spec.name === record.name);
    const text = declared && (await lastWords(this.#context, this.uid, declared, record));
    if (text !== undefined && record.id === id) record.message = text;
  }

  /** Stops one container: preStop hook, stop signal, KILL (KUB-61). Resolves when it has ended. */
  async #stop(declared: DeclaredContainer, record: ContainerRecord, graceMs: number, why: string): Promise<void> {
    if (record.state !== "running" || record.stopping || record.id === undefined) return;
    const { recorder, runtime, world } = this.#context;
    record.stopping = true;
    const id = record.id;
    const until = world.clock.monotonic() + graceMs;
    /** A later delete may have shortened the grace. */
    const leftMs = (): number => Math.min(until - world.clock.monotonic(), this.#grace.leftMs);
    recorder.event(this.#pod, "Normal", "Killing", why, { fieldPath: declared.fieldPath });
    const hook = (declared.spec as Container).lifecycle?.preStop;
    let floorMs = 0;
    if (hook && leftMs() > 0) {
      try {
        await this.#grace.bounded(this.#runHook(declared, record, hook, leftMs()), leftMs);
      } catch {
        recorder.event(this.#pod, "Warning", "FailedPreStopHook", "PreStopHook failed", { fieldPath: declared.fieldPath });
      }
      if (graceMs > graceAfterHookMs) floorMs = graceAfterHookMs;
      if (this.#closed) return;
    }
    const remaining = (): number => Math.max(floorMs, leftMs(), 0);
    const stopListening = this.#grace.onShorter(() => void runtime.stopContainer(id, Math.max(0, leftMs())).catch(() => {}));
    try {
      await runtime.stopContainer(id, remaining());
    } finally {
      stopListening();
      record.stopping = false;
    }
    await this.#observeContainer(record);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#context.world.clock.setTimer(Math.max(0, delayMs), resolve));
  }

  /** App containers together, then sidecars in reverse order (KUB-45). */
  async #stopAll(graceMs: number): Promise<void> {
    const until = this.#context.world.clock.monotonic() + graceMs;
    const why = (declared: DeclaredContainer): string => `Stopping container ${declared.spec.name}`;
    const leftMs = (): number => Math.max(0, until - this.#context.world.clock.monotonic());
    const sidecars = this.#declared.filter((declared) => declared.role === "sidecar").reverse();
    const others = this.#declared.filter((declared) => declared.role !== "sidecar");
    await Promise.all(others.map((declared) => this.#stop(declared, this.#recordOf(declared), leftMs(), why(declared))));
    for (const declared of sidecars) await this.#stop(declared, this.#recordOf(declared), leftMs(), why(declared));
    // A stop that was under way for another reason has to be over, too.
    for (const record of this.#records.values()) {
      if (record.state === "running" && record.id !== undefined) {
        await this.#context.runtime.stopContainer(record.id, leftMs());
        await this.#observeContainer(record);
      }
    }
  }

  /** The Pod has run its course: nothing of it runs on, its logs stay until it is deleted. */
  async #end(graceMs: number): Promise<void> {
    await this.#stopAll(graceMs);
    if (this.#sandbox) {
      await this.#context.runtime.stopSandbox(this.#sandbox.id);
      for (const record of this.#records.values()) if (record.state === "running") await this.#observeContainer(record);
    }
    for (const record of this.#records.values()) record.waiting = undefined;
    this.#ended = true;
    // A volume for one Pod only may go to the next one.
    this.#context.volumes.forget(this.uid);
    this.#writer.touch();
  }

  // ------------------------------------------------------------------ termination

  /** Takes over the grace that the API grants as of now; only ever shorter than what is left. */
  #shortenGrace(adopting = false): void {
    const { clock } = this.#context.world;
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.#pod.metadata;
    let graceMs = vanishedGraceMs;
    if (deletionTimestamp !== undefined) graceMs = (deletionGracePeriodSeconds ?? 30) * 1000;
    // Deleted while no agent looked: part of the grace is over. The timestamp has whole seconds only.
    if (adopting) graceMs = Math.max(0, Math.min(graceMs, (parseTime(deletionTimestamp) ?? 0) + 999 - clock.now()));
    this.#grace.shorten(this.#vanished ? Math.min(graceMs, vanishedGraceMs) : graceMs);
  }

  /** KUB-61: drain, hooks and signals, final status, DELETE, clean-up. */
  async #terminate(): Promise<void> {
    const leftMs = (): number => this.#grace.leftMs;
    for (const probes of this.#probes.values()) probes.onlyReadiness();
    if (!this.#ended) {
      this.#writer.touch();
      const isServing = [...this.#records.values()].some((record) => record.state === "running");
      if (isServing && !this.#vanished && leftMs() > 0) {
        await this.#grace.bounded(this.#context.drain(this.#pod), leftMs).catch((error: unknown) => {
          this.#context.world.log.warn("draining a Pod did not end in time", { pod: this.#pod.metadata.name, error: String(error) });
        });
      }
      if (this.#closed) return;
      await this.#end(Math.max(0, leftMs()));
    }
    if (this.#closed) return;
    if (!this.#vanished) {
      await this.#writer.flush();
      if (this.#closed) return;
      await this.#deleteFromApi();
    }
    await this.#cleanUp();
  }

  async #deleteFromApi(): Promise<void> {
    const { metadata } = this.#pod;
    if (this.#vanished) return;
    try {
      await this.#context.client.delete(
        PodKind,
        { namespace: metadata.namespace as string, name: metadata.name as string },
        { gracePeriodSeconds: 0, preconditions: { uid: this.uid } },
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async #cleanUp(): Promise<void> {
    const { runtime, files, images, restarts, volumes } = this.#context;
    const strays = this.#hasStraySandboxes ? (await runtime.listSandboxes()).filter(({ spec }) => spec.podUid === this.uid) : [];
    for (const id of new Set([...this.#sandboxIds, ...strays.map((stray) => stray.id)])) await runtime.removeSandbox(id);
    volumes.forget(this.uid);
    images.forget(this.uid);
    restarts.forget(this.uid);
    await files.removePod(this.uid);
    for (const name of this.#records.keys()) this.#probes.get(name)?.stop();
    this.#finished = true;
    this.#writer.close();
    this.#onFinished();
  }
}

const isSameAmount = (a: string | number | undefined, b: string | number | undefined): boolean =>
  a === undefined || b === undefined ? a === b : compareQuantities(a, b) === 0;

/** Whether a container has to be started anew for the resources that it is to have, in place of those it has. */
function needsRestart({ resources, resizePolicy }: Container, present: Container["resources"]): boolean {
  return (resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" &&
      (["limits", "requests"] as const).some((kind) => !isSameAmount(resources?.[kind]?.[resourceName], present?.[kind]?.[resourceName])),
  );
}

/** A new image begins with a clean slate. */
const restartKey = (record: ContainerRecord): string => `${record.name}/${record.image}`;

/** Versions of one store are numbers that grow. */
const isOlder = (pod: Pod, than: Pod): boolean => Number(pod.metadata.resourceVersion ?? 0) < Number(than.metadata.resourceVersion ?? 0);

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));
