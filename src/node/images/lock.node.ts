/** A lock between processes, held by a file that names its holder. A holder that died has let go. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../base/system-world.node.ts";

const retryMs = 20;
const waitMaxMs = 120_000;
let serial = 0;

/** Runs `work` while no other process runs under the same lock. Throws when the lock is not had within two minutes. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const own = `${path}.${process.pid}.${serial++}`;
  // Linking a complete file under the lock's name is atomic, so nobody ever reads a half-written holder.
  writeFileSync(own, `${process.pid} ${startTime(process.pid)}`);
  try {
    const deadline = systemClock.monotonic() + waitMaxMs;
    while (!take(own, path)) {
      if (systemClock.monotonic() > deadline) throw new Error(`another process has held ${path} for too long`);
      await sleep(systemClock, retryMs);
    }
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function take(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (isHeld(path)) return false;
  // Taken aside before it goes: if somebody took the lock between the two looks, his file is put back.
  const aside = `${own}.aside`;
  try {
    renameSync(path, aside);
    if (isHeld(aside)) linkSync(aside, path);
    rmSync(aside, { force: true });
  } catch {
    // It was let go or put back by another; the next try will tell.
  }
  return false;
}

function isHeld(path: string): boolean {
  try {
    const [pid = "", started = ""] = readFileSync(path, "utf8").split(" ");
    return startTime(Number(pid)) === started;
  } catch {
    return true;
  }
}

/** The kernel's start time of a process, which tells it from a later one with the same number; "" when there is none. */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
  } catch {
    return "";
  }
}
