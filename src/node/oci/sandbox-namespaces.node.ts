/** The namespaces and files that the containers of a sandbox share, pinned by bind mounts so that no process has to hold them. */
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sleep } from "../../base/clock.ts";
import { systemClock } from "../../base/system-world.node.ts";
import { startTime } from "../images/lock.node.ts";
import type { SandboxSpec } from "../runtime.ts";
import { mustRun, runCommand } from "./command.node.ts";
import type { ProcessMark } from "./records.node.ts";

const namespaceMagic = 0x6e736673;

/** The files of a sandbox, all in its directory. */
export const sandboxFiles = (directory: string) =>
  ({
    record: join(directory, "sandbox.json"),
    uts: join(directory, "uts"),
    ipc: join(directory, "ipc"),
    pid: join(directory, "pidns"),
    shm: join(directory, "shm"),
    hostname: join(directory, "hostname"),
    resolv: join(directory, "resolv.conf"),
  }) as const;

// $1: file for uts or "", $2: file for ipc or "", $3: directory for shm or "", $4: hostname, $5: network or "", the rest: sysctl paths and values.
const makeScript = `set -e
uts=$1; ipc=$2; shm=$3; name=$4; net=$5; shift 5
[ -z "$shm" ] || mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev,noexec shm "$shm"
inside='[ -z "$1" ] || printf %s "$1" > /proc/sys/kernel/hostname; shift; while [ $# -gt 1 ]; do printf %s "$2" > "$1"; shift 2; done'
if [ -n "$net" ] && [ $# -gt 0 ]; then set -- nsenter --net="$net" sh -ec "$inside" sh "\${uts:+$name}" "$@"; else set -- sh -ec "$inside" sh "\${uts:+$name}" "$@"; fi
exec unshare \${uts:+"--uts=$uts"} \${ipc:+"--ipc=$ipc"} "$@"`;

/** Makes what the specification wants in the empty directory. Throws an Error. */
export async function makeNamespaces(
  directory: string,
  spec: SandboxSpec,
  networkNamespace: string | undefined,
): Promise<{ readonly holder?: ProcessMark }> {
  const files = sandboxFiles(directory);
  await writeFile(files.hostname, `${spec.hostname}\n`, { mode: 0o644 });
  await writeFile(files.resolv, await resolvConf(spec), { mode: 0o644 });
  const ownNames = !spec.hostNetwork;
  if (ownNames) await writeFile(files.uts, "");
  if (!spec.hostIpc) {
    await writeFile(files.ipc, "");
    await mkdir(files.shm);
  }
  const sysctls = Object.entries(spec.sysctls).flatMap(([name, value]) => [`/proc/sys/${sysctlPath(name)}`, value]);
  if (ownNames || !spec.hostIpc || sysctls.length > 0) {
    const ipc = spec.hostIpc ? "" : files.ipc;
    await mustRun([
      "sh",
      "-c",
      makeScript,
      "sh",
      ownNames ? files.uts : "",
      ipc,
      spec.hostIpc ? "" : files.shm,
      spec.hostname,
      networkNamespace ?? "",
      ...sysctls,
    ]);
  }
  if (!spec.shareProcessNamespace || spec.hostPid) return {};
  return { holder: await holdProcessNamespace(files.pid) };
}

/** Takes it all away again. Idempotent. */
export async function removeNamespaces(directory: string, holder: ProcessMark | undefined): Promise<void> {
  if (holder && startTime(holder.pid) === holder.startTime) {
    try {
      process.kill(holder.pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  const files = sandboxFiles(directory);
  // One umount for all; what is not mounted it complains about and goes on.
  await runCommand(["umount", "-l", files.uts, files.ipc, files.pid, files.shm]);
  await rm(directory, { recursive: true, force: true });
}

/** Whether the namespaces are still there; a restart of the machine takes them away. */
export async function namespacesExist(directory: string, spec: SandboxSpec, networkNamespace: string | undefined): Promise<boolean> {
  const files = sandboxFiles(directory);
  const wanted = [
    ...(networkNamespace === undefined ? [] : [networkNamespace]),
    ...(spec.hostNetwork ? [] : [files.uts]),
    ...(spec.hostIpc ? [] : [files.ipc]),
    ...(spec.shareProcessNamespace && !spec.hostPid ? [files.pid] : []),
  ];
  for (const path of wanted) {
    const { type } = await statfs(path).catch(() => ({ type: 0 }));
    if (type !== namespaceMagic) return false;
  }
  return true;
}

// The shell takes in orphans, and waiting for its own child it buries them too.
const holdScript = 'trap "exit 0" TERM; while :; do sleep 86400 & wait; done';

async function holdProcessNamespace(path: string): Promise<ProcessMark> {
  await writeFile(path, "");
  const child = spawn("unshare", ["--pid", "--fork", "--kill-child", "sh", "-c", holdScript], {
    detached: true,
    stdio: "ignore",
    cwd: "/",
    env: { PATH: process.env["PATH"] },
  });
  child.on("error", () => {});
  child.unref();
  if (child.pid === undefined) throw new Error("cannot run unshare");
  // unshare's child is the namespace's first process. It appears within a millisecond or two.
  for (let tries = 0; tries < 200; tries++) {
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => "");
    const first = Number(children.trim().split(" ")[0]);
    if (first > 0) {
      await mustRun(["mount", "--bind", `/proc/${first}/ns/pid`, path]);
      return { pid: child.pid, startTime: startTime(child.pid) };
    }
    await sleep(systemClock, 5);
  }
  throw new Error("the process namespace did not come up");
}

async function resolvConf({ dns }: SandboxSpec): Promise<string> {
  if (dns.servers.length === 0 && dns.searches.length === 0 && dns.options.length === 0) {
    return readFile("/etc/resolv.conf", "utf8").catch(() => "");
  }
  return [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(" ")}`] : []),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(" ")}`] : []),
    "",
  ].join("\n");
}

/** `net.ipv4.ip_forward` and `net/ipv4/ip_forward` are the same setting; an interface's name may hold dots only in the second form. */
function sysctlPath(name: string): string {
  const path = name.includes("/") ? name : name.replaceAll(".", "/");
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) throw new Error(`${JSON.stringify(name)} is no sysctl`);
  return path;
}
