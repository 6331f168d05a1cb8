/** How containers end: the end is noticed, noted and told, whoever caused it. */
import { readFile, rm, stat } from "node:fs/promises";
import { startTime } from "../images/lock.node.ts";
import type { ContainerSpec } from "../runtime.ts";
import { containerFiles } from "./engine.node.ts";
import { fileExists, type LiveContainer, type OciState } from "./oci-state.node.ts";
import { sigkill } from "./signals.ts";

const killPatienceMs = 10_000;
const messageBytesMax = 4096;
/** The exit code of a container whose end nobody saw. */
const unknownExitCode = 255;

export interface ContainerExits {
  /** Notes that a container has ended, if it has, and clears away what the engine keeps of it. `lost`: nobody will ever say how it ended. */
  notice(container: LiveContainer, lost?: "lost"): Promise<void>;
  /** Finds out what became of a container that is on record as running. */
  lookAfter(container: LiveContainer): Promise<void>;
  /** Stop signal, and KILL when `graceMs` are over. Resolves when it has ended, or will not be seen to end. */
  stop(container: LiveContainer, graceMs: number): Promise<void>;
}

/** Looks after the ends of a runtime's containers. */
export function containerExits(state: OciState): ContainerExits {
  const { engine, groups, options } = state;
  const { clock, log } = options.world;

  function notice(container: LiveContainer, lost?: "lost"): Promise<void> {
    return state.inTurn(container, async () => {
      const { record } = container;
      if (record.state === "exited") return;
      const exitFile = state.exitFile(record.id);
      const [text, stats] = await Promise.all([readFile(exitFile, "utf8"), stat(exitFile)]).catch(() => [undefined, undefined]);
      if (text === undefined && lost === undefined) return;
      const exitCode = text === undefined ? unknownExitCode : Number(text);
      const group = state.containerCgroup(container);
      const oom = exitCode !== 0 && (groups.sawOom(group) || (await fileExists(containerFiles(container.directory).oom)));
      record.state = "exited";
      record.exitCode = exitCode;
      record.finishedAt = Math.max(Math.round(stats?.mtimeMs ?? clock.now()), record.startedAt ?? 0);
      record.startedAt ??= record.finishedAt;
      record.reason = oom ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
      const message = text === undefined ? "the container ended while nobody watched" : await terminationMessage(record.spec);
      if (message) record.message = message;
      await state.save(container);
      container.markEnded();
      state.emit({ type: "container-exited", podUid: record.spec.podUid, containerId: record.id });
      // With a process namespace of its own everything in it is dead by now; in a shared one children may be left.
      await engine.remove(record.id);
      await state.clearGroup(group);
      await rm(exitFile, { force: true });
    });
  }

  async function lookAfter(container: LiveContainer): Promise<void> {
    await notice(container);
    const { main } = container.record;
    if (container.record.state !== "running" || (main && startTime(main.pid) === main.startTime)) return;
    // It has ended. Its keeper, if alive, is about to write how; else nobody ever will.
    const keeper = Number(await readFile(containerFiles(container.directory).conmonPid, "utf8").catch(() => "0"));
    if (keeper > 0 && (await isConmonOf(keeper, container.record.id))) return;
    await notice(container, "lost");
  }

  /** True when the container ended within the time. */
  function endsWithin(container: LiveContainer, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = clock.setTimer(ms, () => resolve(false));
      void container.ended.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  async function stop(container: LiveContainer, graceMs: number): Promise<void> {
    // A start in progress is let through first.
    await container.turn;
    const { record } = container;
    if (record.state !== "running") return;
    if (graceMs > 0) {
      signalMain(container, record.stopSignal);
      if (await endsWithin(container, graceMs)) return;
    }
    signalMain(container, sigkill);
    if (await endsWithin(container, killPatienceMs)) return;
    log.warn("a killed container has not ended", { container: record.id });
    // Either the process cannot die, or its keeper is dead and told nobody.
    await engine.remove(record.id);
    await state.clearGroup(state.containerCgroup(container));
    await notice(container, "lost");
  }

  return { notice, lookAfter, stop };
}

function signalMain({ record }: LiveContainer, signal: number): void {
  const { main } = record;
  if (!main || startTime(main.pid) !== main.startTime) return;
  try {
    process.kill(main.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** What the container left in its termination message file. */
async function terminationMessage(spec: ContainerSpec): Promise<string> {
  const mount = spec.mounts.find(({ containerPath }) => containerPath === spec.terminationMessagePath);
  if (!mount) return "";
  const bytes = await readFile(mount.hostPath).catch(() => new Uint8Array(0));
  return new TextDecoder().decode(bytes.subarray(0, messageBytesMax));
}

async function isConmonOf(pid: number, id: string): Promise<boolean> {
  return startTime(pid) !== "" && (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).includes(id);
}
