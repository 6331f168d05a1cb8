/** What the command line asks of the embedded engine. The engine itself stands on another floor; `main.ts` brings the two together. */

export interface UpOptions {
  /** Absent: `$WINDLASS_HOME`, then `~/.windlass`. */
  readonly home: string | undefined;
  readonly port: number | undefined;
  readonly nodes: number | undefined;
  readonly runtime: "auto" | "oci" | "simulated";
  readonly detach: boolean;
  /** How long a container that failed waits before it is started again: at first, and at the most. Absent: 10 s and 5 min (KUB-1). */
  readonly restartBackoff: { readonly baseMs: number; readonly capMs: number } | undefined;
}

export interface HomeOptions {
  readonly home: string | undefined;
}

/** Each resolves with the exit code, after it has said what there is to say. */
export interface EngineCommands {
  up(options: UpOptions): Promise<number>;
  down(options: HomeOptions): Promise<number>;
  status(options: HomeOptions & { readonly output: string | undefined }): Promise<number>;
  imageLoad(options: HomeOptions, file: string): Promise<number>;
  imageList(options: HomeOptions): Promise<number>;
  imagePull(options: HomeOptions, reference: string): Promise<number>;
  imageRemove(options: HomeOptions, references: readonly string[]): Promise<number>;
}
