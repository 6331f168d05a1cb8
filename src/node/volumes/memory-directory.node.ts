/**
 * A directory in memory for what must not lie on a disk: Secrets, and tokens among other files. One file system for all Pods,
 * mounted when the first one needs it and unmounted when the last one has gone: a mount for each volume would cost each Pod
 * two processes. A killed engine leaves it mounted, so its containers keep their files, and the next one goes on with it.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, realpath, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface MemoryDirectory {
  readonly path: string;
  /** Makes a directory within, with all that lead to it. */
  make(directory: string): Promise<void>;
  /** Removes what is within under a name, and the whole file system with the last one. Idempotent. */
  remove(name: string): Promise<void>;
  /** The names within. */
  list(): Promise<readonly string[]>;
}

/** Takes over what there is at `path`. The directory is there only as long as something is in it. */
export async function memoryDirectory(path: string): Promise<MemoryDirectory> {
  // One at a time: the last one going must not take away what the next one has just mounted.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work, work);
    turn = done.catch(() => {});
    return done;
  };
  const list = (): Promise<string[]> => readdir(path).catch(() => []);
  async function endWhenEmpty(): Promise<void> {
    if ((await list()).length > 0) return;
    if (await isMountPoint(path)) await unmount(path);
    await rmdir(path).catch(() => {});
  }

  await endWhenEmpty();
  return {
    path,
    list,
    make: (directory) =>
      inTurn(async () => {
        await mkdir(path, { recursive: true, mode: 0o700 });
        if (!(await isMountPoint(path))) await mountPrivately(path);
        await mkdir(directory, { recursive: true, mode: 0o755 });
      }),
    remove: (name) =>
      inTurn(async () => {
        await rm(join(path, name), { recursive: true, force: true });
        await endWhenEmpty();
      }),
  };
}

/** Out of reach of the swap space, too, where the kernel can do that (Linux 6.4). */
const mountPrivately = (path: string): Promise<void> =>
  mountMemory(path, ["mode=0700", "noswap"]).catch(() => mountMemory(path, ["mode=0700"]));

/** Mounts a file system in memory. Throws an Error with the words of `mount`. */
export async function mountMemory(directory: string, options: readonly string[]): Promise<void> {
  await run("mount", ["-t", "tmpfs", ...(options.length > 0 ? ["-o", options.join(",")] : []), "tmpfs", directory]);
}

/** Takes a mount out of sight at once; it ends when the last process lets go of it. */
export async function unmount(directory: string): Promise<void> {
  await run("umount", ["-l", directory]);
}

/** Whether a file system begins here. False where there is nothing. */
export async function isMountPoint(directory: string): Promise<boolean> {
  try {
    const [own, above] = await Promise.all([stat(directory), stat(dirname(directory))]);
    return own.dev !== above.dev;
  } catch {
    return false;
  }
}

/** Mount points at or under a directory, outer ones first. */
export async function mountsUnder(directory: string): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  const base = await realpath(directory).catch(() => directory);
  const points = table
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point): point is string => point !== undefined)
    // The kernel writes space, tab, newline and backslash in octal.
    .map((point) => point.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  return points.filter((point) => point === base || point.startsWith(base + sep));
}
