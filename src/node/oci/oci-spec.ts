/** What is handed to crun or runc: a container in the words of the OCI runtime specification. */
import type { ImageConfig } from "../images/image-config.ts";
import type { ContainerSpec, Mount, SandboxSpec } from "../runtime.ts";
import type { ProcessUser } from "./accounts.ts";
import { containerCapabilities } from "./capabilities.ts";
import { defaultSeccomp } from "./seccomp.ts";

/** A process in the words of the specification; an exec is derived from it. */
export type OciProcess = Readonly<Record<string, unknown>> & { readonly args: readonly string[]; readonly env: readonly string[] };

/** Facts about the machine and the sandbox that the specification depends on. */
export interface OciFacts {
  readonly rootPath: string;
  readonly cgroupsPath: string;
  readonly cgroupVersion: 1 | 2;
  /** Undefined: the host's. */
  readonly namespaces: { readonly network?: string; readonly uts?: string; readonly ipc?: string; readonly pid?: string };
  readonly shmPath: string;
  readonly hostnameFile: string;
  readonly resolvFile: string;
  readonly user: ProcessUser;
  readonly availableCapabilities: readonly string[];
  readonly ownOomScoreAdj: number;
  readonly limitsSwap: boolean;
  readonly pidsLimit: number;
  /** Where an image's own volumes are, by path in the container. */
  readonly imageVolumes: Readonly<Record<string, string>>;
  /** Devices of the host, for privileged containers. */
  readonly hostDevices: readonly OciDevice[];
  readonly devices: readonly OciDevice[];
  /** A profile read from a file of the node; undefined for the default one. */
  readonly seccompProfile: Readonly<Record<string, unknown>> | undefined;
}

export interface OciDevice {
  readonly path: string;
  readonly type: "c" | "b";
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What the container runs: command and args of the Pod over entrypoint and cmd of the image. */
export function commandOf(
  spec: Pick<ContainerSpec, "command" | "args">,
  image: Pick<ImageConfig, "entrypoint" | "cmd">,
): readonly string[] {
  // A command of the Pod drops the image's cmd too, which was meant for the image's entrypoint.
  const command = spec.command?.length ? spec.command : undefined;
  const args = spec.args?.length ? spec.args : command ? [] : image.cmd;
  return [...(command ?? image.entrypoint), ...args];
}

/** The whole configuration. Throws an Error that says what cannot be done. */
export function ociSpec(spec: ContainerSpec, sandbox: SandboxSpec, image: ImageConfig, facts: OciFacts): Readonly<Record<string, unknown>> {
  const { security } = spec;
  const capabilities = containerCapabilities(
    { privileged: security.privileged, add: security.addCapabilities, drop: security.dropCapabilities },
    facts.availableCapabilities,
  );
  const args = commandOf(spec, image);
  if (args.length === 0) throw new Error("no command specified");
  const process: OciProcess = {
    terminal: spec.tty,
    user: { uid: facts.user.uid, gid: facts.user.gid, additionalGids: facts.user.additionalGids },
    args,
    env: environment(spec, sandbox, image),
    cwd: spec.workingDir || image.workingDir || "/",
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    noNewPrivileges: security.noNewPrivileges && !security.privileged,
    // Lowering one's own value takes a capability that this process may lack.
    oomScoreAdj: Math.min(1000, Math.max(spec.resources.oomScoreAdj ?? 0, facts.ownOomScoreAdj)),
  };
  const masks = security.maskProc && !security.privileged;
  const seccomp =
    security.privileged || security.seccomp === "unconfined" ? undefined : (facts.seccompProfile ?? defaultSeccomp(capabilities));
  return {
    ociVersion: "1.0.2",
    process,
    root: { path: facts.rootPath, readonly: security.readOnlyRoot },
    mounts: mounts(spec, facts),
    linux: {
      cgroupsPath: facts.cgroupsPath,
      namespaces: namespaces(sandbox, facts),
      resources: resources(spec, facts),
      devices: [...(security.privileged ? facts.hostDevices : []), ...facts.devices],
      maskedPaths: masks ? maskedPaths : [],
      readonlyPaths: masks ? readonlyPaths : [],
      ...(spec.mounts.some(({ propagation }) => propagation === "rshared") ? { rootfsPropagation: "shared" } : {}),
      ...(spec.mounts.some(({ propagation }) => propagation === "rslave") ? { rootfsPropagation: "slave" } : {}),
      ...(seccomp ? { seccomp } : {}),
    },
  };
}

/** A process beside the main one: same user, environment and rights, another command. */
export function execProcess(main: OciProcess, command: readonly string[], terminal: boolean): OciProcess {
  const env = terminal && !main.env.some((entry) => entry.startsWith("TERM=")) ? [...main.env, "TERM=xterm"] : main.env;
  return { ...main, args: command, env, terminal };
}

function environment(spec: ContainerSpec, sandbox: SandboxSpec, image: ImageConfig): string[] {
  const variables = new Map<string, string>([["PATH", defaultPath]]);
  variables.set("HOSTNAME", sandbox.hostname);
  if (spec.tty) variables.set("TERM", "xterm");
  for (const entry of image.env) {
    const equals = entry.indexOf("=");
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  for (const { name, value } of spec.env) variables.set(name, value);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

function namespaces(sandbox: SandboxSpec, { namespaces: paths, cgroupVersion }: OciFacts): { type: string; path?: string }[] {
  const list: { type: string; path?: string }[] = [{ type: "mount" }];
  if (paths.network !== undefined) list.push({ type: "network", path: paths.network });
  if (paths.uts !== undefined) list.push({ type: "uts", path: paths.uts });
  if (paths.ipc !== undefined) list.push({ type: "ipc", path: paths.ipc });
  if (paths.pid !== undefined) list.push({ type: "pid", path: paths.pid });
  else if (!sandbox.hostPid) list.push({ type: "pid" });
  if (cgroupVersion === 2) list.push({ type: "cgroup" });
  return list;
}

function resources(spec: ContainerSpec, facts: OciFacts): Record<string, unknown> {
  const { cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryLimitBytes } = spec.resources;
  const cpu = {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpuQuotaMicros === undefined ? {} : { quota: cpuQuotaMicros }),
    ...(cpuPeriodMicros === undefined ? {} : { period: cpuPeriodMicros }),
  };
  return {
    devices: [
      { allow: spec.security.privileged, access: "rwm" },
      ...facts.devices.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access: "rwm" })),
    ],
    pids: { limit: facts.pidsLimit },
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(memoryLimitBytes === undefined
      ? {}
      : { memory: { limit: memoryLimitBytes, ...(facts.limitsSwap ? { swap: memoryLimitBytes } : {}) } }),
  };
}

/** What a running container is given anew: what has no limit any more must be said to have none. */
export function changedResources(
  { cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryLimitBytes }: ContainerSpec["resources"],
  limitsSwap: boolean,
): Readonly<Record<string, unknown>> {
  const memory = memoryLimitBytes ?? -1;
  return {
    cpu: {
      ...(cpuShares === undefined ? {} : { shares: cpuShares }),
      quota: cpuQuotaMicros ?? -1,
      ...(cpuPeriodMicros === undefined ? {} : { period: cpuPeriodMicros }),
    },
    memory: { limit: memory, ...(limitsSwap ? { swap: memory } : {}) },
  };
}

interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

function mounts(spec: ContainerSpec, facts: OciFacts): readonly OciMount[] {
  const access = spec.security.privileged ? "rw" : "ro";
  const own: OciMount[] = [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", access] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", access] },
    { destination: "/dev/shm", type: "bind", source: facts.shmPath, options: ["rbind", "rprivate", "rw"] },
    { destination: "/etc/hostname", type: "bind", source: facts.hostnameFile, options: ["rbind", "rprivate", "rw"] },
    { destination: "/etc/resolv.conf", type: "bind", source: facts.resolvFile, options: ["rbind", "rprivate", "rw"] },
  ];
  const volumes: Mount[] = Object.entries(facts.imageVolumes).map(([containerPath, hostPath]) => ({
    hostPath,
    containerPath,
    readOnly: false,
    propagation: "private",
  }));
  const taken = new Set(spec.mounts.map(({ containerPath }) => tidy(containerPath)));
  // An outer directory before what is mounted within it.
  const wanted = [...volumes.filter(({ containerPath }) => !taken.has(tidy(containerPath))), ...spec.mounts]
    .map((mount, order) => ({ mount, order, depth: tidy(mount.containerPath).split("/").length }))
    .sort((a, b) => a.depth - b.depth || a.order - b.order)
    .map(({ mount }) => bind(mount));
  return [...own.filter(({ destination }) => !taken.has(destination)), ...wanted];
}

function bind(mount: Mount): OciMount {
  const propagation = mount.propagation === "private" ? "rprivate" : mount.propagation;
  return {
    destination: mount.containerPath,
    type: "bind",
    source: mount.hostPath,
    options: ["rbind", propagation, mount.readOnly ? "ro" : "rw"],
  };
}

const tidy = (path: string): string => path.replace(/\/+/g, "/").replace(/(?<=.)\/$/, "");
