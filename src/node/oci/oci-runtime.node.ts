/**
 * Real Linux containers: sandboxes and containers in a directory, made by crun or runc, watched over by conmon. All
 * that is known is on disk or in the kernel, so that a later process carries on where a killed one stopped.
 *
 *     sandboxes/<id>/     see sandbox-namespaces.node.ts
 *     containers/<id>/    record, configuration, writable layer, log
 *     exits/<id>          the exit code, written by conmon
 *     engine/             crun's or runc's own state
 */
import { watch } from "node:fs";
import { every } from "../../base/clock.ts";
import { type Runtime, RuntimeError } from "../runtime.ts";
import { adopt } from "./adopt.node.ts";
import { attachTo } from "./attach.node.ts";
import { type ContainerExits, containerExits } from "./container-exits.node.ts";
import { containersOf } from "./containers.node.ts";
import { containerFiles } from "./engine.node.ts";
import { execIn, execToEnd } from "./exec.node.ts";
import { readLog, rotateLog } from "./log-files.node.ts";
import { type OciRuntimeOptions, type OciState, openState } from "./oci-state.node.ts";
import { forwardPort } from "./port-forward.node.ts";
import { sandboxesOf } from "./sandboxes.node.ts";

const rotationLookMs = 10_000;
const defaultRotation = { maxBytes: 10 * 1024 * 1024, maxFiles: 5 };

/** Opens the runtime in its directory and adopts what runs there. */
export async function ociRuntime(options: OciRuntimeOptions): Promise<Runtime> {
  const { tools } = options;
  const state = await openState(options);
  const exits = containerExits(state);
  const containers = containersOf(state, exits);
  const sandboxes = sandboxesOf(state, containers);
  // Watching begins before adoption looks, so that no end falls between the two.
  const stopWatching = watchExits(state, exits);
  await adopt(state, exits);
  const rounds = every(options.world.clock, rotationLookMs, () => lookRound(state, exits));
  return {
    name: tools.engine,
    version: tools.engineVersion,
    images: options.images,
    ...sandboxes,
    ...containers,
    ...streams(state),
    onEvent: state.onEvent,
    async close() {
      state.ports.closeAll();
      rounds.cancel();
      stopWatching();
      await Promise.all([...state.containers.values()].map(({ turn }) => turn));
    },
  };
}

/** conmon's exit codes are read as they come. Returns the function that ends it. */
function watchExits({ containers, options, paths }: OciState, exits: ContainerExits): () => void {
  const { log } = options.world;
  let closed = false;
  const watcher = watch(paths.exits, (_event, name) => {
    const container = name === null || closed ? undefined : containers.get(name);
    if (!container) return;
    exits.notice(container).catch((error) => log.error("an exit could not be noted", { container: name, error: String(error) }));
  });
  watcher.on("error", (error) => log.error("exits are no longer watched", { error: String(error) }));
  return () => {
    closed = true;
    watcher.close();
  };
}

/** Logs are kept within their bounds, and containers whose keeper has died are found. */
function lookRound({ containers, options }: OciState, exits: ContainerExits): void {
  const { log } = options.world;
  for (const container of containers.values()) {
    if (container.record.state !== "running") continue;
    void rotateLog(container.directory, options.logRotation ?? defaultRotation).catch((error) =>
      log.warn("a log could not be rotated", { container: container.record.id, error: String(error) }),
    );
    void exits.lookAfter(container).catch((error) => log.warn("a container could not be looked after", { error: String(error) }));
  }
}

/** Everything that streams from and to what runs. */
function streams(state: OciState): Pick<Runtime, "exec" | "execSync" | "attach" | "portForward" | "logs"> {
  const { engine, options } = state;
  const { tools, world } = options;
  return {
    async exec(id, execOptions, pipes, signal) {
      const { record, directory } = state.running(id);
      return execIn({ engine, tools, id, directory, main: record.process, options: execOptions, streams: pipes, signal });
    },
    async execSync(id, command, timeoutMs) {
      const { record, directory } = state.running(id);
      return execToEnd({ engine, id, directory, main: record.process, command, timeoutMs, clock: world.clock });
    },
    async attach(id, attachOptions, pipes, signal) {
      const { record, directory } = state.running(id);
      await attachTo({ directory, options: attachOptions, streams: pipes, signal, takesInput: record.spec.stdin });
    },
    async portForward(sandboxId, port) {
      const sandbox = state.sandboxes.get(sandboxId);
      if (sandbox?.state !== "ready") throw new RuntimeError("RunContainerError", `sandbox ${sandboxId} is not ready`);
      return forwardPort(sandbox.ip, sandbox.networkNamespace, port);
    },
    async logs(id, logOptions, sink, signal) {
      const container = state.known(id);
      await readLog({
        path: containerFiles(container.directory).log,
        options: logOptions,
        now: world.clock.now(),
        ended: () => container.record.state === "exited" || !state.containers.has(id),
        sink,
        signal,
      });
    },
  };
}
