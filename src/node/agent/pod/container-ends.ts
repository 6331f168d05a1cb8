/** How containers of a Pod end: by themselves, or stopped with their hook, their signal and their grace (KUB-61). */
import type { Container } from "../../../api/types.ts";
import type { ContainerRecord, DeclaredContainer } from "../container-record.ts";
import { takeRuntimeStatus } from "../container-record.ts";
import { lastWords } from "../last-words.ts";
import { runHook } from "./hooks.ts";
import type { PodScope } from "./scope.ts";
import { probeTarget } from "./scope.ts";

/** A container has this long after its preStop hook, even if the hook used the grace up (KUB-61). */
const graceAfterHookMs = 2000;

export class ContainerEnds {
  readonly #scope: PodScope;
  readonly #ended: (record: ContainerRecord) => void;

  /** `ended` is called as soon as a container is seen to run no more. */
  constructor(scope: PodScope, ended: (record: ContainerRecord) => void) {
    this.#scope = scope;
    this.#ended = ended;
  }

  /** Looks at an attempt that may have ended. */
  async observe(record: ContainerRecord): Promise<void> {
    const scope = this.#scope;
    const id = record.id;
    if (id === undefined) return;
    const status = await scope.context.runtime.containerStatus(id);
    if (record.id !== id || status?.state === "running" || status?.state === "created") return;
    const wasOver = record.state === "exited";
    if (status) takeRuntimeStatus(record, status);
    else if (!wasOver) {
      record.state = "exited";
      record.exitCode = 137;
      record.reason = "ContainerStatusUnknown";
      record.message = "The container could not be located";
      record.finishedAt = scope.context.world.clock.now();
    }
    record.started = false;
    record.probedReady = false;
    if (!wasOver) {
      this.#ended(record);
      await this.hear(record);
    }
    record.stopping = false;
    scope.wake();
    // A container that is started again at once goes on without its short end being written as a state of its own.
    // The last one to end in a termination shows in the final status; before that, the Pod's readiness has changed.
    if (!scope.isTerminating || this.#running().length > 0) scope.statusChanged();
  }

  /** Takes down what a container said at its end. */
  async hear(record: ContainerRecord): Promise<void> {
    const { context, declared, uid } = this.#scope;
    const { id } = record;
    const container = declared.find((one) => one.spec.name === record.name);
    const text = container && (await lastWords(context, uid, container, record));
    if (text !== undefined && record.id === id) record.message = text;
  }

  /** Stops one container: preStop hook, stop signal, KILL (KUB-61). Resolves when it has ended. */
  async stop(declared: DeclaredContainer, record: ContainerRecord, graceMs: number, why: string): Promise<void> {
    if (record.state !== "running" || record.stopping || record.id === undefined) return;
    const scope = this.#scope;
    const { recorder, runtime, world } = scope.context;
    record.stopping = true;
    const id = record.id;
    const until = world.clock.monotonic() + graceMs;
    /** A later delete may have shortened the grace. */
    const leftMs = (): number => Math.min(until - world.clock.monotonic(), scope.grace.leftMs);
    recorder.event(scope.pod, "Normal", "Killing", why, { fieldPath: declared.fieldPath });
    const hook = (declared.spec as Container).lifecycle?.preStop;
    let floorMs = 0;
    if (hook && leftMs() > 0) {
      try {
        await scope.grace.bounded(runHook(world.clock, probeTarget(scope, declared, record), hook, leftMs()), leftMs);
      } catch {
        recorder.event(scope.pod, "Warning", "FailedPreStopHook", "PreStopHook failed", { fieldPath: declared.fieldPath });
      }
      if (graceMs > graceAfterHookMs) floorMs = graceAfterHookMs;
      if (scope.isClosed) return;
    }
    const remaining = (): number => Math.max(floorMs, leftMs(), 0);
    const stopListening = scope.grace.onShorter(() => void runtime.stopContainer(id, Math.max(0, leftMs())).catch(() => {}));
    try {
      await runtime.stopContainer(id, remaining());
    } finally {
      stopListening();
      record.stopping = false;
    }
    await this.observe(record);
  }

  /** App containers together, then sidecars in reverse order (KUB-45). */
  async stopAll(graceMs: number): Promise<void> {
    const scope = this.#scope;
    const { clock } = scope.context.world;
    const until = clock.monotonic() + graceMs;
    const leftMs = (): number => Math.max(0, until - clock.monotonic());
    const stop = (declared: DeclaredContainer): Promise<void> =>
      this.stop(declared, scope.recordOf(declared), leftMs(), `Stopping container ${declared.spec.name}`);
    const sidecars = scope.declared.filter((declared) => declared.role === "sidecar").reverse();
    await Promise.all(scope.declared.filter((declared) => declared.role !== "sidecar").map(stop));
    for (const declared of sidecars) await stop(declared);
    // A stop that was under way for another reason has to be over, too.
    for (const record of this.#running()) {
      if (record.state !== "running" || record.id === undefined) continue;
      await scope.context.runtime.stopContainer(record.id, leftMs());
      await this.observe(record);
    }
  }

  /** Looks at every container that ran when it was last looked at. */
  async observeRunning(): Promise<void> {
    for (const record of this.#running()) await this.observe(record);
  }

  #running(): ContainerRecord[] {
    return [...this.#scope.records.values()].filter(({ state }) => state === "running");
  }
}
