/** The OCI configuration of a container, from its spec, its sandbox, its image and what the machine allows. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageRoot } from "../images/image-store.node.ts";
import type { ContainerSpec } from "../runtime.ts";
import { resolveUser } from "./accounts.ts";
import { readDevices } from "./devices.node.ts";
import { imageText } from "./layer-files.node.ts";
import { messageOf, type OciState } from "./oci-state.node.ts";
import { ociSpec } from "./oci-spec.ts";
import type { SandboxRecord } from "./records.node.ts";
import { sandboxFiles } from "./sandbox-namespaces.node.ts";

export interface ContainerPlace {
  readonly id: string;
  /** All of it belongs to the container. */
  readonly directory: string;
  readonly sandbox: SandboxRecord;
  readonly root: ImageRoot;
}

/** Makes the configuration, and the directories that it names. Throws an Error where something that it names can't be had. */
export async function containerConfiguration(state: OciState, spec: ContainerSpec, place: ContainerPlace) {
  const { id, directory, sandbox, root } = place;
  const { tools, pidsLimit, seccompDirectory } = state.options;
  const files = sandboxFiles(state.sandboxDirectory(sandbox.id));
  const { security } = spec;
  const needsNames = !/^\d*$/.test(root.config.user) || security.runAsUser !== undefined || root.config.user !== "";
  const [passwd, group] = needsNames ? await Promise.all([imageText(root, "/etc/passwd"), imageText(root, "/etc/group")]) : ["", ""];
  return ociSpec(spec, sandbox.spec, root.config, {
    rootPath: join(directory, "rootfs"),
    cgroupsPath: `${state.podCgroup(spec.podUid)}/${id}`,
    cgroupVersion: tools.cgroupVersion,
    namespaces: {
      ...(sandbox.networkNamespace === undefined ? {} : { network: sandbox.networkNamespace }),
      ...(sandbox.spec.hostNetwork ? {} : { uts: files.uts }),
      ...(sandbox.spec.hostIpc ? {} : { ipc: files.ipc }),
      ...(sandbox.holder
        ? { pid: files.pid }
        : spec.targetContainer
          ? { pid: processNamespaceOf(state, sandbox.id, spec.targetContainer) }
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
    ...state.limits,
    pidsLimit: pidsLimit ?? 4096,
    // With a writable root the image's volumes are simply part of the writable layer, which lives just as long.
    imageVolumes: security.readOnlyRoot ? await imageVolumes(root, join(directory, "volumes")) : {},
    hostDevices: security.privileged ? await readDevices("/dev") : [],
    devices: (await Promise.all(spec.devices.map(({ hostPath, containerPath }) => readDevices(hostPath, containerPath)))).flat(),
    seccompProfile: await seccompProfile(seccompDirectory, security.seccomp),
  });
}

/** A directory for each volume that the image declares, by its path in the container. */
async function imageVolumes(root: ImageRoot, directory: string): Promise<Record<string, string>> {
  const volumes: Record<string, string> = {};
  for (const [i, containerPath] of root.config.volumes.entries()) {
    const hostPath = join(directory, String(i));
    await mkdir(hostPath, { recursive: true, mode: 0o755 });
    volumes[containerPath] = hostPath;
  }
  return volumes;
}

/** Where the process namespace of a running container is. Throws where it does not run. */
function processNamespaceOf(state: OciState, sandboxId: string, name: string): string {
  for (const { record } of state.containersOf(sandboxId)) {
    if (record.spec.name === name && record.state === "running" && record.main) return `/proc/${record.main.pid}/ns/pid`;
  }
  throw new Error(`the target container ${JSON.stringify(name)} does not run`);
}

async function seccompProfile(directory: string | undefined, name: string): Promise<Record<string, unknown> | undefined> {
  if (name === "runtime/default" || name === "unconfined" || name === "") return undefined;
  const file = name.replace(/^localhost\//, "");
  if (!directory || file.split("/").includes("..")) throw new Error(`cannot load seccomp profile ${JSON.stringify(name)}`);
  try {
    return JSON.parse(await readFile(join(directory, file), "utf8"));
  } catch (cause) {
    throw new Error(`cannot load seccomp profile ${JSON.stringify(name)}: ${messageOf(cause)}`, { cause });
  }
}
