/** What the command line asks of the embedded engine. The engine itself stands on another floor; `main.ts` brings the two together. */

import type { World } from "../base/world.ts";
import type { Client } from "../client/client.ts";

export interface UpOptions {
  /** Absent: `$WINDLASS_HOME`, then `~/.windlass`. */
  readonly home: string | undefined;
  readonly port: number | undefined;
  readonly nodes: number | undefined;
  readonly runtime: "auto" | "oci" | "simulated";
  readonly detach: boolean;
  /** Whether releases are recorded, and annotations for rollback and configuration followed; else as plain Kubernetes. */
  readonly releases: boolean;
  /** How long a container that failed waits before it is started again: at first, and at the most. Absent: 10 s and 5 min (KUB-1). */
  readonly restartBackoff: { readonly baseMs: number; readonly capMs: number } | undefined;
}

export interface HomeOptions {
  readonly home: string | undefined;
}

/** How `windlass controller` runs. */
export interface ControllerOptions {
  readonly client: Client;
  /** Its clock, chance and log. Absent: those of this machine, and standard error. */
  readonly world?: World;
  /** Ends it. */
  readonly interrupted: AbortSignal;
  /** The one namespace that it looks after. Absent: all. */
  readonly namespace?: string;
  /** Where its lease and its certificate are. */
  readonly controllerNamespace: string;
  readonly leaderElection: boolean;
  /** `:8080`. Absent: health is not served. */
  readonly healthAddress?: string;
  /** Absent: no webhook. Files of a certificate and its key, or neither. */
  readonly webhook?: { readonly address: string; readonly certificate?: string; readonly key?: string };
}

/** Each resolves with the exit code, after it has said what there is to say. */
export interface EngineCommands {
  up(options: UpOptions): Promise<number>;
  down(options: HomeOptions): Promise<number>;
  status(options: HomeOptions & { readonly output: string | undefined }): Promise<number>;
  controller(options: ControllerOptions): Promise<number>;
  imageLoad(options: HomeOptions, files: readonly string[]): Promise<number>;
  imageList(options: HomeOptions): Promise<number>;
  imagePull(options: HomeOptions, reference: string): Promise<number>;
  imageRemove(options: HomeOptions, references: readonly string[]): Promise<number>;
}
