/** The probes of one running container: startup first, then liveness and readiness (KUB-20 … KUB-27). */
import type { Container, Pod, Probe } from "../../api/types.ts";
import type { ProbeTarget } from "../probes/attempt.ts";
import { probeOnce } from "../probes/attempt.ts";
import type { ProbeKind, ProbeRun } from "../probes/probe-run.ts";
import { runProbe } from "../probes/probe-run.ts";
import type { AgentContext } from "./agent-context.ts";
import type { ContainerRecord } from "./container-record.ts";

export interface ContainerProbesOptions {
  readonly context: AgentContext;
  readonly container: Container;
  readonly fieldPath: string;
  /** `started` and `probedReady` are kept up to date here. */
  readonly record: ContainerRecord;
  pod(): Pod;
  target(): ProbeTarget;
  /** `started` or `probedReady` has changed. */
  changed(): void;
  /** A startup or liveness probe has failed for good: the container has to go. `graceSeconds` is the probe's own. */
  unhealthy(kind: ProbeKind, graceSeconds: number | undefined): void;
}

const titles: Readonly<Record<ProbeKind, string>> = { startup: "Startup", liveness: "Liveness", readiness: "Readiness" };

export class ContainerProbes {
  readonly #options: ContainerProbesOptions;
  readonly #runs = new Map<ProbeKind, ProbeRun>();

  constructor(options: ContainerProbesOptions) {
    this.#options = options;
  }

  /** Whether there is anything to probe. If not, the container is started and ready as of now. */
  get isNeeded(): boolean {
    const { container, record } = this.#options;
    if (container.startupProbe || container.livenessProbe || container.readinessProbe) return true;
    record.started = true;
    record.probedReady = true;
    return false;
  }

  start(): void {
    const { container, record } = this.#options;
    if (container.startupProbe && !record.started) this.#run("startup", container.startupProbe, false);
    else this.#startRest();
  }

  /** The Pod is going: health no longer matters, readiness still does (KUB-24, KUB-62). */
  onlyReadiness(): void {
    this.#stop("startup");
    this.#stop("liveness");
  }

  stop(): void {
    for (const run of this.#runs.values()) run.stop();
    this.#runs.clear();
  }

  #stop(kind: ProbeKind): void {
    this.#runs.get(kind)?.stop();
    this.#runs.delete(kind);
  }

  #startRest(): void {
    const { container, record } = this.#options;
    record.started = true;
    if (container.livenessProbe) this.#run("liveness", container.livenessProbe, true);
    if (container.readinessProbe) this.#run("readiness", container.readinessProbe, record.probedReady);
    else record.probedReady = true;
  }

  #run(kind: ProbeKind, probe: Probe, initial: boolean): void {
    const { context, container, fieldPath } = this.#options;
    const { prober, recorder, world } = context;
    const timeoutMs = Math.max(1, probe.timeoutSeconds ?? 1) * 1000;
    this.#runs.set(
      kind,
      runProbe({
        clock: world.clock,
        kind,
        probe,
        initial,
        attempt: () => probeOnce(this.#options.target(), probe, kind, timeoutMs),
        onChange: (success) => this.#changed(kind, success, probe),
        onTrouble: ({ result, message }) => {
          const what = result === "error" ? "errored and resulted in unknown state" : "failed";
          recorder.event(this.#options.pod(), "Warning", "Unhealthy", `${titles[kind]} probe ${what}: ${message}`, { fieldPath });
        },
        ...(prober.steadyForMs && {
          steadyForMs: () => prober.steadyForMs?.(this.#options.pod().metadata.uid as string, container.name) ?? 0,
        }),
      }),
    );
  }

  #changed(kind: ProbeKind, success: boolean, probe: Probe): void {
    const { record } = this.#options;
    if (kind === "readiness") record.probedReady = success;
    else if (!success) {
      this.#stop(kind);
      this.#options.unhealthy(kind, probe.terminationGracePeriodSeconds);
      return;
    } else if (kind === "startup") {
      this.#stop("startup");
      this.#startRest();
    }
    this.#options.changed();
  }
}
