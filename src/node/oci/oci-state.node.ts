/** What one runtime knows and where it keeps it: paths, records of sandboxes and containers, and what is done to them one thing after another. */
import { createHash } from "node:crypto";
import { lstat, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { World } from "../../base/world.ts";
import type { ImageStore } from "../images/image-store.node.ts";
import type { PodNetwork } from "../network.ts";
import { type ImageService, RuntimeError, type RuntimeEvent } from "../runtime.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import { type Cgroups, cgroups } from "./cgroups.node.ts";
import { type OciTools, overlayProblem } from "./detect.node.ts";
import { containerFiles, type OciEngine, ociEngine } from "./engine.node.ts";
import { type HostPorts, hostPorts } from "./host-ports.node.ts";
import type { LogRotation } from "./log-files.node.ts";
import { type ContainerRecord, type SandboxRecord, writeRecord } from "./records.node.ts";
import { sandboxFiles } from "./sandbox-namespaces.node.ts";

export interface OciRuntimeOptions {
  readonly world: World;
  /** What `detectOciRuntime` found. */
  readonly tools: OciTools;
  /** Everything but mounts, control groups and network namespaces is in here. Must be on a file system that overlayfs can write to. */
  readonly directory: string;
  readonly store: ImageStore;
  /** Adds pulling to the store. */
  readonly images: ImageService;
  readonly network: PodNetwork;
  /** The address of Pods with the host's network. */
  readonly hostIp: string;
  /** By default five files of 10 MiB per container. */
  readonly logRotation?: LogRotation;
  /** Processes and threads that one container may have. By default 4096. */
  readonly pidsLimit?: number;
  /** Where `localhost/…` seccomp profiles are. */
  readonly seccompDirectory?: string;
}

/** A container with what this process knows of it beyond its record. */
export interface LiveContainer {
  readonly record: ContainerRecord;
  readonly directory: string;
  /** What is done to a container is done one thing after another. */
  turn: Promise<unknown>;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  readonly markEnded: () => void;
}

/** What the kernel and this process allow containers, found out once. */
export interface HostLimits {
  readonly availableCapabilities: readonly string[];
  readonly ownOomScoreAdj: number;
  /** Whether limits of memory can include swap. */
  readonly limitsSwap: boolean;
}

export interface OciState {
  readonly options: OciRuntimeOptions;
  readonly engine: OciEngine;
  readonly groups: Cgroups;
  readonly ports: HostPorts;
  readonly limits: HostLimits;
  readonly paths: { readonly sandboxes: string; readonly containers: string; readonly exits: string; readonly engine: string };
  readonly sandboxes: Map<string, SandboxRecord>;
  readonly containers: Map<string, LiveContainer>;
  /** The control group of everything that this runtime runs. */
  readonly cgroupRoot: string;
  /** Begins the names of this runtime's leases: several runtimes may share one image store. */
  readonly leasePrefix: string;
  leaseOf(containerId: string): string;
  podCgroup(podUid: string): string;
  containerCgroup(container: LiveContainer): string;
  sandboxDirectory(id: string): string;
  /** The file that conmon writes a container's exit code to. */
  exitFile(containerId: string): string;
  containersOf(sandboxId: string): LiveContainer[];
  /** Throws a RuntimeError where there is no such container. */
  known(id: string): LiveContainer;
  /** Throws a RuntimeError where it does not run. */
  running(id: string): LiveContainer;
  remember(record: ContainerRecord): LiveContainer;
  inTurn<T>(container: LiveContainer, work: () => Promise<T>): Promise<T>;
  save(container: LiveContainer): Promise<void>;
  saveSandbox(sandbox: SandboxRecord): Promise<void>;
  /** Ends and removes a group that nobody will want again. */
  clearGroup(path: string): Promise<void>;
  emit(event: RuntimeEvent): void;
  onEvent(listener: (event: RuntimeEvent) => void): () => void;
}

/** Makes the directories of a runtime. Throws an Error with the reason where containers can't be kept in them. */
export async function openState(options: OciRuntimeOptions): Promise<OciState> {
  const { tools, directory } = options;
  const paths = {
    sandboxes: join(directory, "sandboxes"),
    containers: join(directory, "containers"),
    exits: join(directory, "exits"),
    engine: join(directory, "engine"),
  };
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true, mode: 0o700 });
  const problem = await overlayProblem(directory);
  if (problem !== undefined) throw new Error(problem);
  const groups = cgroups(tools.cgroupVersion);
  // The directory stands for the runtime, so its groups are found again by the next process.
  const runtimeId = createHash("sha256").update(directory).digest("hex").slice(0, 12);
  const cgroupRoot = `/windlass-${runtimeId}`;
  const leasePrefix = `${runtimeId}-`;
  const sandboxes = new Map<string, SandboxRecord>();
  const containers = new Map<string, LiveContainer>();
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const podCgroup = (podUid: string): string => `${cgroupRoot}/pod${podUid}`;
  const sandboxDirectory = (id: string): string => join(paths.sandboxes, id);
  const known = (id: string): LiveContainer => {
    const container = containers.get(id);
    if (!container) throw new RuntimeError("RunContainerError", `container not found: ${id}`);
    return container;
  };

  return {
    options,
    engine: ociEngine(tools, paths.engine, paths.exits),
    groups,
    ports: hostPorts(options.hostIp),
    limits: await hostLimits(tools.cgroupVersion),
    paths,
    sandboxes,
    containers,
    cgroupRoot,
    leasePrefix,
    leaseOf: (containerId) => leasePrefix + containerId,
    podCgroup,
    containerCgroup: ({ record }) => `${podCgroup(record.spec.podUid)}/${record.id}`,
    sandboxDirectory,
    exitFile: (containerId) => join(paths.exits, containerId),
    containersOf: (sandboxId) => [...containers.values()].filter(({ record }) => record.sandboxId === sandboxId),
    known,
    running(id) {
      const container = known(id);
      if (container.record.state !== "running") throw new RuntimeError("RunContainerError", `container ${id} is not running`);
      return container;
    },
    remember(record) {
      let markEnded = (): void => {};
      const ended = new Promise<void>((resolve) => {
        markEnded = resolve;
      });
      const path = join(paths.containers, record.id);
      const container: LiveContainer = { record, directory: path, turn: Promise.resolve(), ended, markEnded };
      if (record.state === "exited") markEnded();
      containers.set(record.id, container);
      return container;
    },
    inTurn(container, work) {
      const result = container.turn.then(work, work);
      container.turn = result.catch(() => {});
      return result;
    },
    save: (container) => writeRecord(containerFiles(container.directory).record, container.record),
    saveSandbox: (sandbox) => writeRecord(sandboxFiles(sandboxDirectory(sandbox.id)).record, sandbox),
    async clearGroup(path) {
      groups.kill(path);
      await groups.remove(path, () => false);
    },
    emit(event) {
      for (const listener of listeners) listener(event);
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function hostLimits(cgroupVersion: 1 | 2): Promise<HostLimits> {
  const status = await readFile("/proc/self/status", "utf8");
  return {
    availableCapabilities: capabilitiesOfMask(/^CapBnd:\s*(\w+)/m.exec(status)?.[1] ?? "0"),
    ownOomScoreAdj: Number(await readFile("/proc/self/oom_score_adj", "utf8")),
    limitsSwap: await swapIsLimited(cgroupVersion),
  };
}

async function swapIsLimited(cgroupVersion: 1 | 2): Promise<boolean> {
  if (cgroupVersion === 1) return fileExists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  return (await readFile("/proc/swaps", "utf8").catch(() => "")).trim().split("\n").length > 1;
}

/** Whether there is anything under that name. */
export const fileExists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
