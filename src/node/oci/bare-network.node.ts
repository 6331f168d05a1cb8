/** A Pod network without links: each sandbox gets a namespace with loopback alone. For tests, and for machines where nothing may be set up. */
import { mkdirSync, readdirSync } from "node:fs";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PodNetwork } from "../network.ts";
import { mustRun, runCommand } from "./command.node.ts";

const namespaceMagic = 0x6e736673;

/** Namespaces are pinned to files in `directory`. Every sandbox has the address 127.0.0.1. */
export function bareNetwork(directory: string): PodNetwork {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pathOf = (sandboxId: string): string => join(directory, sandboxId);
  const isNamespace = async (path: string): Promise<boolean> => (await statfs(path).catch(() => ({ type: 0 }))).type === namespaceMagic;
  return {
    podCidr: "127.0.0.0/8",
    nodeIp: "127.0.0.1",
    async attach(sandboxId) {
      const path = pathOf(sandboxId);
      if (!(await isNamespace(path))) {
        await writeFile(path, "");
        await mustRun(["unshare", `--net=${path}`, "ip", "link", "set", "lo", "up"]);
      }
      return { namespacePath: path, ip: "127.0.0.1" };
    },
    async detach(sandboxId) {
      await runCommand(["umount", "-l", pathOf(sandboxId)]);
      await rm(pathOf(sandboxId), { force: true });
    },
    list: async () => readdirSync(directory).map((sandboxId) => ({ sandboxId, ip: "127.0.0.1", namespacePath: pathOf(sandboxId) })),
    close: async () => {},
  };
}
