/** Finds out whether this machine can run containers, and by which programs. */
import { accessSync, constants, readFileSync, statfsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runCommand } from "./command.node.ts";

export interface OciTools {
  readonly engine: "crun" | "runc";
  readonly enginePath: string;
  readonly engineVersion: string;
  readonly conmonPath: string;
  readonly cgroupVersion: 1 | 2;
  /**
   * crun refuses machines with version 1 controllers and a version 2 tree side by side. It works where that tree, which
   * this then names, is out of sight.
   */
  readonly hiddenTree: string | undefined;
}

const cgroup2Magic = 0x63677270;
const unifiedTree = "/sys/fs/cgroup/unified";

/** The programs to use, or one line saying what is missing. crun is preferred, being the faster one, unless `engine` says otherwise. */
export async function detectOciRuntime(engine?: OciTools["engine"]): Promise<OciTools | { readonly unavailable: string }> {
  const no = (unavailable: string): { unavailable: string } => ({ unavailable });
  if (process.platform !== "linux") return no("containers need Linux");
  if (process.getuid?.() !== 0) return no("containers need root");
  if (!/\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8"))) return no("the kernel has no overlay file system");
  const cgroupVersion = cgroupVersionOf();
  if (!cgroupVersion) return no("no cgroups are mounted on /sys/fs/cgroup");
  const conmonPath = which("conmon");
  if (!conmonPath) return no("conmon is not installed (Debian: apt-get install conmon)");
  for (const tool of ["unshare", "nsenter", "mount", "umount", "mkfifo", "tar", "sh"]) {
    if (!which(tool)) return no(`${tool} is not installed`);
  }
  for (const candidate of engine ? [engine] : (["crun", "runc"] as const)) {
    const enginePath = which(candidate);
    if (!enginePath) continue;
    const { code, stdout } = await runCommand([enginePath, "--version"]);
    const engineVersion = /version (\S+)/.exec(stdout)?.[1];
    if (code !== 0 || !engineVersion) continue;
    const hiddenTree = candidate === "crun" && cgroupVersion === 1 && isCgroup2(unifiedTree) ? unifiedTree : undefined;
    return { engine: candidate, enginePath, engineVersion, conmonPath, cgroupVersion, hiddenTree };
  }
  return no("neither crun nor runc is installed (Debian: apt-get install crun)");
}

/** Where a program is, looking where root's programs are even if PATH does not. */
export function which(name: string): string | undefined {
  for (const directory of [
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/libexec/podman",
  ]) {
    if (directory === "") continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next directory may have it.
    }
  }
  return undefined;
}

function cgroupVersionOf(): 1 | 2 | undefined {
  if (isCgroup2("/sys/fs/cgroup")) return 2;
  try {
    accessSync("/sys/fs/cgroup/memory/tasks");
    return 1;
  } catch {
    return undefined;
  }
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === cgroup2Magic;
  } catch {
    return false;
  }
}
