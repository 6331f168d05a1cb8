/** What the tests of this runtime stand on: a runtime in a directory of its own with a busybox image, and Pods in a few words. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { silentLog } from "../../base/log.ts";
import { systemClock, systemRandom } from "../../base/system-world.node.ts";
import { loadArchive } from "../images/archive.node.ts";
import { busyboxFiles, dockerArchive } from "../images/busybox-archive.suite.ts";
import { type ImageStore, imageStore } from "../images/image-store.node.ts";
import type { ContainerSpec, ContainerStatus, Runtime, SandboxSpec } from "../runtime.ts";
import { bareNetwork } from "./bare-network.node.ts";
import { detectOciRuntime } from "./detect.node.ts";
import { ociRuntime } from "./oci-runtime.node.ts";
import type { OciRuntimeOptions } from "./oci-state.node.ts";

export interface Fixture {
  readonly directory: string;
  readonly store: ImageStore;
  readonly runtime: Runtime;
  readonly imageId: string;
  sandbox(change?: Partial<SandboxSpec>): Promise<string>;
  /** Creates and starts `sh -c script`. */
  run(sandboxId: string, script: string, change?: Partial<ContainerSpec>): Promise<string>;
  spec(change?: Partial<ContainerSpec>): ContainerSpec;
  /** Waits for its end. */
  ended(id: string): Promise<ContainerStatus>;
  logs(id: string): Promise<string>;
  /** Another runtime over the same directory, as a later process would open it. */
  reopen(): Promise<Runtime>;
  /** Removes everything. */
  end(): Promise<void>;
}

const waitMaxMs = 10_000;

/** Opens a runtime in `directory`, or in a new temporary one. Throws when this machine cannot run containers. */
export async function ociFixture(change: Partial<OciRuntimeOptions> = {}, directory?: string): Promise<Fixture> {
  const home = directory ?? (await mkdtemp(join(tmpdir(), "windlass-oci-")));
  const tools = await detectOciRuntime();
  if ("unavailable" in tools) throw new Error(tools.unavailable);
  await mkdir(home, { recursive: true });
  const store = await imageStore(join(home, "images"));
  const image =
    (await store.status("busybox")) ??
    (await loadArchive(store, Readable.from([await dockerArchive([{ tags: ["busybox"], layers: [busyboxFiles()] }])])))[0];
  const open = (): Promise<Runtime> =>
    ociRuntime({
      world: { clock: systemClock, random: systemRandom, log: silentLog },
      tools,
      directory: join(home, "runtime"),
      store,
      images: { status: store.status, list: store.list, remove: store.remove, pull: () => Promise.reject(new Error("no registry here")) },
      network: bareNetwork(join(home, "netns")),
      hostIp: "192.0.2.1",
      ...change,
    });
  const runtime = await open();
  let pods = 0;
  const imageId = image?.id as string;
  const uid = `uid-${process.pid}`;
  const spec = (change: Partial<ContainerSpec> = {}): ContainerSpec => ({
    name: "main",
    podUid: `${uid}-${pods}`,
    podName: "pod",
    podNamespace: "default",
    attempt: 0,
    image: "busybox",
    imageId,
    command: undefined,
    args: undefined,
    workingDir: undefined,
    env: [],
    mounts: [],
    devices: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      privileged: false,
      runAsUser: undefined,
      runAsGroup: undefined,
      supplementalGroups: [],
      addCapabilities: [],
      dropCapabilities: [],
      readOnlyRoot: false,
      noNewPrivileges: false,
      seccomp: "runtime/default",
      maskProc: true,
    },
    stopSignal: undefined,
    terminationMessagePath: "/dev/termination-log",
    role: "app",
    annotations: {},
    ...change,
  });
  const ended = async (id: string): Promise<ContainerStatus> => {
    const deadline = systemClock.monotonic() + waitMaxMs;
    for (;;) {
      const status = await runtime.containerStatus(id);
      if (!status || status.state === "exited") return status as ContainerStatus;
      if (systemClock.monotonic() > deadline) throw new Error(`container ${id} has not ended`);
      await new Promise<void>((resolve) => {
        const stop = runtime.onEvent(done);
        const timer = systemClock.setTimer(100, done);
        function done(): void {
          stop();
          timer.cancel();
          resolve();
        }
      });
    }
  };
  return {
    directory: home,
    store,
    runtime,
    imageId,
    spec,
    ended,
    async sandbox(change = {}) {
      pods++;
      const made = await runtime.runSandbox({
        podUid: `${uid}-${pods}`,
        podName: "pod",
        podNamespace: "default",
        attempt: 0,
        hostname: "pod",
        hostNetwork: false,
        hostPid: false,
        hostIpc: false,
        shareProcessNamespace: false,
        dns: { servers: [], searches: [], options: [] },
        ports: [],
        sysctls: {},
        annotations: {},
        ...change,
      });
      return made.id;
    },
    async run(sandboxId, script, change = {}) {
      const id = await runtime.createContainer(sandboxId, spec({ command: ["sh", "-c", script], ...change }));
      await runtime.startContainer(id);
      return id;
    },
    async logs(id) {
      let text = "";
      const decoder = new TextDecoder();
      await runtime.logs(id, {}, async (bytes) => void (text += decoder.decode(bytes)), new AbortController().signal);
      return text;
    },
    reopen: open,
    async end() {
      for (const { id } of await runtime.listSandboxes()) await runtime.removeSandbox(id);
      await runtime.close();
      if (directory === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}
