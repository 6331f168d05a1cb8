/** What the runtime reads and cleans in the control groups; making them is crun's work. */
import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../base/system-world.node.ts";

export interface Cgroups {
  /** Whether the kernel killed something in the group for want of memory. */
  sawOom(path: string): boolean;
  /** Processes in the group and below. */
  processes(path: string): readonly number[];
  /** Kills every process in the group and below. */
  kill(path: string): void;
  /**
   * Removes the group and all below it, once nothing is in them. What will not die within a second stays, for the next
   * start to look at; so does what is wanted again meanwhile.
   */
  remove(path: string, wantedAgain: () => boolean): Promise<void>;
  /** Names of the groups right below. */
  children(path: string): readonly string[];
}

const removeTries = 50;
const removeAgainMs = 20;
const mountPoint = "/sys/fs/cgroup";

/** The machine's control groups, of version 1 (a tree per controller) or 2 (one tree). */
export function cgroups(version: 1 | 2): Cgroups {
  const trees = (): string[] =>
    version === 2
      ? [mountPoint]
      : readdirSync(mountPoint, { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => join(mountPoint, name));

  function below(directory: string): string[] {
    return entries(directory).flatMap((name) => [...below(join(directory, name)), join(directory, name)]);
  }

  function processes(path: string): readonly number[] {
    const found = new Set<number>();
    for (const tree of trees()) {
      for (const directory of [...below(join(tree, path)), join(tree, path)]) {
        for (const line of read(join(directory, "cgroup.procs")).split("\n")) if (Number(line) > 0) found.add(Number(line));
      }
    }
    return [...found];
  }

  return {
    sawOom(path) {
      const text =
        version === 2 ? read(join(mountPoint, path, "memory.events")) : read(join(mountPoint, "memory", path, "memory.oom_control"));
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
    },
    processes,
    kill(path) {
      for (const pid of processes(path)) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It ended by itself.
        }
      }
    },
    async remove(path, wantedAgain) {
      for (let tries = 0; tries < removeTries && !wantedAgain(); tries++) {
        let left = false;
        for (const directory of trees().flatMap((tree) => [...below(join(tree, path)), join(tree, path)])) {
          try {
            rmdirSync(directory);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") left = true;
          }
        }
        if (!left) return;
        // A process that is dying keeps its group a little longer.
        await sleep(systemClock, removeAgainMs);
      }
    },
    children: (path) => [...new Set(trees().flatMap((tree) => entries(join(tree, path))))],
  };
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
