/**
 * The Pod network of one node on Linux: a bridge as gateway, and for each sandbox a network namespace with a pair of
 * links. Pods have single addresses and send everything to the gateway: so all traffic is routed and passes the
 * firewall, replies through a Service's address included, whether or not the machine filters bridged frames.
 * The kernel keeps the book: the host's end of a link bears sandbox and address as its alias.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PodNetwork } from "../network.ts";
import { mustRun, runCommand } from "../oci/command.node.ts";
import { addressPool } from "./address-pool.ts";
import { addressAt, parseIpv4Range } from "./ipv4.ts";
import { anyBridge, bridgeName, checkInstanceName, hardwareAddress, podPrefix } from "./names.ts";

const namespaces = "/run/netns";

export interface LinuxPodNetworkOptions {
  /** Names everything made here; one to four characters. */
  readonly instance: string;
  readonly nodeIndex: number;
  /** This node's range, such as `10.244.0.0/24`. Its first address is the node's own. */
  readonly podCidr: string;
}

interface Attached {
  readonly sandboxId: string;
  readonly ip: string;
  readonly namespacePath: string;
}

// $1: namespace, $2: commands about the host's end, $3: commands about the sandbox's end.
const attachScript = `set -e
ip netns add "$1"
printf %s "$2" | ip -batch -
printf %s "$3" | ip -n "$1" -batch -`;

/** Sets up the node's bridge, finds what is attached, and resolves when sandboxes can be attached. Throws an Error with what `ip` or `nft` said. */
export async function linuxPodNetwork(options: LinuxPodNetworkOptions): Promise<PodNetwork> {
  const { instance, nodeIndex, podCidr } = options;
  checkInstanceName(instance);
  const bridge = bridgeName(instance, nodeIndex);
  const nodeIp = addressAt(podCidr, 1);
  const pool = addressPool(podCidr);
  const pending = new Map<string, Promise<unknown>>();
  /** What the kernel holds: read once, for nobody else changes it. */
  const attached = new Map<string, Attached>();

  await setUpBridge(anyBridge(instance), bridge, nodeIp, podCidr);
  for (const found of await list()) {
    attached.set(found.sandboxId, found);
    pool.hold(found.ip);
  }

  return {
    podCidr,
    nodeIp,
    attach: (sandboxId) => inTurn(sandboxId, () => attach(sandboxId)),
    detach: (sandboxId) => inTurn(sandboxId, () => detach(sandboxId)),
    list,
    async close() {
      for (const { sandboxId } of await list()) await detach(sandboxId);
      await runCommand(["nft", "-f", "-"], { input: `add table ip ${bridge}\ndelete table ip ${bridge}\n` });
      await runCommand(["ip", "link", "delete", bridge]);
    },
  };

  /** Never two operations on one sandbox at a time. */
  function inTurn<T>(sandboxId: string, operation: () => Promise<T>): Promise<T> {
    const turn = (pending.get(sandboxId) ?? Promise.resolve()).then(operation, operation);
    pending.set(sandboxId, turn);
    const leave = () => pending.get(sandboxId) === turn && pending.delete(sandboxId);
    turn.then(leave, leave);
    return turn;
  }

  async function attach(sandboxId: string): Promise<{ namespacePath: string; ip: string }> {
    const name = podPrefix(instance) + shortId(sandboxId);
    const namespacePath = join(namespaces, name);
    const known = attached.get(sandboxId);
    if (known) return { namespacePath, ip: known.ip };
    // A namespace without a link to it is left from an attempt that was cut short.
    if (existsSync(namespacePath)) await remove(name);
    const ip = pool.take();
    const host = [
      `link add ${name} type veth peer name eth0 address ${hardwareAddress(ip)} netns ${name}`,
      `link set ${name} master ${bridge} alias "${sandboxId} ${ip}" up`,
      `link set dev ${name} type bridge_slave hairpin on`,
    ];
    const inside = [
      `address add ${ip}/32 dev eth0`,
      "link set lo up",
      "link set eth0 up",
      `route add default via ${nodeIp} dev eth0 onlink src ${ip}`,
    ];
    try {
      await mustRun(["sh", "-c", attachScript, "sh", name, host.join("\n"), inside.join("\n")]);
    } catch (error) {
      await remove(name);
      pool.release(ip);
      throw new Error(`can't attach sandbox ${sandboxId} to ${bridge}`, { cause: error });
    }
    attached.set(sandboxId, { sandboxId, ip, namespacePath });
    return { namespacePath, ip };
  }

  async function detach(sandboxId: string): Promise<void> {
    const name = podPrefix(instance) + shortId(sandboxId);
    const known = attached.get(sandboxId);
    if (!known && !existsSync(join(namespaces, name))) return;
    await remove(name);
    attached.delete(sandboxId);
    if (known) pool.release(known.ip);
  }

  async function list(): Promise<readonly Attached[]> {
    return attachedFrom(await mustRun(["ip", "-j", "link", "show", "master", bridge]));
  }
}

function attachedFrom(json: string): Attached[] {
  const links = JSON.parse(json.trim() || "[]") as { ifname?: string; ifalias?: string }[];
  return links.flatMap(({ ifname, ifalias }) => {
    const [sandboxId, ip] = (ifalias ?? "").split(" ");
    return ifname && sandboxId && ip ? [{ sandboxId, ip, namespacePath: join(namespaces, ifname) }] : [];
  });
}

/** Deleting the link first ends traffic at once, even where a process still holds the namespace. */
async function remove(name: string): Promise<void> {
  await runCommand(["sh", "-c", 'ip link delete "$1"; ip netns delete "$1"', "sh", name]);
}

async function setUpBridge(bridges: string, bridge: string, nodeIp: string, podCidr: string): Promise<void> {
  await runCommand(["ip", "link", "add", bridge, "address", hardwareAddress(nodeIp), "type", "bridge"]);
  await mustRun(["ip", "address", "replace", `${nodeIp}/${parseIpv4Range(podCidr).prefixLength}`, "dev", bridge]);
  await mustRun(["ip", "link", "set", bridge, "up"]);
  // Replies to a connection to a node port on 127.0.0.1 come from the bridge.
  await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, "1");
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  await mustRun(["nft", "-f", "-"], { input: nodeRules(bridge, bridges, podCidr) });
}

/**
 * Pods go out under the machine's address. From outside the machine nobody reaches a Pod but through a Service; nor do
 * Pods reach what listens on the machine's 127.0.0.1. Redirects would teach Pods a way past the gateway.
 */
const nodeRules = (bridge: string, bridges: string, podCidr: string): string => `add table ip ${bridge}
delete table ip ${bridge}
table ip ${bridge} {
  chain raw {
    type filter hook prerouting priority raw; policy accept;
    iifname "${bridge}" ip daddr 127.0.0.0/8 drop
    iifname "${bridge}" ip saddr 127.0.0.0/8 drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname != "${bridge}" accept
    iifname "${bridges}" accept
    ct state established,related accept
    ct status dnat accept
    drop
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "${bridge}" icmp type redirect drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${podCidr} oifname != "${bridges}" oifname != "lo" masquerade
  }
}
`;

/** The beginning of an id made of hexadecimal digits, or of a digest of any other. */
const shortId = (sandboxId: string): string =>
  (/^[0-9a-f]{10}/.test(sandboxId) ? sandboxId : createHash("sha256").update(sandboxId).digest("hex")).slice(0, 10);
