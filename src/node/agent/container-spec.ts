/** Resolves everything that a container's start depends on: image, environment, files and limits. */
import type { Container, Pod } from "../../api/types.ts";
import type { ContainerSpec, ImageStatus, Mount, SandboxStatus } from "../runtime.ts";
import type { MountedVolume } from "../volumes/pod-volumes.ts";
import type { AgentContext } from "./agent-context.ts";
import { containerResources, containerSecurity, nonRootProblem } from "./container-limits.ts";
import type { DeclaredContainer } from "./container-record.ts";
import { ContainerConfigError, containerEnvironment } from "./environment.ts";
import { expand } from "./expansion.ts";
import { hostsFile, resolvConf } from "./pod-network-files.ts";
import { dnsOf } from "./sandbox-spec.ts";
import { serviceEnvironment } from "./service-environment.ts";

export interface ContainerSpecInput {
  readonly context: AgentContext;
  readonly pod: Pod;
  readonly declared: DeclaredContainer;
  readonly sandbox: SandboxStatus;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly image: ImageStatus;
  readonly attempt: number;
}

/** Where the Pod's own files keep what a container says at its end. */
export const terminationFile = (container: string, attempt: number): string => `containers/${container}/${attempt}`;

const defaultTerminationPath = "/dev/termination-log";
const none: Readonly<Record<string, string>> = Object.freeze({});

/** Throws `ContainerConfigError` for what the Pod's author has to put right. */
export async function buildContainerSpec(input: ContainerSpecInput): Promise<ContainerSpec> {
  const { context, pod, declared, sandbox, image } = input;
  const container = declared.spec as Container;
  const problem = nonRootProblem(pod, container, image);
  if (problem !== undefined) throw new ContainerConfigError(problem);

  const environment = await containerEnvironment({
    pod,
    container,
    services: serviceEnvironment(pod.metadata.namespace as string, context.services(), pod.spec?.enableServiceLinks !== false),
    source: context.source,
    addresses: { podIp: sandbox.ip, hostIp: context.config.nodeIp, allocatable: context.config.allocatable },
  });
  const lookup = (name: string): string | undefined => environment.get(name);
  const terminationPath = container.terminationMessagePath ?? defaultTerminationPath;
  return {
    name: container.name,
    role: declared.role,
    podUid: pod.metadata.uid as string,
    podName: pod.metadata.name as string,
    podNamespace: pod.metadata.namespace as string,
    attempt: input.attempt,
    image: container.image ?? "",
    imageId: image.id,
    command: container.command?.map((word) => expand(word, lookup)),
    args: container.args?.map((word) => expand(word, lookup)),
    workingDir: container.workingDir,
    env: [...environment].map(([name, value]) => ({ name, value })),
    mounts: context.files.discards ? [] : await containerMounts(input, lookup, terminationPath),
    devices: [],
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: containerResources(pod, container),
    security: containerSecurity(pod, container),
    stopSignal: container.lifecycle?.stopSignal,
    terminationMessagePath: terminationPath,
    ...("targetContainerName" in declared.spec && { targetContainer: declared.spec.targetContainerName as string }),
    annotations: none,
  };
}

async function containerMounts(
  input: ContainerSpecInput,
  lookup: (name: string) => string | undefined,
  terminationPath: string,
): Promise<Mount[]> {
  const { context, pod, declared, sandbox, volumes } = input;
  const { files, config } = context;
  const container = declared.spec as Container;
  const uid = pod.metadata.uid as string;
  const mounts: Mount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.get(mount.name);
    if (!volume) throw new ContainerConfigError(`volume "${mount.name}" not found`);
    const subPath = mount.subPathExpr ? expandAll(mount.subPathExpr, lookup) : mount.subPath;
    mounts.push({
      hostPath: subPath ? await within(context, volume, subPath) : volume.hostPath,
      containerPath: absolute(mount.mountPath),
      readOnly: volume.readOnly || mount.readOnly === true,
      propagation:
        mount.mountPropagation === "Bidirectional" ? "rshared" : mount.mountPropagation === "HostToContainer" ? "rslave" : "private",
    });
  }

  const single = (hostPath: string, containerPath: string): Mount => ({ hostPath, containerPath, readOnly: false, propagation: "private" });
  // A volume that the Pod itself mounts on one of these paths wins.
  const isFree = (path: string): boolean => !mounts.some((mount) => mount.containerPath === path);
  if (!pod.spec?.hostNetwork || (pod.spec.hostAliases?.length ?? 0) > 0) {
    const hosts = await files.writeFile(uid, "etc-hosts", hostsFile(pod, sandbox.ip, config.clusterDomain), 0o644);
    if (isFree("/etc/hosts")) mounts.push(single(hosts, "/etc/hosts"));
  } else if (isFree("/etc/hosts")) mounts.push({ ...single("/etc/hosts", "/etc/hosts"), readOnly: true });
  const resolver = await files.writeFile(uid, "resolv.conf", resolvConf(dnsOf(pod, config)), 0o644);
  if (isFree("/etc/resolv.conf")) mounts.push(single(resolver, "/etc/resolv.conf"));
  const hostname = await files.writeFile(uid, "hostname", `${sandbox.spec.hostname}\n`, 0o644);
  if (isFree("/etc/hostname")) mounts.push(single(hostname, "/etc/hostname"));
  // Anyone in the container may write its last words.
  const lastWords = await files.writeFile(uid, terminationFile(container.name, input.attempt), "", 0o666);
  if (terminationPath !== "" && isFree(terminationPath)) mounts.push(single(lastWords, terminationPath));
  return mounts;
}

/** A part of a volume. What leads nowhere, or out of the volume, is the author's to put right, like every other setting. */
async function within({ files }: AgentContext, volume: MountedVolume, subPath: string): Promise<string> {
  if (subPath.startsWith("/")) throw new ContainerConfigError("subPath must not be an absolute path");
  if (subPath.split("/").includes("..")) throw new ContainerConfigError(`unable to use subPath "${subPath}": must not contain '..'`);
  try {
    return await files.subPath(volume.hostPath, subPath);
  } catch (cause) {
    throw new ContainerConfigError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `/${path}`);

function expandAll(text: string, lookup: (name: string) => string | undefined): string {
  return expand(text, (name) => {
    const value = lookup(name);
    // An empty value would mount the whole volume in the place of a part.
    if (value === undefined || value === "") throw new ContainerConfigError(`missing value for "${name}"`);
    return value;
  });
}
