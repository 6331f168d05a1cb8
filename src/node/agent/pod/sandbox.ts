/** The sandbox of a Pod: made when there is none, made anew when it is lost, removed in the end. */
import type { SandboxStatus } from "../../runtime.ts";
import { buildSandboxSpec } from "../sandbox-spec.ts";
import type { PodScope } from "./scope.ts";

const retryMs = 1000;

export class PodSandbox {
  readonly #scope: PodScope;
  #status: SandboxStatus | undefined;
  #attempts = 0;
  /** Every sandbox there is of this Pod, to be removed in the end. */
  readonly #ids: string[] = [];
  /** Making one failed: the runtime may have one that nobody here was told of. */
  #hasStrays = false;

  constructor(scope: PodScope) {
    this.#scope = scope;
  }

  /** The present one; undefined: there is none. */
  get status(): SandboxStatus | undefined {
    return this.#status;
  }

  /** Takes over what an agent before this one has made; the newest is the present one. */
  adopt(sandboxes: readonly SandboxStatus[]): void {
    const sorted = [...sandboxes].sort((a, b) => a.spec.attempt - b.spec.attempt);
    for (const { id } of sorted) this.#ids.push(id);
    const newest = sorted[sorted.length - 1];
    if (!newest) return;
    this.#status = newest;
    this.#attempts = newest.spec.attempt + 1;
  }

  /** The present one, or a new one; undefined: none can be made now, and another pass comes. */
  async ensure(): Promise<SandboxStatus | undefined> {
    if (this.#status) return this.#status;
    const { pod, context } = this.#scope;
    try {
      const sandbox = await context.runtime.runSandbox(buildSandboxSpec(pod, context.config, this.#attempts++));
      this.#ids.push(sandbox.id);
      this.#status = sandbox;
      return sandbox;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#hasStrays = true;
      context.recorder.event(this.#scope.pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${message}`);
      this.#scope.passIn(retryMs);
      return undefined;
    }
  }

  /** Looks whether it still stands. True: it was lost just now. */
  async hasBeenLost(): Promise<boolean> {
    const sandbox = this.#status;
    if (!sandbox) return false;
    const found = (await this.#scope.context.runtime.listSandboxes()).find(({ id }) => id === sandbox.id);
    if (found?.state === "ready") return false;
    if (this.#status === sandbox) this.#status = { ...sandbox, state: "not-ready" };
    return true;
  }

  /** After a reboot, or when somebody took the sandbox away, everything in it begins anew; `stopped` is called when nothing runs in it. */
  async leaveIfLost(stopped: () => Promise<void>): Promise<void> {
    if (!this.#status || this.#status.state === "ready") return;
    const { context } = this.#scope;
    await context.runtime.stopSandbox(this.#status.id);
    await stopped();
    context.recorder.event(this.#scope.pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    this.#status = undefined;
  }

  /** Removes every one that there has been. */
  async remove(): Promise<void> {
    const { context, uid } = this.#scope;
    const { runtime } = context;
    const strays = this.#hasStrays ? (await runtime.listSandboxes()).filter(({ spec }) => spec.podUid === uid) : [];
    for (const id of new Set([...this.#ids, ...strays.map((stray) => stray.id)])) await runtime.removeSandbox(id);
  }
}
