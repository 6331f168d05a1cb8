/** What an engine may leave on a machine: processes, mounts, network namespaces, links, firewall tables, control groups. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Everything on the machine that any engine has made, one line each, as the kernel names it. */
export interface Machine {
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly string[];
  readonly groups: readonly string[];
  readonly claims: readonly string[];
}

/** Looks at the machine, before an engine starts or after it has gone. */
export function lookAtMachine(): Machine {
  return {
    namespaces: names("/run/netns"),
    links: execFileSync("ip", ["-o", "link"], { encoding: "utf8" })
      .split("\n")
      .map((line) => line.split(": ")[1]?.split("@")[0] ?? "")
      .filter((name) => name !== ""),
    tables: execFileSync("nft", ["list", "tables"], { encoding: "utf8" }).split("\n").filter(Boolean),
    groups: [
      ...new Set(
        ["/sys/fs/cgroup", ...names("/sys/fs/cgroup").map((name) => join("/sys/fs/cgroup", name))].flatMap((tree) =>
          names(tree).filter((name) => name.startsWith("windlass-")),
        ),
      ),
    ],
    claims: names("/run/windlass"),
  };
}

/** What is there now and was not there before, and what still belongs to `home`. Empty when an engine has left nothing. */
export function leftovers(home: string, before: Machine): string[] {
  const now = lookAtMachine();
  const found: string[] = [];
  for (const key of Object.keys(now) as (keyof Machine)[]) {
    for (const name of now[key]) if (!before[key].includes(name)) found.push(`${key}: ${name}`);
  }
  return [...found, ...processesOf(home), ...mountsOf(home), ...podFilesOf(home)];
}

/** Processes that name the home in their command line or see a mount of it in a mount namespace of their own. */
export function processesOf(home: string): string[] {
  const ours = read("/proc/self/mountinfo");
  const found: string[] = [];
  for (const pid of names("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const command = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    const mounts = read(`/proc/${pid}/mountinfo`);
    if (command.includes(home) || (mounts !== ours && mounts.includes(home))) found.push(`process ${pid}: ${command}`);
  }
  return found;
}

/** Mounts under the home that this machine sees. */
export function mountsOf(home: string): string[] {
  return read("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line.includes(home))
    .map((line) => `mount: ${line.split(" ")[4]}`);
}

/** Files that the home keeps for Pods. */
export function podFilesOf(home: string): string[] {
  const runtime = join(home, "runtime");
  const directories = [
    join(home, "pods"),
    ...names(runtime).flatMap((node) => names(join(runtime, node)).map((kind) => join(runtime, node, kind))),
  ];
  return directories.flatMap((directory) => names(directory).map((name) => `file: ${join(directory, name)}`));
}

function names(directory: string): string[] {
  if (!existsSync(directory)) return [];
  try {
    return readdirSync(directory);
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
