/** Takes over what a runtime before this one has left: what runs runs on, what was half made is cleared away. */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { startTime } from "../images/lock.node.ts";
import type { ContainerExits } from "./container-exits.node.ts";
import { containerFiles } from "./engine.node.ts";
import { fileExists, type LiveContainer, type OciState } from "./oci-state.node.ts";
import { type ContainerRecord, readRecord, type SandboxRecord } from "./records.node.ts";
import { namespacesExist, removeNamespaces, sandboxFiles } from "./sandbox-namespaces.node.ts";

/** Fills the state of a runtime from its directory and the kernel. */
export async function adopt(state: OciState, exits: ContainerExits): Promise<void> {
  await readSandboxes(state);
  await readContainers(state);
  await Promise.all([...state.containers.values()].map((container) => adoptContainer(state, exits, container)));
  await Promise.all([...state.sandboxes.values()].map((sandbox) => adoptSandbox(state, sandbox)));
  await clearStrays(state);
}

async function readSandboxes({ options, paths, sandboxDirectory, sandboxes }: OciState): Promise<void> {
  for (const id of await readdir(paths.sandboxes)) {
    const record = await readRecord<SandboxRecord>(sandboxFiles(sandboxDirectory(id)).record);
    if (record && record.state !== "making") {
      sandboxes.set(id, record);
    } else {
      await options.network.detach(id);
      await removeNamespaces(sandboxDirectory(id), record?.holder);
    }
  }
}

async function readContainers(state: OciState): Promise<void> {
  const { engine, paths, sandboxes } = state;
  for (const id of await readdir(paths.containers)) {
    const directory = join(paths.containers, id);
    const record = await readRecord<ContainerRecord>(containerFiles(directory).record);
    if (record && sandboxes.has(record.sandboxId)) {
      state.remember(record);
    } else {
      await engine.remove(id);
      await rm(directory, { recursive: true, force: true });
    }
  }
}

async function adoptSandbox(state: OciState, sandbox: SandboxRecord): Promise<void> {
  if (sandbox.state !== "ready") return;
  const { options, ports } = state;
  if (await namespacesExist(state.sandboxDirectory(sandbox.id), sandbox.spec, sandbox.networkNamespace)) {
    if (sandbox.spec.hostNetwork) return;
    await ports.open(sandbox.id, sandbox.spec.ports, sandbox.ip).catch((error) => {
      options.world.log.warn("host ports are not open", { sandbox: sandbox.id, error: String(error) });
    });
    return;
  }
  sandbox.state = "not-ready";
  await state.saveSandbox(sandbox);
}

async function adoptContainer(state: OciState, exits: ContainerExits, container: LiveContainer): Promise<void> {
  const { record } = container;
  const { engine, options } = state;
  if (record.state === "created") {
    // The last process may have died between starting the container and noting so.
    const found = await engine.state(record.id);
    if (found === "running" || found === "stopped" || (await fileExists(state.exitFile(record.id)))) {
      const files = containerFiles(container.directory);
      const pid = Number(await readFile(files.pid, "utf8").catch(() => "0"));
      record.state = "running";
      record.startedAt = Math.round((await stat(files.pid).catch(() => undefined))?.mtimeMs ?? options.world.clock.now());
      if (pid > 0) record.main = { pid, startTime: startTime(pid) };
      await state.save(container);
    } else if (found !== undefined) {
      await engine.remove(record.id);
      await rm(state.exitFile(record.id), { force: true });
    }
  }
  if (record.state === "running") await exits.lookAfter(container);
}

/** What no record speaks of: engine state, exit codes, control groups, leases, network namespaces. */
async function clearStrays(state: OciState): Promise<void> {
  const { cgroupRoot, containers, engine, groups, leasePrefix, options, paths, sandboxes } = state;
  const { network, store } = options;
  const runs = (id: string): boolean => containers.get(id)?.record.state === "running";
  for (const id of await readdir(paths.engine)) if (!runs(id)) await engine.remove(id);
  for (const id of await readdir(paths.exits)) if (!runs(id)) await rm(state.exitFile(id), { force: true });
  const pods = new Set([...sandboxes.values()].map(({ spec }) => `pod${spec.podUid}`));
  for (const name of groups.children(cgroupRoot)) if (!pods.has(name)) await state.clearGroup(`${cgroupRoot}/${name}`);
  await groups.remove(cgroupRoot, () => sandboxes.size > 0);
  const leases = new Set([...containers.keys()].map(state.leaseOf));
  for (const holder of await store.leases()) {
    if (holder.startsWith(leasePrefix) && !leases.has(holder)) await store.release(holder);
  }
  for (const { sandboxId } of await network.list()) if (!sandboxes.has(sandboxId)) await network.detach(sandboxId);
}
