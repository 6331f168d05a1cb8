/**
 * Everything that happens to one Pod on its node, from the moment it is bound until nothing of it is left.
 *
 * Invariants:
 * 1. One pass at a time: `#sync` and `#terminate` never run twice at once, so no container is made twice.
 * 2. The records are the only memory of containers. Whoever awaits something reads them again afterwards: exits and probes
 *    change them at any time.
 * 3. A Pod that has ended or is being terminated never starts a container again.
 * 4. The status that is written always follows from the records at the moment of writing.
 */
import { isConflict, isNotFound } from "../../../api/errors.ts";
import { Pod as PodKind } from "../../../api/kinds/pod/index.ts";
import type { Container, Pod } from "../../../api/types.ts";
import { parseTime } from "../../../base/time.ts";
import { deepEqual } from "../../../machinery/equality.ts";
import { isPodTerminal } from "../../../machinery/pods.ts";
import type { ContainerStatus as RuntimeContainerStatus, RuntimeEvent, SandboxStatus } from "../../runtime.ts";
import type { AgentContext } from "../agent-context.ts";
import type { ContainerRecord, DeclaredContainer } from "../container-record.ts";
import { declaredContainers, newRecord, takeApiStatus, takeRuntimeStatus } from "../container-record.ts";
import { decide } from "../decision.ts";
import { Grace } from "../grace.ts";
import { podStatus } from "../pod-status.ts";
import { StatusWriter } from "../status-writer.ts";
import { ContainerEnds } from "./container-ends.ts";
import type { ContainerSurroundings } from "./container-starts.ts";
import { ContainerStarts } from "./container-starts.ts";
import { Passes } from "./passes.ts";
import { PodProbes } from "./probes.ts";
import { resizeContainers } from "./resize.ts";
import { PodSandbox } from "./sandbox.ts";
import type { PodScope } from "./scope.ts";
import { specGraceMs } from "./scope.ts";
import { VolumeMounts } from "./volume-mounts.ts";

/** What the runtime holds of a Pod when the agent starts. */
export interface Adopted {
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly RuntimeContainerStatus[];
}

/** What a Pod gets that vanished from the API without asking: it was deleted by force. */
const vanishedGraceMs = 1000;

export class PodWorker {
  readonly uid: string;
  readonly #context: AgentContext;
  readonly #onFinished: () => void;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #startTime: number;
  readonly #grace: Grace;
  readonly #writer: StatusWriter;
  readonly #passes: Passes;
  readonly #sandbox: PodSandbox;
  readonly #volumes: VolumeMounts;
  readonly #probes: PodProbes;
  readonly #ends: ContainerEnds;
  readonly #starts: ContainerStarts;
  readonly #scope: PodScope;
  #pod: Pod;
  #declared: DeclaredContainer[];
  #verdict: { readonly reason: string; readonly message: string } | undefined;
  #admitted: boolean;
  #ended: boolean;
  /** The object has gone from the API. */
  #vanished = false;
  #finished = false;
  #closed = false;
  /** Aborts what can take long (pull, slow start) when the Pod is to be terminated. */
  #abort: AbortController | undefined;

  constructor(context: AgentContext, pod: Pod, adopted: Adopted | undefined, onFinished: () => void) {
    const { clock } = context.world;
    this.uid = pod.metadata.uid as string;
    this.#context = context;
    this.#onFinished = onFinished;
    this.#pod = pod;
    this.#declared = declaredContainers(pod);
    this.#startTime = parseTime(pod.status?.startTime) ?? clock.now();
    this.#ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (this.#ended && pod.status?.reason) this.#verdict = { reason: pod.status.reason, message: pod.status.message ?? "" };
    this.#admitted = pod.status?.startTime !== undefined;
    this.#grace = new Grace(clock);
    this.#writer = new StatusWriter({
      context,
      compute: (known) => this.#status(known),
      pod: () => this.#pod,
      seen: (latest) => this.#see(latest),
      gone: () => this.vanished(undefined),
    });
    this.#passes = new Passes({
      clock,
      pass: () => (this.#isTerminating() ? this.#terminate() : this.#sync()),
      failed: (error) => this.#noteFailedPass(error),
      hasMore: () => this.#isTerminating() && !this.#finished,
      settled: () => this.#writer.touch(),
    });
    this.#scope = this.#makeScope();
    this.#sandbox = new PodSandbox(this.#scope);
    this.#volumes = new VolumeMounts(this.#scope);
    this.#probes = new PodProbes(this.#scope, (...stop) => this.#ends.stop(...stop));
    this.#ends = new ContainerEnds(this.#scope, (record) => this.#probes.stop(record.name));
    this.#starts = new ContainerStarts(this.#scope, this.#probes, this.#ends);
    this.#adopt(adopted);
    if (pod.metadata.deletionTimestamp !== undefined) this.#shortenGrace(true);
  }

  /** The Pod as it was last seen. */
  get pod(): Pod {
    return this.#pod;
  }

  get sandbox(): SandboxStatus | undefined {
    return this.#sandbox.status;
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
    this.#passes.wake();
  }

  /** The API has a new version. */
  update(pod: Pod): void {
    const { metadata, spec } = this.#pod;
    this.#see(pod);
    // Most updates are the agent's own: a status that needs no look at the containers.
    const same = pod.metadata.generation === metadata.generation && pod.metadata.deletionTimestamp === metadata.deletionTimestamp;
    if (!same || this.#volumes.isStale || (pod.metadata.generation === undefined && pod.spec !== spec)) this.wake();
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
    this.#volumes.outdate();
    this.wake();
  }

  /** Something happened in the runtime that nobody here asked for, or that somebody here is waiting for. */
  observe(event: RuntimeEvent): void {
    if (event.type === "sandbox-gone") {
      this.#inBackground(this.#observeSandbox());
      return;
    }
    for (const record of this.#records.values()) {
      if (record.id === event.containerId) this.#inBackground(this.#ends.observe(record));
    }
  }

  /** Lets go without stopping anything. */
  async close(): Promise<void> {
    this.#closed = true;
    const lastPass = this.#passes.close();
    this.#writer.close();
    this.#abort?.abort(new Error("the agent stops"));
    this.#probes.stopAll();
    // A container that is being made must be known to the runtime before another agent looks; a termination can be
    // taken up by the next agent where it stands.
    if (!this.#isTerminating()) await lastPass;
  }

  // ------------------------------------------------------------------ knowledge

  #makeScope(): PodScope {
    const worker = this;
    return {
      uid: this.uid,
      context: this.#context,
      records: this.#records,
      grace: this.#grace,
      get pod() {
        return worker.#pod;
      },
      get declared() {
        return worker.#declared;
      },
      get sandbox() {
        return worker.#sandbox.status;
      },
      get isTerminating() {
        return worker.#isTerminating();
      },
      get isClosed() {
        return worker.#closed;
      },
      recordOf: (declared) => this.#recordOf(declared),
      wake: () => this.wake(),
      passIn: (delayMs) => this.#passes.within(delayMs),
      statusChanged: () => this.#writer.touch(),
      inBackground: (work) => this.#inBackground(work),
    };
  }

  #see(pod: Pod): void {
    if (pod.metadata.uid !== this.uid || isOlder(pod, this.#pod)) return;
    const before = this.#pod;
    this.#pod = pod;
    if (pod.spec !== before.spec) this.#declared = declaredContainers(pod);
    const { labels, annotations } = before.metadata;
    if (!deepEqual(pod.metadata.labels, labels) || !deepEqual(pod.metadata.annotations, annotations)) this.#volumes.outdate();
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#shortenGrace();
      this.#abort?.abort(new Error("the Pod is being deleted"));
    }
  }

  #status(pod: Pod): NonNullable<Pod["status"]> {
    const { config, runtime, world } = this.#context;
    const sandbox = this.#sandbox.status;
    return podStatus({
      pod,
      records: this.#records,
      sandboxIp: sandbox?.state === "ready" ? sandbox.ip : undefined,
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
    this.#sandbox.adopt(adopted?.sandboxes ?? []);
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
      if (record.state === "running") this.#probes.start(declared, record);
      else if (present) this.#inBackground(this.#ends.hear(record));
    }
  }

  #isTerminating(): boolean {
    return this.#vanished || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  async #observeSandbox(): Promise<void> {
    if (this.#ended || this.#isTerminating()) return;
    if (await this.#sandbox.hasBeenLost()) this.wake();
  }

  // ------------------------------------------------------------------ passes

  #noteFailedPass(error: unknown): void {
    if (this.#isTerminating()) return;
    const text = error instanceof Error ? error.stack : String(error);
    this.#context.world.log.error("a pass over a Pod failed", { pod: this.#pod.metadata.name, error: text });
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.#closed) return;
      this.#context.world.log.warn("something of a Pod failed", { pod: this.#pod.metadata.name, error: String(error) });
      this.#passes.retry();
    });
  }

  async #sync(): Promise<void> {
    if (this.#ended || !this.#isAdmitted() || (await this.#isPastDeadline())) return;
    // Before anything takes its time: whoever looks sees that the node has taken the Pod on.
    this.#writer.touch();
    const abort = new AbortController();
    const { signal } = abort;
    this.#abort = abort;
    try {
      const volumes = await this.#volumes.mount();
      if (!volumes || signal.aborted) return;
      await this.#sandbox.leaveIfLost(() => this.#outdateContainers());
      if (decide(this.#pod, this.#declared, this.#records).over) return await this.#end(specGraceMs(this.#pod));
      const sandbox = await this.#sandbox.ensure();
      if (!sandbox || signal.aborted) return;
      await this.#syncContainers({ sandbox, volumes, signal });
    } finally {
      if (this.#abort === abort) this.#abort = undefined;
    }
  }

  /** Whether the node can take the Pod; asked once. If it can't, the Pod has failed. */
  #isAdmitted(): boolean {
    if (this.#admitted) return true;
    const refusal = this.#context.admit(this.#pod);
    if (!refusal) {
      this.#admitted = true;
      return true;
    }
    this.#verdict = refusal;
    this.#ended = true;
    this.#context.recorder.event(this.#pod, "Warning", refusal.reason, refusal.message);
    return false;
  }

  /** KUB-47. */
  async #isPastDeadline(): Promise<boolean> {
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined) return false;
    const leftMs = this.#startTime + seconds * 1000 - this.#context.world.clock.now();
    if (leftMs > 0) {
      this.#passes.within(leftMs);
      return false;
    }
    const message = "Pod was active on the node longer than the specified deadline";
    this.#context.recorder.event(this.#pod, "Normal", "DeadlineExceeded", message);
    this.#verdict = { reason: "DeadlineExceeded", message };
    await this.#end(specGraceMs(this.#pod));
    return true;
  }

  /** Their sandbox is gone: what they prepared may be gone, too. */
  async #outdateContainers(): Promise<void> {
    await this.#ends.observeRunning();
    for (const record of this.#records.values()) record.outdated = true;
  }

  async #syncContainers(around: ContainerSurroundings): Promise<void> {
    const decision = decide(this.#pod, this.#declared, this.#records);
    if (decision.over) return this.#end(specGraceMs(this.#pod));
    const replace = (declared: DeclaredContainer, record: ContainerRecord, why: string): void => {
      record.replaced = true;
      this.#inBackground(this.#ends.stop(declared, record, specGraceMs(this.#pod), why));
    };
    for (const declared of decision.replace) {
      const record = this.#recordOf(declared);
      replace(declared, record, `Container ${record.name} definition changed, will be restarted`);
    }
    await resizeContainers(this.#scope, (declared, record) =>
      replace(declared, record, `Container ${record.name} resize requires restart`),
    );
    for (const declared of decision.start) {
      if (around.signal.aborted) return;
      await this.#starts.start(declared, around);
      this.#writer.touch();
    }
  }

  /** The Pod has run its course: nothing of it runs on, its logs stay until it is deleted. */
  async #end(graceMs: number): Promise<void> {
    await this.#ends.stopAll(graceMs);
    const sandbox = this.#sandbox.status;
    if (sandbox) {
      await this.#context.runtime.stopSandbox(sandbox.id);
      await this.#ends.observeRunning();
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
    this.#probes.onlyReadiness();
    if (!this.#ended) {
      this.#writer.touch();
      await this.#drain();
      if (this.#closed) return;
      await this.#end(Math.max(0, this.#grace.leftMs));
    }
    if (this.#closed) return;
    if (!this.#vanished) {
      await this.#writer.flush();
      if (this.#closed) return;
      await this.#deleteFromApi();
    }
    await this.#cleanUp();
  }

  /** Waits until no traffic is led to it any more, or its grace is over. */
  async #drain(): Promise<void> {
    const leftMs = (): number => this.#grace.leftMs;
    const isServing = [...this.#records.values()].some((record) => record.state === "running");
    if (!isServing || this.#vanished || leftMs() <= 0) return;
    await this.#grace.bounded(this.#context.drain(this.#pod), leftMs).catch((error: unknown) => {
      this.#context.world.log.warn("draining a Pod did not end in time", { pod: this.#pod.metadata.name, error: String(error) });
    });
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
    const { files, images, restarts, volumes } = this.#context;
    await this.#sandbox.remove();
    volumes.forget(this.uid);
    images.forget(this.uid);
    restarts.forget(this.uid);
    await files.removePod(this.uid);
    this.#probes.stopAll();
    this.#finished = true;
    void this.#passes.close();
    this.#writer.close();
    this.#onFinished();
  }
}

/** Versions of one store are numbers that grow. */
const isOlder = (pod: Pod, than: Pod): boolean => Number(pod.metadata.resourceVersion ?? 0) < Number(than.metadata.resourceVersion ?? 0);
