/**
 * Writes the status of one Pod: only when it differs, one write at a time, always from the latest knowledge. Changes
 * that somebody waits for are written at once; others are gathered for a moment.
 */
import { isConflict, isNotFound } from "../../api/errors.ts";
import { Pod as PodKind } from "../../api/kinds/pod/index.ts";
import type { Pod, PodStatus } from "../../api/types.ts";
import type { Timer } from "../../base/clock.ts";
import { isConditionTrue } from "../../machinery/conditions.ts";
import { semanticEqual } from "../../machinery/equality.ts";
import type { AgentContext } from "./agent-context.ts";

export interface StatusWriterOptions {
  readonly context: AgentContext;
  /** The status as it should be, computed from the Pod as it is known now. */
  compute(pod: Pod): PodStatus;
  /** The Pod as last seen, wherever it was seen. */
  pod(): Pod;
  /** A newer version of the Pod came as the answer to a write. */
  seen(pod: Pod): void;
  /** The Pod is not in the API any more, or another one has its name. */
  gone(): void;
}

const retryBaseMs = 200;
const retryCapMs = 10_000;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #wanted = false;
  /** What was sent last. A server that does not know all of its fields answers with less. */
  #sent: PodStatus | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Something that the status follows from has changed. */
  touch(): void {
    if (this.#closed) return;
    if (this.#writing) {
      this.#wanted = true;
      return;
    }
    const pod = this.#options.pod();
    const status = this.#options.compute(pod);
    if (semanticEqual(status, pod.status)) return;
    if (isUrgent(pod.status, status)) this.#begin();
    else this.#timer ??= this.#options.context.world.clock.setTimer(this.#options.context.config.statusDelayMs, () => this.#begin());
  }

  /** Resolves when the API has been given the status as it is now, or the Pod is gone. */
  async flush(): Promise<void> {
    let sent: PodStatus | undefined;
    for (;;) {
      if (this.#closed) return;
      if (!this.#writing) {
        const pod = this.#options.pod();
        const status = this.#options.compute(pod);
        if (semanticEqual(status, pod.status) || semanticEqual(status, sent)) return;
        this.#begin();
      }
      await this.#writing;
      sent = this.#sent;
    }
  }

  /** Nothing is written after this. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #begin(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#closed) return;
    if (this.#writing) {
      this.#wanted = true;
      return;
    }
    this.#wanted = false;
    const failed = (error: unknown): void => {
      this.#options.context.world.log.error("a Pod's status could not be made", {
        error: error instanceof Error ? error.stack : String(error),
      });
    };
    this.#writing = this.#write()
      .catch(failed)
      .then(() => {
        this.#writing = undefined;
        if (this.#wanted) {
          this.#wanted = false;
          this.touch();
        }
      });
  }

  async #write(): Promise<void> {
    const { context, pod: current, compute, seen, gone } = this.#options;
    for (;;) {
      const pod = current();
      const status = compute(pod);
      if (this.#closed || semanticEqual(status, pod.status)) return;
      try {
        seen(await context.client.update(PodKind, { ...pod, status }, { subresource: "status" }));
        this.#sent = status;
        this.#failures = 0;
        return;
      } catch (error) {
        if (isNotFound(error)) return gone();
        if (isConflict(error)) {
          try {
            const latest = await context.client.get(PodKind, {
              namespace: pod.metadata.namespace as string,
              name: pod.metadata.name as string,
            });
            if (latest.metadata.uid !== pod.metadata.uid) return gone();
            seen(latest);
            continue;
          } catch (reading) {
            if (isNotFound(reading)) return gone();
          }
        }
        this.#failures++;
        const delayMs = Math.min(retryBaseMs * 2 ** (this.#failures - 1), retryCapMs);
        context.world.log.warn("writing a Pod's status failed", { pod: pod.metadata.name, error: String(error), retryMs: delayMs });
        await new Promise<void>((resolve) => context.world.clock.setTimer(delayMs, resolve));
      }
    }
  }
}

/** Somebody waits for it: the Pod becomes or ceases to be ready, starts to run, or ends. */
function isUrgent(before: PodStatus | undefined, after: PodStatus): boolean {
  if (isConditionTrue(before?.conditions, "Ready") !== isConditionTrue(after.conditions, "Ready")) return true;
  return before?.phase !== after.phase && after.phase !== "Pending" && after.phase !== "Running";
}
