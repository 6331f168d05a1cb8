/**
 * Real Linux containers: sandboxes and containers in a directory, made by crun or runc, watched over by conmon. All
 * that is known is on disk or in the kernel, so that a later process carries on where a killed one stopped.
 *
 *     sandboxes/<id>/     see sandbox-namespaces.node.ts
 *     containers/<id>/    record, configuration, writable layer, log
 *     exits/<id>          the exit code, written by conmon
 *     engine/             crun's or runc's own state
 */
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { every } from "../../base/clock.ts";
import { randomHex } from "../../base/random.ts";
import type { World } from "../../base/world.ts";
import type { ImageRoot, ImageStore } from "../images/image-store.node.ts";
import { startTime } from "../images/lock.node.ts";
import type { PodNetwork } from "../network.ts";
import {
  type ContainerSpec,
  type ContainerStatus,
  type ImageService,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type SandboxSpec,
  type SandboxStatus,
} from "../runtime.ts";
import { resolveUser } from "./accounts.ts";
import { attachTo } from "./attach.node.ts";
import { capabilitiesOfMask } from "./capabilities.ts";
import { cgroups } from "./cgroups.node.ts";
import { type OciTools, overlayProblem } from "./detect.node.ts";
import { readDevices } from "./devices.node.ts";
import { containerFiles, ociEngine } from "./engine.node.ts";
import { execIn, execToEnd } from "./exec.node.ts";
import { hostPorts } from "./host-ports.node.ts";
import { imageHas, imageText } from "./layer-files.node.ts";
import { type LogRotation, readLog, rotateLog } from "./log-files.node.ts";
import { changedResources, ociSpec } from "./oci-spec.ts";
import { forwardPort } from "./port-forward.node.ts";
import { type ContainerRecord, readRecord, type SandboxRecord, writeRecord } from "./records.node.ts";
import { makeNamespaces, namespacesExist, removeNamespaces, sandboxFiles } from "./sandbox-namespaces.node.ts";
import { sigkill, signalNumber, sigterm } from "./signals.ts";

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

const rotationLookMs = 10_000;
const killPatienceMs = 10_000;
const messageBytesMax = 4096;
const startErrorCode = 128;
/** The exit code of a container whose end nobody saw. */
const unknownExitCode = 255;

/** A container with what this process knows of it beyond its record. */
interface Container {
  readonly record: ContainerRecord;
  readonly directory: string;
  /** What is done to a container is done one thing after another. */
  turn: Promise<unknown>;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  readonly markEnded: () => void;
}

/** Opens the runtime in its directory and adopts what runs there. */
export async function ociRuntime(options: OciRuntimeOptions): Promise<Runtime> {
  const { world, tools, directory, store, network } = options;
  const { clock, log, random } = world;
  const paths = {
    sandboxes: join(directory, "sandboxes"),
    containers: join(directory, "containers"),
    exits: join(directory, "exits"),
    engine: join(directory, "engine"),
  };
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true, mode: 0o700 });
  const problem = await overlayProblem(directory);
  if (problem !== undefined) throw new Error(problem);
  const engine = ociEngine(tools, paths.engine, paths.exits);
  const groups = cgroups(tools.cgroupVersion);
  // The directory stands for the runtime, so its groups are found again by the next process.
  const runtimeId = createHash("sha256").update(directory).digest("hex").slice(0, 12);
  const cgroupRoot = `/windlass-${runtimeId}`;
  // Several runtimes may share one image store.
  const leaseOf = (containerId: string): string => `${runtimeId}-${containerId}`;
  const rotation = options.logRotation ?? { maxBytes: 10 * 1024 * 1024, maxFiles: 5 };
  const status = await readFile("/proc/self/status", "utf8");
  const availableCapabilities = capabilitiesOfMask(/^CapBnd:\s*(\w+)/m.exec(status)?.[1] ?? "0");
  const ownOomScoreAdj = Number(await readFile("/proc/self/oom_score_adj", "utf8"));
  const limitsSwap = await swapIsLimited(tools.cgroupVersion);

  const sandboxes = new Map<string, SandboxRecord>();
  const containers = new Map<string, Container>();
  const listeners = new Set<(event: RuntimeEvent) => void>();
  const ports = hostPorts(options.hostIp);
  let closed = false;

  const sandboxDirectory = (id: string): string => join(paths.sandboxes, id);
  const podCgroup = (podUid: string): string => `${cgroupRoot}/pod${podUid}`;
  const containerCgroup = ({ record }: Container): string => `${podCgroup(record.spec.podUid)}/${record.id}`;
  const emit = (event: RuntimeEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const save = (container: Container): Promise<void> => writeRecord(containerFiles(container.directory).record, container.record);
  const saveSandbox = (sandbox: SandboxRecord): Promise<void> => writeRecord(sandboxFiles(sandboxDirectory(sandbox.id)).record, sandbox);

  /** Ends and removes a group that nobody will want again. */
  async function clearGroup(path: string): Promise<void> {
    groups.kill(path);
    await groups.remove(path, () => false);
  }

  function remember(record: ContainerRecord): Container {
    let markEnded = (): void => {};
    const ended = new Promise<void>((resolve) => {
      markEnded = resolve;
    });
    const container: Container = { record, directory: join(paths.containers, record.id), turn: Promise.resolve(), ended, markEnded };
    if (record.state === "exited") markEnded();
    containers.set(record.id, container);
    return container;
  }

  function inTurn<T>(container: Container, work: () => Promise<T>): Promise<T> {
    const result = container.turn.then(work, work);
    container.turn = result.catch(() => {});
    return result;
  }

  function known(id: string): Container {
    const container = containers.get(id);
    if (!container) throw new RuntimeError("RunContainerError", `container not found: ${id}`);
    return container;
  }

  // --- Sandboxes ---------------------------------------------------------------------------------------------------

  async function runSandbox(spec: SandboxSpec): Promise<SandboxStatus> {
    const id = randomHex(random, 32);
    const sandbox: SandboxRecord = { id, spec, state: "making", createdAt: clock.now(), ip: options.hostIp };
    try {
      await mkdir(sandboxDirectory(id), { mode: 0o700 });
      await saveSandbox(sandbox);
      sandboxes.set(id, sandbox);
      if (!spec.hostNetwork) {
        const attached = await network.attach(id);
        sandbox.networkNamespace = attached.namespacePath;
        sandbox.ip = attached.ip;
      }
      Object.assign(sandbox, await makeNamespaces(sandboxDirectory(id), spec, sandbox.networkNamespace));
      if (!spec.hostNetwork) await ports.open(id, spec.ports, sandbox.ip);
      sandbox.state = "ready";
      await saveSandbox(sandbox);
      return sandboxStatus(sandbox);
    } catch (cause) {
      await removeSandbox(id).catch((error) => log.warn("a failed sandbox is not wholly removed", { sandbox: id, error: String(error) }));
      throw new RuntimeError("CreatePodSandboxError", `failed to create sandbox: ${messageOf(cause)}`, { cause });
    }
  }

  const containersOf = (sandboxId: string): Container[] => [...containers.values()].filter(({ record }) => record.sandboxId === sandboxId);

  async function stopSandbox(id: string): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    await Promise.all(containersOf(id).map((container) => stopContainer(container.record.id, 0)));
    ports.close(id);
    if (!sandbox.spec.hostNetwork) await network.detach(id);
    if (sandbox.state === "ready") {
      sandbox.state = "not-ready";
      await saveSandbox(sandbox);
    }
  }

  async function removeSandbox(id: string): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    await stopSandbox(id);
    await Promise.all(containersOf(id).map((container) => removeContainer(container.record.id)));
    await removeNamespaces(sandboxDirectory(id), sandbox.holder);
    sandboxes.delete(id);
    const { podUid } = sandbox.spec;
    await groups.remove(podCgroup(podUid), () => [...sandboxes.values()].some(({ spec }) => spec.podUid === podUid));
    await groups.remove(cgroupRoot, () => sandboxes.size > 0);
  }

  // --- Containers --------------------------------------------------------------------------------------------------

  async function createContainer(sandboxId: string, spec: ContainerSpec): Promise<string> {
    const sandbox = sandboxes.get(sandboxId);
    if (sandbox?.state !== "ready") throw new RuntimeError("CreateContainerError", `sandbox ${sandboxId} is not ready`);
    const id = randomHex(random, 32);
    const path = join(paths.containers, id);
    try {
      await mkdir(path, { mode: 0o700 });
      await store.lease(leaseOf(id), spec.imageId);
      const root = await store.root(spec.imageId);
      await Promise.all(["rootfs", "upper", "work"].map((name) => mkdir(join(path, name), { mode: 0o755 })));
      const config = await configuration(id, path, spec, sandbox, root);
      await makeWorkingDirectory(root, String((config["process"] as { cwd: string }).cwd), join(path, "upper"));
      await writeFile(join(path, "config.json"), JSON.stringify(config), { mode: 0o600 });
      const record: ContainerRecord = {
        id,
        sandboxId,
        spec,
        createdAt: clock.now(),
        stopSignal: signalNumber(spec.stopSignal ?? root.config.stopSignal ?? "") ?? sigterm,
        process: config["process"] as ContainerRecord["process"],
        state: "created",
      };
      // Last, because a directory with a record is taken for a whole container.
      await writeRecord(containerFiles(path).record, record);
      remember(record);
      return id;
    } catch (cause) {
      await rm(path, { recursive: true, force: true });
      await store.release(leaseOf(id));
      throw new RuntimeError("CreateContainerError", messageOf(cause), { cause });
    }
  }

  async function configuration(id: string, path: string, spec: ContainerSpec, sandbox: SandboxRecord, root: ImageRoot) {
    const files = sandboxFiles(sandboxDirectory(sandbox.id));
    const { security } = spec;
    const needsNames = !/^\d*$/.test(root.config.user) || security.runAsUser !== undefined || root.config.user !== "";
    const [passwd, group] = needsNames ? await Promise.all([imageText(root, "/etc/passwd"), imageText(root, "/etc/group")]) : ["", ""];
    const imageVolumes: Record<string, string> = {};
    if (security.readOnlyRoot) {
      // With a writable root the image's volumes are simply part of the writable layer, which lives just as long.
      for (const [i, containerPath] of root.config.volumes.entries()) {
        const hostPath = join(path, "volumes", String(i));
        await mkdir(hostPath, { recursive: true, mode: 0o755 });
        imageVolumes[containerPath] = hostPath;
      }
    }
    return ociSpec(spec, sandbox.spec, root.config, {
      rootPath: join(path, "rootfs"),
      cgroupsPath: `${podCgroup(spec.podUid)}/${id}`,
      cgroupVersion: tools.cgroupVersion,
      namespaces: {
        ...(sandbox.networkNamespace === undefined ? {} : { network: sandbox.networkNamespace }),
        ...(sandbox.spec.hostNetwork ? {} : { uts: files.uts }),
        ...(sandbox.spec.hostIpc ? {} : { ipc: files.ipc }),
        ...(sandbox.holder
          ? { pid: files.pid }
          : spec.targetContainer
            ? { pid: processNamespaceOf(sandbox.id, spec.targetContainer) }
            : {}),
      },
      shmPath: sandbox.spec.hostIpc ? "/dev/shm" : files.shm,
      hostnameFile: files.hostname,
      resolvFile: files.resolv,
      user: resolveUser(
        {
          imageUser: root.config.user,
          runAsUser: security.runAsUser,
          runAsGroup: security.runAsGroup,
          supplementalGroups: security.supplementalGroups,
        },
        { passwd, group },
      ),
      availableCapabilities,
      ownOomScoreAdj,
      limitsSwap,
      pidsLimit: options.pidsLimit ?? 4096,
      imageVolumes,
      hostDevices: security.privileged ? await readDevices("/dev") : [],
      devices: (await Promise.all(spec.devices.map(({ hostPath, containerPath }) => readDevices(hostPath, containerPath)))).flat(),
      seccompProfile: await seccompProfile(security.seccomp),
    });
  }

  /** Where the process namespace of a running container is. Throws where it does not run. */
  function processNamespaceOf(sandboxId: string, name: string): string {
    for (const { record } of containers.values()) {
      if (record.sandboxId === sandboxId && record.spec.name === name && record.state === "running" && record.main) {
        return `/proc/${record.main.pid}/ns/pid`;
      }
    }
    throw new Error(`the target container ${JSON.stringify(name)} does not run`);
  }

  async function seccompProfile(name: string): Promise<Record<string, unknown> | undefined> {
    if (name === "runtime/default" || name === "unconfined" || name === "") return undefined;
    const file = name.replace(/^localhost\//, "");
    if (!options.seccompDirectory || file.split("/").includes("..")) throw new Error(`cannot load seccomp profile ${JSON.stringify(name)}`);
    try {
      return JSON.parse(await readFile(join(options.seccompDirectory, file), "utf8"));
    } catch (cause) {
      throw new Error(`cannot load seccomp profile ${JSON.stringify(name)}: ${messageOf(cause)}`, { cause });
    }
  }

  function startContainer(id: string): Promise<void> {
    const container = known(id);
    return inTurn(container, async () => {
      const { record } = container;
      if (record.state !== "created") throw new RuntimeError("RunContainerError", `container ${id} is ${record.state}, not created`);
      try {
        const root = await store.root(record.spec.imageId);
        const { layers, layersDirectory } = root;
        const { stdin, stdinOnce, tty } = record.spec;
        const program = record.process.args[0] ?? "";
        const pid = await engine.create({ id, program, directory: container.directory, layers, layersDirectory, stdin, stdinOnce, tty });
        record.main = { pid, startTime: startTime(pid) };
        await engine.start(id);
      } catch (cause) {
        await engine.remove(id);
        await rm(join(paths.exits, id), { force: true });
        const now = clock.now();
        const message = `failed to create container: ${messageOf(cause)}`;
        Object.assign(record, {
          state: "exited",
          startedAt: now,
          finishedAt: now,
          exitCode: startErrorCode,
          reason: "StartError",
          message,
        });
        await save(container);
        container.markEnded();
        throw new RuntimeError("RunContainerError", message, { cause });
      }
      record.state = "running";
      record.startedAt = clock.now();
      await save(container);
    });
  }

  /** Notes that a container has ended, if it has, and clears away what the engine keeps of it. */
  function noticeExit(container: Container, lost?: "lost"): Promise<void> {
    return inTurn(container, async () => {
      const { record } = container;
      if (record.state === "exited") return;
      const exitFile = join(paths.exits, record.id);
      const [text, stats] = await Promise.all([readFile(exitFile, "utf8"), stat(exitFile)]).catch(() => [undefined, undefined]);
      if (text === undefined && lost === undefined) return;
      const exitCode = text === undefined ? unknownExitCode : Number(text);
      const oom =
        exitCode !== 0 && (groups.sawOom(containerCgroup(container)) || (await fileExists(containerFiles(container.directory).oom)));
      record.state = "exited";
      record.exitCode = exitCode;
      record.finishedAt = Math.max(Math.round(stats?.mtimeMs ?? clock.now()), record.startedAt ?? 0);
      record.startedAt ??= record.finishedAt;
      record.reason = oom ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
      const message = text === undefined ? "the container ended while nobody watched" : await terminationMessage(record.spec);
      if (message) record.message = message;
      await save(container);
      container.markEnded();
      emit({ type: "container-exited", podUid: record.spec.podUid, containerId: record.id });
      // With a process namespace of its own everything in it is dead by now; in a shared one children may be left.
      await engine.remove(record.id);
      await clearGroup(containerCgroup(container));
      await rm(exitFile, { force: true });
    });
  }

  function signalMain({ record }: Container, signal: number): boolean {
    const { main } = record;
    if (!main || startTime(main.pid) !== main.startTime) return false;
    try {
      process.kill(main.pid, signal);
      return true;
    } catch {
      return false;
    }
  }

  /** True when the container ended within the time. */
  function endsWithin(container: Container, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = clock.setTimer(ms, () => resolve(false));
      void container.ended.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  async function stopContainer(id: string, graceMs: number): Promise<void> {
    const container = containers.get(id);
    if (!container) return;
    // A start in progress is let through first.
    await container.turn;
    if (container.record.state !== "running") return;
    if (graceMs > 0) {
      signalMain(container, container.record.stopSignal);
      if (await endsWithin(container, graceMs)) return;
    }
    signalMain(container, sigkill);
    if (await endsWithin(container, killPatienceMs)) return;
    log.warn("a killed container has not ended", { container: id });
    // Either the process cannot die, or its keeper is dead and told nobody.
    await engine.remove(id);
    await clearGroup(containerCgroup(container));
    await noticeExit(container, "lost");
  }

  async function removeContainer(id: string): Promise<void> {
    const container = containers.get(id);
    if (!container) return;
    await stopContainer(id, 0);
    await inTurn(container, async () => {
      if (!containers.has(id)) return;
      await rm(container.directory, { recursive: true, force: true });
      await store.release(leaseOf(id));
      containers.delete(id);
      container.markEnded();
    });
  }

  // --- What others see ---------------------------------------------------------------------------------------------

  function sandboxStatus({ id, spec, state, ip, createdAt }: SandboxRecord): SandboxStatus {
    return { id, spec, state: state === "ready" ? "ready" : "not-ready", ip, createdAt };
  }

  function containerStatus({ record }: Container): ContainerStatus {
    const { id, sandboxId, spec, state, createdAt, startedAt, finishedAt, exitCode, reason, message } = record;
    return {
      id,
      sandboxId,
      name: spec.name,
      podUid: spec.podUid,
      attempt: spec.attempt,
      image: spec.image,
      imageId: spec.imageId,
      state,
      createdAt,
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
  }

  function running(id: string): Container {
    const container = known(id);
    if (container.record.state !== "running") throw new RuntimeError("RunContainerError", `container ${id} is not running`);
    return container;
  }

  // --- Adoption ----------------------------------------------------------------------------------------------------

  async function adopt(): Promise<void> {
    for (const id of await readdir(paths.sandboxes)) {
      const record = await readRecord<SandboxRecord>(sandboxFiles(sandboxDirectory(id)).record);
      if (record && record.state !== "making") {
        sandboxes.set(id, record);
      } else {
        await network.detach(id);
        await removeNamespaces(sandboxDirectory(id), record?.holder);
      }
    }
    for (const id of await readdir(paths.containers)) {
      const record = await readRecord<ContainerRecord>(containerFiles(join(paths.containers, id)).record);
      if (record && sandboxes.has(record.sandboxId)) {
        remember(record);
      } else {
        await engine.remove(id);
        await rm(join(paths.containers, id), { recursive: true, force: true });
      }
    }
    await Promise.all([...containers.values()].map(adoptContainer));
    await Promise.all([...sandboxes.values()].map(adoptSandbox));
    for (const id of await readdir(paths.engine)) {
      const state = containers.get(id)?.record.state;
      if (state !== "running") await engine.remove(id);
    }
    for (const id of await readdir(paths.exits)) {
      if (containers.get(id)?.record.state !== "running") await rm(join(paths.exits, id), { force: true });
    }
    const pods = new Set([...sandboxes.values()].map(({ spec }) => `pod${spec.podUid}`));
    for (const name of groups.children(cgroupRoot)) if (!pods.has(name)) await clearGroup(`${cgroupRoot}/${name}`);
    await groups.remove(cgroupRoot, () => sandboxes.size > 0);
    const leases = new Set([...containers.keys()].map(leaseOf));
    for (const holder of await store.leases()) {
      if (holder.startsWith(`${runtimeId}-`) && !leases.has(holder)) await store.release(holder);
    }
    for (const { sandboxId } of await network.list()) if (!sandboxes.has(sandboxId)) await network.detach(sandboxId);
  }

  async function adoptSandbox(sandbox: SandboxRecord): Promise<void> {
    if (sandbox.state !== "ready") return;
    if (await namespacesExist(sandboxDirectory(sandbox.id), sandbox.spec, sandbox.networkNamespace)) {
      if (sandbox.spec.hostNetwork) return;
      await ports
        .open(sandbox.id, sandbox.spec.ports, sandbox.ip)
        .catch((error) => log.warn("host ports are not open", { sandbox: sandbox.id, error: String(error) }));
      return;
    }
    sandbox.state = "not-ready";
    await saveSandbox(sandbox);
  }

  async function adoptContainer(container: Container): Promise<void> {
    const { record } = container;
    const files = containerFiles(container.directory);
    if (record.state === "created") {
      // The last process may have died between starting the container and noting so.
      const state = await engine.state(record.id);
      if (state === "running" || state === "stopped" || (await fileExists(join(paths.exits, record.id)))) {
        const pid = Number(await readFile(files.pid, "utf8").catch(() => "0"));
        record.state = "running";
        record.startedAt = Math.round((await stat(files.pid).catch(() => undefined))?.mtimeMs ?? clock.now());
        if (pid > 0) record.main = { pid, startTime: startTime(pid) };
        await save(container);
      } else if (state !== undefined) {
        await engine.remove(record.id);
        await rm(join(paths.exits, record.id), { force: true });
      }
    }
    if (record.state === "running") await lookAfter(container);
  }

  /** Finds out what became of a container that is on record as running. */
  async function lookAfter(container: Container): Promise<void> {
    await noticeExit(container);
    const { main } = container.record;
    if (container.record.state !== "running" || (main && startTime(main.pid) === main.startTime)) return;
    // It has ended. Its keeper, if alive, is about to write how; else nobody ever will.
    const keeper = Number(await readFile(containerFiles(container.directory).conmonPid, "utf8").catch(() => "0"));
    if (keeper > 0 && (await isConmonOf(keeper, container.record.id))) return;
    await noticeExit(container, "lost");
  }

  // Watching begins before adoption looks, so that no end falls between the two.
  const watcher = watch(paths.exits, (_event, name) => {
    const container = name === null ? undefined : containers.get(name);
    if (container && !closed)
      void noticeExit(container).catch((error) => log.error("an exit could not be noted", { container: name, error: String(error) }));
  });
  watcher.on("error", (error) => log.error("exits are no longer watched", { error: String(error) }));
  await adopt();
  const rounds = every(clock, rotationLookMs, () => {
    for (const container of containers.values()) {
      if (container.record.state !== "running") continue;
      void rotateLog(container.directory, rotation).catch((error) =>
        log.warn("a log could not be rotated", { container: container.record.id, error: String(error) }),
      );
      void lookAfter(container).catch((error) => log.warn("a container could not be looked after", { error: String(error) }));
    }
  });

  return {
    name: tools.engine,
    version: tools.engineVersion,
    images: options.images,
    runSandbox,
    stopSandbox,
    removeSandbox,
    listSandboxes: async () => [...sandboxes.values()].filter(({ state }) => state !== "making").map(sandboxStatus),
    createContainer,
    startContainer,
    stopContainer,
    updateContainer: (id, resources) => {
      const container = known(id);
      return inTurn(container, async () => {
        const { resources: path } = containerFiles(container.directory);
        await writeFile(path, JSON.stringify(changedResources(resources, limitsSwap)), { mode: 0o600 });
        await engine.update(id, path);
      });
    },
    removeContainer,
    listContainers: async () => [...containers.values()].map(containerStatus),
    async containerStatus(id) {
      const container = containers.get(id);
      return container && containerStatus(container);
    },
    async exec(id, execOptions, streams, signal) {
      const { record, directory: path } = running(id);
      return execIn({ engine, tools, id, directory: path, main: record.process, options: execOptions, streams, signal });
    },
    async execSync(id, command, timeoutMs) {
      const { record, directory: path } = running(id);
      return execToEnd({ engine, id, directory: path, main: record.process, command, timeoutMs, clock });
    },
    async attach(id, attachOptions, streams, signal) {
      const container = running(id);
      await attachTo({
        directory: container.directory,
        options: attachOptions,
        streams,
        signal,
        takesInput: container.record.spec.stdin,
      });
    },
    async portForward(sandboxId, port) {
      const sandbox = sandboxes.get(sandboxId);
      if (sandbox?.state !== "ready") throw new RuntimeError("RunContainerError", `sandbox ${sandboxId} is not ready`);
      return forwardPort(sandbox.ip, sandbox.networkNamespace, port);
    },
    async logs(id, logOptions, sink, signal) {
      const container = known(id);
      await readLog({
        path: containerFiles(container.directory).log,
        options: logOptions,
        now: clock.now(),
        ended: () => container.record.state === "exited" || !containers.has(id),
        sink,
        signal,
      });
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      ports.closeAll();
      rounds.cancel();
      watcher.close();
      listeners.clear();
      await Promise.all([...containers.values()].map(({ turn }) => turn));
    },
  };

  /** What the container left in its termination message file. */
  async function terminationMessage(spec: ContainerSpec): Promise<string> {
    const mount = spec.mounts.find(({ containerPath }) => containerPath === spec.terminationMessagePath);
    if (!mount) return "";
    const bytes = await readFile(mount.hostPath).catch(() => new Uint8Array(0));
    return new TextDecoder().decode(bytes.subarray(0, messageBytesMax));
  }
}

/** The working directory of a process must exist; where the image lacks it, it is made in the writable layer. */
async function makeWorkingDirectory(root: ImageRoot, path: string, upper: string): Promise<void> {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.length === 0) return;
  // Only below a directory that is wholly new: making a directory that a layer has would change its owner and mode.
  if (await imageHas(root, `/${parts[0]}`)) {
    return;
  }
  await mkdir(join(upper, ...parts), { recursive: true, mode: 0o755 });
}

async function swapIsLimited(cgroupVersion: 1 | 2): Promise<boolean> {
  if (cgroupVersion === 1) return fileExists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes");
  return (await readFile("/proc/swaps", "utf8").catch(() => "")).trim().split("\n").length > 1;
}

async function isConmonOf(pid: number, id: string): Promise<boolean> {
  return startTime(pid) !== "" && (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).includes(id);
}

const fileExists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
