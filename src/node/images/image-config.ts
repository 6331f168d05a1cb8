/** The parts of an image's configuration (OCI image specification, docker schema 2) that running it needs. */

export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  readonly volumes: readonly string[];
  readonly stopSignal: string | undefined;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly string[];
}

/** Reads a configuration's JSON. Throws an Error that says what is wrong with it. */
export function parseImageConfig(text: string): ImageConfig {
  let value: any;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error("the image's configuration is not JSON", { cause });
  }
  if (value === null || typeof value !== "object") throw new Error("the image's configuration is not an object");
  const config = value.config ?? {};
  const diffIds = value.rootfs?.diff_ids;
  if (!isStrings(diffIds) || !diffIds.every((id) => /^sha256:[0-9a-f]{64}$/.test(id))) {
    throw new Error("the image's configuration does not list its layers (rootfs.diff_ids)");
  }
  return {
    architecture: textOf(value.architecture),
    os: textOf(value.os),
    user: textOf(config.User),
    env: strings(config.Env),
    entrypoint: strings(config.Entrypoint),
    cmd: strings(config.Cmd),
    workingDir: textOf(config.WorkingDir),
    volumes: config.Volumes !== null && typeof config.Volumes === "object" ? Object.keys(config.Volumes) : [],
    stopSignal: textOf(config.StopSignal) || undefined,
    diffIds,
  };
}

const isStrings = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === "string");
const strings = (value: unknown): string[] => (isStrings(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
