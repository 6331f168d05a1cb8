/** Where an engine keeps everything it has: one folder, and in it a note of the process that runs there. */
import { mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export interface Home {
  readonly path: string;
  readonly kubeconfig: string;
  /** Where commands of this machine's user reach the API without TLS. */
  readonly socket: string;
  readonly pki: string;
  readonly store: string;
  /** State of sandboxes and containers. */
  readonly runtime: string;
  /** Content store of images. */
  readonly images: string;
  /** Volumes and files of Pods. */
  readonly pods: string;
  /** Files of provisioned volumes. They outlive Pods and engines. */
  readonly volumes: string;
  readonly registries: string;
  readonly log: string;
  readonly state: string;
}

/** The layout under `path`, or under `$WINDLASS_HOME`, or under `~/.windlass`. */
export function homeAt(path: string | undefined): Home {
  const top = resolve(path ?? process.env.WINDLASS_HOME ?? join(homedir(), ".windlass"));
  const at = (name: string): string => join(top, name);
  return {
    path: top,
    kubeconfig: at("kubeconfig"),
    socket: at("api.sock"),
    pki: at("pki"),
    store: at("store"),
    runtime: at("runtime"),
    images: at("images"),
    pods: at("pods"),
    volumes: at("volumes"),
    registries: at("registries.json"),
    log: at("engine.log"),
    state: at("engine.json"),
  };
}

/** A line of shell that points kubectl at the home's engine; right for any path. */
export const exportLine = ({ kubeconfig }: Home): string =>
  `export KUBECONFIG=${/^[\w@%+=:,./-]+$/.test(kubeconfig) ? kubeconfig : `'${kubeconfig.replaceAll("'", `'\\''`)}'`}`;

/** The engine that was last started in a home. */
export interface EngineState {
  readonly pid: number;
  /** Kernel's start time of that process, so that a recycled pid is not taken for it. */
  readonly processStart: string;
  readonly port: number;
  readonly instance: number;
  readonly runtime: string;
  /** Why Pods are simulated where real containers were wanted. */
  readonly why?: string;
  readonly nodes: number;
  readonly version: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** The API answers. */
  readonly ready: boolean;
}

/** The note in a home, or undefined where there is none or it is torn. */
export function readEngineState(home: Home): EngineState | undefined {
  try {
    return JSON.parse(readFileSync(home.state, "utf8")) as EngineState;
  } catch {
    return undefined;
  }
}

/** Writes the note; readers see the old one or the new one. */
export function writeEngineState(home: Home, state: EngineState): void {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  writeFileSync(`${home.state}.partial`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${home.state}.partial`, home.state);
}

/** What the kernel says of when a process started, or undefined where there is no such process (proc(5), field 22). */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The engine that runs in a home now, or undefined. */
export function runningEngine(home: Home): EngineState | undefined {
  const state = readEngineState(home);
  return state && processStart(state.pid) === state.processStart ? state : undefined;
}

/** Opens the log of a detached engine for appending. */
export function openLog(home: Home): number {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  return openSync(home.log, "a", 0o600);
}
