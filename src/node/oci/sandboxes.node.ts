/** Sandboxes: made, stopped, removed; none is left half made. */
import { mkdir } from "node:fs/promises";
import { randomHex } from "../../base/random.ts";
import { type Runtime, RuntimeError, type SandboxSpec, type SandboxStatus } from "../runtime.ts";
import type { Containers } from "./containers.node.ts";
import { messageOf, type OciState } from "./oci-state.node.ts";
import type { SandboxRecord } from "./records.node.ts";
import { makeNamespaces, removeNamespaces } from "./sandbox-namespaces.node.ts";

/** The part of a runtime that looks after sandboxes. */
export type Sandboxes = Pick<Runtime, "runSandbox" | "stopSandbox" | "removeSandbox" | "listSandboxes">;

/** Looks after the sandboxes of a runtime. */
export function sandboxesOf(state: OciState, containers: Containers): Sandboxes {
  const { groups, ports, sandboxes, options } = state;
  const { network, world } = options;

  async function runSandbox(spec: SandboxSpec): Promise<SandboxStatus> {
    const id = randomHex(world.random, 32);
    const sandbox: SandboxRecord = { id, spec, state: "making", createdAt: world.clock.now(), ip: options.hostIp };
    try {
      await mkdir(state.sandboxDirectory(id), { mode: 0o700 });
      await state.saveSandbox(sandbox);
      sandboxes.set(id, sandbox);
      if (!spec.hostNetwork) {
        const attached = await network.attach(id);
        sandbox.networkNamespace = attached.namespacePath;
        sandbox.ip = attached.ip;
      }
      Object.assign(sandbox, await makeNamespaces(state.sandboxDirectory(id), spec, sandbox.networkNamespace));
      if (!spec.hostNetwork) await ports.open(id, spec.ports, sandbox.ip);
      sandbox.state = "ready";
      await state.saveSandbox(sandbox);
      return statusOf(sandbox);
    } catch (cause) {
      await removeSandbox(id).catch((error) => {
        world.log.warn("a failed sandbox is not wholly removed", { sandbox: id, error: String(error) });
      });
      throw new RuntimeError("CreatePodSandboxError", `failed to create sandbox: ${messageOf(cause)}`, { cause });
    }
  }

  async function stopSandbox(id: string): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    await Promise.all(state.containersOf(id).map(({ record }) => containers.stopContainer(record.id, 0)));
    ports.close(id);
    if (!sandbox.spec.hostNetwork) await network.detach(id);
    if (sandbox.state === "ready") {
      sandbox.state = "not-ready";
      await state.saveSandbox(sandbox);
    }
  }

  async function removeSandbox(id: string): Promise<void> {
    const sandbox = sandboxes.get(id);
    if (!sandbox) return;
    await stopSandbox(id);
    await Promise.all(state.containersOf(id).map(({ record }) => containers.removeContainer(record.id)));
    await removeNamespaces(state.sandboxDirectory(id), sandbox.holder);
    sandboxes.delete(id);
    const { podUid } = sandbox.spec;
    await groups.remove(state.podCgroup(podUid), () => [...sandboxes.values()].some(({ spec }) => spec.podUid === podUid));
    await groups.remove(state.cgroupRoot, () => sandboxes.size > 0);
  }

  return {
    runSandbox,
    stopSandbox,
    removeSandbox,
    listSandboxes: async () => [...sandboxes.values()].filter((sandbox) => sandbox.state !== "making").map(statusOf),
  };
}

const statusOf = ({ id, spec, state, ip, createdAt }: SandboxRecord): SandboxStatus => ({
  id,
  spec,
  state: state === "ready" ? "ready" : "not-ready",
  ip,
  createdAt,
});
