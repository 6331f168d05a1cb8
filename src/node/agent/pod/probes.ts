/** The probes of all containers of a Pod. */
import type { Container } from "../../../api/types.ts";
import { ContainerProbes } from "../container-probes.ts";
import type { ContainerRecord, DeclaredContainer } from "../container-record.ts";
import type { PodScope } from "./scope.ts";
import { probeTarget, specGraceMs } from "./scope.ts";

/** Stops a container and says why. */
export type StopContainer = (declared: DeclaredContainer, record: ContainerRecord, graceMs: number, why: string) => Promise<void>;

export class PodProbes {
  readonly #scope: PodScope;
  readonly #stopContainer: StopContainer;
  readonly #probes = new Map<string, ContainerProbes>();

  constructor(scope: PodScope, stopContainer: StopContainer) {
    this.#scope = scope;
    this.#stopContainer = stopContainer;
  }

  /** Begins to probe a container that runs. One without probes has started and is ready as of now. */
  start(declared: DeclaredContainer, record: ContainerRecord): void {
    const scope = this.#scope;
    if (declared.role === "init" || declared.role === "ephemeral") {
      record.started = true;
      return;
    }
    const probes = new ContainerProbes({
      context: scope.context,
      container: declared.spec as Container,
      target: () => probeTarget(scope, declared, record),
      pod: () => scope.pod,
      fieldPath: declared.fieldPath,
      record,
      changed: () => {
        scope.statusChanged();
        // A sidecar that has started lets the next container go.
        if (declared.role === "sidecar") scope.wake();
      },
      unhealthy: (kind, graceSeconds) => {
        if (scope.isTerminating) return;
        const graceMs = graceSeconds === undefined ? specGraceMs(scope.pod) : graceSeconds * 1000;
        const why = `Container ${record.name} failed ${kind} probe, will be restarted`;
        scope.inBackground(this.#stopContainer(declared, record, graceMs, why));
      },
    });
    if (probes.isNeeded) {
      this.#probes.set(record.name, probes);
      probes.start();
    }
    // Without a startup probe a sidecar has started as of now, and lets the next container go.
    if (declared.role === "sidecar" && record.started) scope.wake();
  }

  /** Ends the probes of one container. */
  stop(name: string): void {
    this.#probes.get(name)?.stop();
    this.#probes.delete(name);
  }

  /** Ends all of them. */
  stopAll(): void {
    for (const name of [...this.#probes.keys()]) this.stop(name);
  }

  /** The Pod is going: health no longer matters, readiness still does (KUB-24, KUB-62). */
  onlyReadiness(): void {
    for (const probes of this.#probes.values()) probes.onlyReadiness();
  }
}
