/**
 * The contract of a container runtime, shaped like CRI: a sandbox per Pod (network and address, hostname), containers
 * in it, images. Implementations: `oci` (real containers), `simulated`. The agent decides; a runtime only does.
 */
import type { ExecOptions, ExecResult, ExecStreams, ByteStream, LogOptions } from "../api/node-api.ts";
import type { Pod } from "../api/types.ts";

export interface SandboxSpec {
  /** The Pod it belongs to. */
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  /** Which try this is, from 0. */
  readonly attempt: number;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly hostPid: boolean;
  readonly hostIpc: boolean;
  readonly shareProcessNamespace: boolean;
  readonly dns: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] };
  /** Host ports to open on the machine. */
  readonly ports: readonly {
    readonly containerPort: number;
    readonly hostPort: number;
    readonly hostIp?: string;
    readonly protocol: "TCP" | "UDP" | "SCTP";
  }[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SandboxStatus {
  readonly id: string;
  readonly spec: SandboxSpec;
  readonly state: "ready" | "not-ready";
  /** The Pod's address; the node's own with hostNetwork. */
  readonly ip: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: "private" | "rslave" | "rshared";
}

/** Everything is resolved: environment expanded, volumes on disk, user numbers or names as the Pod has them. */
export interface ContainerSpec {
  readonly name: string;
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  /** Restart count. Distinguishes the log files. */
  readonly attempt: number;
  /** As the Pod has it, and the id that `pullImage`/`imageStatus` gave. */
  readonly image: string;
  readonly imageId: string;
  /** Pod's command replaces the image's entrypoint (and drops its command); args replace the command. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly workingDir: string | undefined;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly { readonly hostPath: string; readonly containerPath: string }[];
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: {
    /** cgroup weights and limits; undefined: none. */
    readonly cpuShares?: number;
    readonly cpuQuotaMicros?: number;
    readonly cpuPeriodMicros?: number;
    readonly memoryLimitBytes?: number;
    readonly oomScoreAdj?: number;
  };
  readonly security: {
    readonly privileged: boolean;
    readonly runAsUser: number | undefined;
    readonly runAsGroup: number | undefined;
    readonly supplementalGroups: readonly number[];
    readonly addCapabilities: readonly string[];
    readonly dropCapabilities: readonly string[];
    readonly readOnlyRoot: boolean;
    readonly noNewPrivileges: boolean;
    /** `runtime/default` unless told otherwise. */
    readonly seccomp: "runtime/default" | "unconfined" | string;
    readonly maskProc: boolean;
  };
  /** Overrides the image's stop signal, e.g. `SIGUSR1`. */
  readonly stopSignal: string | undefined;
  /** The path inside. The agent mounts a file of its own there (see `mounts`) and reads it when the container has ended. */
  readonly terminationMessagePath: string;
  /** Another container of the Pod, whose processes an ephemeral container sees as its own, e.g. by `kubectl debug --target`. */
  readonly targetContainer?: string;
  /** What the container is to its Pod. */
  readonly role: "init" | "sidecar" | "app" | "ephemeral";
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus {
  /** Runtime's id, without a scheme. */
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly podUid: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageId: string;
  readonly state: "created" | "running" | "exited";
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  /** The signal's number that ended it, if one did. */
  readonly signal?: number;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun` or `StartError`. */
  readonly reason?: string;
  /** Why it could not start, or what it wrote to its termination message file. */
  readonly message?: string;
}

export interface ImageStatus {
  /** `sha256:…`: the digest of its configuration. */
  readonly id: string;
  readonly tags: readonly string[];
  /** `name@sha256:…` as a registry knows it. */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** `user[:group]` of the image's configuration; "" for root. */
  readonly user: string;
  readonly stopSignal?: string;
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
}

export interface ImageService {
  /** By tag, digest reference or id. Undefined: not here. */
  status(reference: string): Promise<ImageStatus | undefined>;
  /** Fetches from its registry. Throws `ImagePullError`. `user` says for whom: simulated nodes look up what the Pod asks for. */
  pull(
    reference: string,
    auths: readonly RegistryAuth[],
    signal?: AbortSignal,
    user?: { readonly podUid: string; readonly container: string },
  ): Promise<ImageStatus>;
  list(): Promise<readonly ImageStatus[]>;
  remove(reference: string): Promise<void>;
}

/** `kind` chooses the waiting reason (KUB-5). */
export class ImagePullError extends Error {
  readonly kind: "ErrImagePull" | "InvalidImageName" | "RegistryUnavailable" | "ErrImageNeverPull";
  /** No registry gave any answer: there may be no network here. */
  readonly isUnreachable: boolean;
  constructor(kind: ImagePullError["kind"], message: string, options?: { cause?: unknown; isUnreachable?: boolean }) {
    super(message, options);
    this.name = "ImagePullError";
    this.kind = kind;
    this.isUnreachable = options?.isUnreachable ?? false;
  }
}

/** A container could not be created (`CreateContainerError`) or started (`RunContainerError`). */
export class RuntimeError extends Error {
  readonly kind: "CreateContainerError" | "RunContainerError" | "CreatePodSandboxError";
  constructor(kind: RuntimeError["kind"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "RuntimeError";
    this.kind = kind;
  }
}

export interface RuntimeEvent {
  readonly type: "container-exited" | "container-started" | "sandbox-gone";
  readonly podUid: string;
  readonly containerId?: string;
}

export interface Runtime {
  /** As `kubectl get nodes -o wide` shows it, e.g. `crun://1.8.1`; the part before `://` is the scheme of container ids. */
  readonly name: string;
  readonly version: string;
  readonly images: ImageService;

  /** Creates and starts a sandbox: it has its address when this resolves. */
  runSandbox(spec: SandboxSpec): Promise<SandboxStatus>;
  /** Stops what still runs in it and takes its network away. Idempotent. */
  stopSandbox(id: string): Promise<void>;
  /** Removes every trace of it: containers, mounts, files. Idempotent. */
  removeSandbox(id: string): Promise<void>;
  listSandboxes(): Promise<readonly SandboxStatus[]>;

  /** Makes a container ready to start. Returns its id. Throws `RuntimeError`. */
  createContainer(sandboxId: string, spec: ContainerSpec): Promise<string>;
  /** Throws `RuntimeError`; the container is then `exited` with reason `StartError` or `ContainerCannotRun` (exit code 127 or 128). A start that takes its time may heed `signal`. */
  startContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** Sends the stop signal, KILL after `graceMs`. Resolves when it has ended. Idempotent. */
  stopContainer(id: string, graceMs: number): Promise<void>;
  /** Gives a running container other weights and limits, without disturbing it; what is left out is without limit. Absent: they mean nothing here. Throws an Error. */
  updateContainer?(id: string, resources: ContainerSpec["resources"]): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(): Promise<readonly ContainerStatus[]>;
  /** Undefined: unknown id. */
  containerStatus(id: string): Promise<ContainerStatus | undefined>;

  /** Runs a command in a running container. `timeoutMs` ends it by force (exit code as a Go deadline error). */
  exec(id: string, options: Omit<ExecOptions, "container">, streams: ExecStreams, signal: AbortSignal): Promise<ExecResult>;
  /** Runs a command, with a time limit, and collects its output (at most 16 KiB): for probes and hooks. Throws `ExecTimeoutError`. */
  execSync(id: string, command: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }>;
  attach(id: string, options: Omit<ExecOptions, "container" | "command">, streams: ExecStreams, signal: AbortSignal): Promise<void>;
  portForward(sandboxId: string, port: number): Promise<ByteStream>;
  /** Log of one attempt of a container. Ends when the container has ended and all is written, or without follow at the present end. */
  logs(
    id: string,
    options: Omit<LogOptions, "container" | "previous">,
    sink: (bytes: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;

  /**
   * For runtimes without a memory of their own: told, before anything is listed, what the API says ran on this node. They
   * take it for running still. Real runtimes find out for themselves.
   */
  recall?(pods: readonly Pod[]): void;

  /** Calls back on every change the agent did not itself ask for. Returns the function that ends it. */
  onEvent(listener: (event: RuntimeEvent) => void): () => void;
  /** Lets go of everything without stopping containers: a later process adopts them. */
  close(): Promise<void>;
}

/** A command did not end in time and was killed. */
export class ExecTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`command timed out after ${timeoutMs / 1000}s`);
    this.name = "ExecTimeoutError";
  }
}

/** Whom a probe or hook is for. */
export interface ProbeSubject {
  readonly podUid: string;
  readonly containerName: string;
  /** Absent: a hook. */
  readonly probe?: "startup" | "liveness" | "readiness";
}

/** How probes and hooks reach into a Pod; simulated nodes answer by annotation. Each throws with the text that a failing probe shows. */
export interface Prober {
  /** `headers` as the probe has them. Resolves with status and the start of the body. Redirects to the same host are followed. */
  http(
    request: ProbeSubject & {
      readonly scheme: "HTTP" | "HTTPS";
      readonly host: string;
      readonly port: number;
      readonly path: string;
      readonly headers: readonly { readonly name: string; readonly value: string }[];
      readonly timeoutMs: number;
    },
  ): Promise<{ status: number; body: string }>;
  tcp(request: ProbeSubject & { readonly host: string; readonly port: number; readonly timeoutMs: number }): Promise<void>;
  /** Resolves with the health status, e.g. `SERVING`. */
  grpc(
    request: ProbeSubject & { readonly host: string; readonly port: number; readonly service: string; readonly timeoutMs: number },
  ): Promise<string>;
  /** Answers exec probes in the runtime's stead; absent: the command is run in the container. */
  exec?(request: ProbeSubject): { readonly exitCode: number; readonly output: string };
  /**
   * For how many milliseconds from now no probe of this container can change its outcome (Infinity: until the container
   * ends). Absent or 0: unknown. Spares a node of a thousand simulated Pods their periodic timers.
   */
  steadyForMs?(podUid: string, containerName: string): number;
}

/**
 * The agent's hands on the file system: a real directory tree, or nothing for simulated nodes. Paths are relative to
 * the agent's Pods directory unless said otherwise.
 */
export interface PodFiles {
  /** Nothing that is written will ever be read: the agent spares the making of tokens and the refreshing of volumes. */
  readonly discards?: boolean;
  /**
   * Writes the payload of a volume atomically (KUB-72) and answers with its absolute host path. Files that are no longer in the payload go.
   * Keys are relative paths; `mode` is the file's permission bits; `group` the fsGroup; `inMemory` keeps them off every disk.
   */
  writeVolume(
    podUid: string,
    plugin: string,
    volume: string,
    payload: ReadonlyMap<string, { readonly data: Uint8Array; readonly mode: number }>,
    options?: { readonly group?: number | undefined; readonly inMemory?: boolean },
  ): Promise<string>;
  /** An empty directory that lives as long as the Pod; `medium` "Memory" is a tmpfs of at most `sizeLimitBytes`. Answers with its host path. */
  emptyDir(
    podUid: string,
    volume: string,
    options: { readonly medium: string; readonly sizeLimitBytes?: number; readonly group?: number },
  ): Promise<string>;
  /** Checks (and makes, for the *OrCreate types) a path of the host (hostPath volumes). */
  hostPath(path: string, type: string): Promise<string>;
  /** A directory or file within a volume, for subPath: refuses to leave the volume. */
  subPath(volumePath: string, subPath: string): Promise<string>;
  /** A single file of the Pod: hosts, resolv.conf, termination message. Answers with its host path. */
  writeFile(podUid: string, name: string, content: string, mode: number): Promise<string>;
  readFile(podUid: string, name: string, maxBytes: number): Promise<string | undefined>;
  /** Removes and unmounts everything of the Pod. Idempotent. */
  removePod(podUid: string): Promise<void>;
  /** Pods that have files here. */
  listPods(): Promise<readonly string[]>;
}
