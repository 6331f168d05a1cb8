/** Takes away what an engine left in the kernel, whether it ended in order or was killed. */
import { readdirSync } from "node:fs";
import { runCommand } from "../oci/command.node.ts";
import { belongsTo, checkInstanceName, podPrefix } from "./names.ts";

/** Removes every link, network namespace and firewall table of the instance. Idempotent; processes are not touched. */
export async function cleanUpNetwork(instance: string): Promise<void> {
  checkInstanceName(instance);
  const { stdout: links } = await runCommand(["ip", "-j", "link", "show"]);
  for (const { ifname } of JSON.parse(links.trim() || "[]") as { ifname: string }[]) {
    if (belongsTo(instance, ifname)) await runCommand(["ip", "link", "delete", ifname]);
  }
  for (const name of namespaceNames()) if (name.startsWith(podPrefix(instance))) await runCommand(["ip", "netns", "delete", name]);
  const { stdout: tables } = await runCommand(["nft", "list", "tables"]);
  for (const [, family, name = ""] of tables.matchAll(/^table (\w+) (\S+)$/gm)) {
    if (belongsTo(instance, name)) await runCommand(["nft", "delete", "table", family as string, name]);
  }
}

function namespaceNames(): string[] {
  try {
    return readdirSync("/run/netns");
  } catch {
    return [];
  }
}
