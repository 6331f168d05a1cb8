/** Containers: made in their sandbox, started, resized, stopped, removed. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomHex } from "../../base/random.ts";
import type { ImageRoot } from "../images/image-store.node.ts";
import { startTime } from "../images/lock.node.ts";
import { type ContainerSpec, type ContainerStatus, type Runtime, RuntimeError } from "../runtime.ts";
import { containerConfiguration } from "./container-configuration.node.ts";
import type { ContainerExits } from "./container-exits.node.ts";
import { containerFiles } from "./engine.node.ts";
import { imageHas } from "./layer-files.node.ts";
import { type LiveContainer, messageOf, type OciState } from "./oci-state.node.ts";
import { changedResources } from "./oci-spec.ts";
import { type ContainerRecord, writeRecord } from "./records.node.ts";
import { signalNumber, sigterm } from "./signals.ts";

const startErrorCode = 128;

/** The part of a runtime that looks after containers. */
export type Containers = Pick<
  Runtime,
  "createContainer" | "startContainer" | "stopContainer" | "removeContainer" | "listContainers" | "containerStatus"
> &
  Required<Pick<Runtime, "updateContainer">>;

/** Looks after the containers of a runtime. */
export function containersOf(state: OciState, exits: ContainerExits): Containers {
  const { containers, engine, options, paths, sandboxes } = state;
  const { store, world } = options;
  const { clock } = world;

  async function createContainer(sandboxId: string, spec: ContainerSpec): Promise<string> {
    const sandbox = sandboxes.get(sandboxId);
    if (sandbox?.state !== "ready") throw new RuntimeError("CreateContainerError", `sandbox ${sandboxId} is not ready`);
    const id = randomHex(world.random, 32);
    const directory = join(paths.containers, id);
    try {
      await mkdir(directory, { mode: 0o700 });
      await store.lease(state.leaseOf(id), spec.imageId);
      const root = await store.root(spec.imageId);
      await Promise.all(["rootfs", "upper", "work"].map((name) => mkdir(join(directory, name), { mode: 0o755 })));
      const config = await containerConfiguration(state, spec, { id, directory, sandbox, root });
      await makeWorkingDirectory(root, String((config["process"] as { cwd: string }).cwd), join(directory, "upper"));
      await writeFile(join(directory, "config.json"), JSON.stringify(config), { mode: 0o600 });
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
      await writeRecord(containerFiles(directory).record, record);
      state.remember(record);
      return id;
    } catch (cause) {
      await rm(directory, { recursive: true, force: true });
      await store.release(state.leaseOf(id));
      throw new RuntimeError("CreateContainerError", messageOf(cause), { cause });
    }
  }

  function startContainer(id: string): Promise<void> {
    const container = state.known(id);
    return state.inTurn(container, async () => {
      const { record } = container;
      if (record.state !== "created") throw new RuntimeError("RunContainerError", `container ${id} is ${record.state}, not created`);
      try {
        const { layers, layersDirectory } = await store.root(record.spec.imageId);
        const { stdin, stdinOnce, tty } = record.spec;
        const program = record.process.args[0] ?? "";
        const pid = await engine.create({ id, program, directory: container.directory, layers, layersDirectory, stdin, stdinOnce, tty });
        record.main = { pid, startTime: startTime(pid) };
        await engine.start(id);
      } catch (cause) {
        throw await noteFailedStart(container, cause);
      }
      record.state = "running";
      record.startedAt = clock.now();
      await state.save(container);
    });
  }

  /** The error to throw, when all that is left of the container is on record and nothing runs. */
  async function noteFailedStart(container: LiveContainer, cause: unknown): Promise<RuntimeError> {
    const { record } = container;
    await engine.remove(record.id);
    await rm(state.exitFile(record.id), { force: true });
    const now = clock.now();
    const message = `failed to create container: ${messageOf(cause)}`;
    const end = { state: "exited", startedAt: now, finishedAt: now, exitCode: startErrorCode, reason: "StartError", message };
    Object.assign(record, end);
    await state.save(container);
    container.markEnded();
    return new RuntimeError("RunContainerError", message, { cause });
  }

  async function stopContainer(id: string, graceMs: number): Promise<void> {
    const container = containers.get(id);
    if (container) await exits.stop(container, graceMs);
  }

  return {
    createContainer,
    startContainer,
    stopContainer,
    updateContainer(id, resources) {
      const container = state.known(id);
      return state.inTurn(container, async () => {
        const { resources: path } = containerFiles(container.directory);
        await writeFile(path, JSON.stringify(changedResources(resources, state.limits.limitsSwap)), { mode: 0o600 });
        await engine.update(id, path);
      });
    },
    async removeContainer(id) {
      const container = containers.get(id);
      if (!container) return;
      await stopContainer(id, 0);
      await state.inTurn(container, async () => {
        if (!containers.has(id)) return;
        await rm(container.directory, { recursive: true, force: true });
        await store.release(state.leaseOf(id));
        containers.delete(id);
        container.markEnded();
      });
    },
    listContainers: async () => [...containers.values()].map(statusOf),
    async containerStatus(id) {
      const container = containers.get(id);
      return container && statusOf(container);
    },
  };
}

function statusOf({ record }: LiveContainer): ContainerStatus {
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

/** The working directory of a process must exist; where the image lacks it, it is made in the writable layer. */
async function makeWorkingDirectory(root: ImageRoot, path: string, upper: string): Promise<void> {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.length === 0) return;
  // Only below a directory that is wholly new: making a directory that a layer has would change its owner and mode.
  if (await imageHas(root, `/${parts[0]}`)) return;
  await mkdir(join(upper, ...parts), { recursive: true, mode: 0o755 });
}
