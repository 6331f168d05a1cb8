/** What the runtime must know again after its process has died: a file per sandbox and per container. */
import { readFile, rename, writeFile } from "node:fs/promises";
import type { ContainerSpec, SandboxSpec } from "../runtime.ts";
import type { OciProcess } from "./oci-spec.ts";

export interface SandboxRecord {
  readonly id: string;
  readonly spec: SandboxSpec;
  /** `making` is written before anything else is done, so that a crash leaves a trace of what there is to clean. */
  state: "making" | "ready" | "not-ready";
  readonly createdAt: number;
  ip: string;
  /** Undefined with the host's network. */
  networkNamespace?: string;
  /** The first process of a process namespace that the containers share. */
  holder?: ProcessMark;
}

export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly spec: ContainerSpec;
  readonly createdAt: number;
  readonly stopSignal: number;
  /** The main process, from which an exec's is derived. */
  readonly process: OciProcess;
  state: "created" | "running" | "exited";
  startedAt?: number;
  finishedAt?: number;
  exitCode?: number;
  reason?: string;
  message?: string;
  main?: ProcessMark;
}

/** A process, told from a later one of the same number by the kernel's start time. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTime: string;
}

let serial = 0;

/** Writes a record so that a reader sees either the old or the new one whole. */
export async function writeRecord(path: string, record: unknown): Promise<void> {
  const temporary = `${path}.${serial++}.new`;
  await writeFile(temporary, JSON.stringify(record), { mode: 0o600 });
  await rename(temporary, path);
}

/** Undefined: there is none, or it never became whole. */
export async function readRecord<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
