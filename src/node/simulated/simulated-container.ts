/** What the simulated runtime knows of a sandbox and of a container in it. */
import type { Timer } from "../../base/clock.ts";
import type { ContainerStatus, SandboxSpec } from "../runtime.ts";
import type { SimulatedBehaviour } from "./annotations.ts";

export interface SimulatedSandbox {
  readonly id: string;
  readonly spec: SandboxSpec;
  state: "ready" | "not-ready";
  readonly ip: string;
  readonly createdAt: number;
}

export interface SimulatedContainer {
  readonly id: string;
  readonly sandbox: SimulatedSandbox;
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

/** The container as the contract has it. */
export const statusOf = (container: SimulatedContainer): ContainerStatus => ({
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
});

/** Resolves when the container has ended, or `signal` says that nobody waits any more. */
export const whenEnded = (container: SimulatedContainer, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    container.waiting ??= [];
    container.waiting.push(resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
