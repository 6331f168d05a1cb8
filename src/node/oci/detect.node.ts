/** Finds out whether this machine can run containers, and by which programs. */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, statfsSync } from "node:fs";
import { rm } from "node:fs/promises";
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
  if (!canMakeGroups(cgroupVersion)) return no("control groups cannot be made here (/sys/fs/cgroup is read-only)");
  if ((await runCommand(["unshare", "-m", "true"])).code !== 0)
    return no("mount namespaces cannot be made here (CAP_SYS_ADMIN is missing)");
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

function canMakeGroups(version: 1 | 2): boolean {
  const trial = join(version === 2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory", `windlass-trial-${process.pid}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
    return true;
  } catch {
    return false;
  }
}

/** Whether containers can have their files in `directory`; one line saying why not, or undefined. Home directories on network or overlay file systems are the usual reason. */
export async function overlayProblem(directory: string): Promise<string | undefined> {
  const script =
    'cd "$1" && mkdir -p lower upper work root && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root && : > root/file';
  const trial = join(directory, `overlay-trial-${process.pid}`);
  const { code, stderr } = await runCommand([
    "unshare",
    "-m",
    "--propagation",
    "slave",
    "sh",
    "-c",
    `mkdir -p "$1" && ${script}`,
    "sh",
    trial,
  ]);
  await rm(trial, { recursive: true, force: true });
  return code === 0 ? undefined : `overlay file systems do not work in ${directory}: ${stderr.trim()}`;
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === cgroup2Magic;
  } catch {
    return false;
  }
}
