/**
 * What an engine may leave on a machine: processes, mounts, network namespaces, links, firewall tables, control groups.
 * Other engines may run on the machine at the same time; what is theirs is not counted.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Things that engines make in the kernel, by their names there. */
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
    tables: execFileSync("nft", ["list", "tables"], { encoding: "utf8" })
      .split("\n")
      .map((line) => line.split(" ")[2] ?? "")
      .filter((name) => name !== ""),
    groups: [...new Set(groupDirectories().map((directory) => directory.slice(directory.lastIndexOf("/") + 1)))],
    claims: names("/run/windlass"),
  };
}

/** What is there now and was not there before, and what still belongs to `home`. Empty when an engine has left nothing. */
export function leftovers(home: string, before: Machine): string[] {
  return [...madeSince(before, home), ...processesOf(home), ...mountsOf(home), ...podFilesOf(home)];
}

/** What Pods have left while their engine `enginePid` is still up. Empty when the last Pod has gone for good. */
export function tracesOfPods(home: string, before: Machine, enginePid: number): string[] {
  const children = processIds().filter((pid) => read(`/proc/${pid}/stat`).includes(`) S ${enginePid} `));
  const own = [String(enginePid), ...children].map((pid) => `process ${pid}: `);
  return [
    ...madeSince(before, home).filter((line) => /^(namespaces|groups|links): /.test(line) && !/^links: wl\d+b\d+$/.test(line)),
    ...processesOf(home).filter((line) => !own.some((start) => line.startsWith(start))),
    ...mountsOf(home),
    ...podFilesOf(home),
  ];
}

/** Does to what a killed engine left what a power cut does: processes, mounts and everything in the kernel go, files stay. */
export function switchOff(home: string): void {
  const name = `wl${JSON.parse(read(join(home, "engine.json"))).instance}`;
  const quietly = (command: string, ...args: string[]): void => {
    try {
      execFileSync(command, args, { stdio: "ignore" });
    } catch {
      // It went with something else.
    }
  };
  const socket = join("/run/windlass", name, "load-balancer.sock");
  for (const pid of processIds()) if (belongsTo(pid, home) || command(pid).includes(socket)) quietly("kill", "-KILL", pid);
  for (const line of mountsOf(home).reverse()) quietly("umount", "-l", line.slice("mount: ".length));
  const { namespaces, links, tables } = lookAtMachine();
  const own = (names: readonly string[]): string[] => names.filter((each) => each === name || new RegExp(`^${name}(-|b\\d)`).test(each));
  for (const namespace of own(namespaces)) quietly("ip", "netns", "delete", namespace);
  for (const link of own(links)) quietly("ip", "link", "delete", link);
  for (const table of own(tables)) quietly("nft", "delete", "table", "ip", table);
  rmSync(join("/run/windlass", name), { recursive: true, force: true });
  rmSync(join("/run/windlass", name.replace("wl", "instance-")), { force: true });
}

/** Things in the kernel that are new, but for those that carry the name of another engine. */
function madeSince(before: Machine, home: string): string[] {
  const now = lookAtMachine();
  const number = JSON.parse(read(join(home, "engine.json")) || "{}").instance as number | undefined;
  const isOthers = (name: string): boolean => {
    const match = /^(?:wl|instance-)(\d+)/.exec(name);
    return match !== null && Number(match[1]) !== number;
  };
  const found: string[] = [];
  for (const key of Object.keys(now) as (keyof Machine)[]) {
    for (const name of now[key]) {
      if (before[key].includes(name) || isOthers(name) || (key === "groups" && isGroupOfOthers(name, home))) continue;
      found.push(`${key}: ${name}`);
    }
  }
  return found;
}

/** Processes that name the home in their command line or see a mount of it in a mount namespace of their own. */
export function processesOf(home: string): string[] {
  return processIds()
    .filter((pid) => belongsTo(pid, home))
    .map((pid) => `process ${pid}: ${command(pid)}`);
}

/** Mounts under the home that this machine sees. */
export function mountsOf(home: string): string[] {
  return read("/proc/self/mountinfo")
    .split("\n")
    .filter((line) => line.includes(home))
    .map((line) => `mount: ${line.split(" ")[4]}`);
}

/** Files that the home keeps for Pods. */
function podFilesOf(home: string): string[] {
  const runtime = join(home, "runtime");
  const ofNodes = names(runtime).flatMap((node) => names(join(runtime, node)).map((kind) => join(runtime, node, kind)));
  return [join(home, "pods"), ...ofNodes].flatMap((directory) => names(directory).map((name) => `file: ${join(directory, name)}`));
}

const processIds = (): string[] => names("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
const command = (pid: string): string => read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();

function belongsTo(pid: string, home: string): boolean {
  const mounts = read(`/proc/${pid}/mountinfo`);
  return command(pid).includes(home) || (mounts.includes(home) && mounts !== read("/proc/self/mountinfo"));
}

/** Control groups of engines, in every tree that there is. */
const groupDirectories = (): string[] =>
  ["/sys/fs/cgroup", ...names("/sys/fs/cgroup").map((name) => join("/sys/fs/cgroup", name))].flatMap((tree) =>
    names(tree)
      .filter((name) => name.startsWith("windlass-"))
      .map((name) => join(tree, name)),
  );

function isGroupOfOthers(group: string, home: string): boolean {
  const members = (directory: string): string[] => [
    ...read(join(directory, "cgroup.procs")).split("\n").filter(Boolean),
    ...readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? members(join(directory, entry.name)) : [],
    ),
  ];
  try {
    const directories = groupDirectories().filter((directory) => directory.endsWith(`/${group}`));
    return directories.flatMap(members).some((pid) => !belongsTo(pid, home));
  } catch {
    // It went while it was looked at.
    return true;
  }
}

function names(directory: string): string[] {
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
