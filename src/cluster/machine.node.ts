/** What this machine is and has, as its Node tells it. */
import { readFileSync, statfsSync } from "node:fs";
import { arch, availableParallelism, release, totalmem } from "node:os";
import type { NodeAgentConfig } from "../node/agent/config.ts";

/** Kept for the machine itself and for the engine. */
const reservedMilliCpu = 100;
const reservedBytes = 256 * 1024 * 1024;
const podsMax = 250;

/** Capacity and identity of this machine; `path` is on the file system that containers write to. */
export function machineFacts(path: string): Pick<NodeAgentConfig, "capacity" | "allocatable" | "system" | "hostDns"> {
  const disk = statfsSync(path);
  const cpus = availableParallelism();
  const memory = Math.floor(totalmem() / 1024);
  const shared = { "ephemeral-storage": `${Math.floor((disk.blocks * disk.bsize) / 1024)}Ki`, "hugepages-2Mi": "0", pods: String(podsMax) };
  return {
    capacity: { cpu: String(cpus), memory: `${memory}Ki`, ...shared },
    allocatable: { cpu: `${cpus * 1000 - reservedMilliCpu}m`, memory: `${memory - reservedBytes / 1024}Ki`, ...shared },
    system: {
      architecture: arch() === "x64" ? "amd64" : arch(),
      operatingSystem: "linux",
      osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(read("/etc/os-release"))?.[1] ?? "Linux",
      kernelVersion: release(),
      machineId: read("/etc/machine-id").trim(),
      bootId: read("/proc/sys/kernel/random/boot_id").trim(),
      systemUuid: read("/sys/class/dmi/id/product_uuid").trim(),
    },
    hostDns: resolverOf(read("/etc/resolv.conf")),
  };
}

/** Servers, search list and options of a resolv.conf(5). */
function resolverOf(text: string): NodeAgentConfig["hostDns"] {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...values] = line.trim().split(/\s+/);
    if (word === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    else if (word === "search" || word === "domain") searches = values;
    else if (word === "options") options = values;
  }
  return { servers, searches, options };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
