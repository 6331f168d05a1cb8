/**
 * The firewall table that leads Service addresses to endpoints, as data, and the commands that turn one such table into
 * another. Chains of Services that did not change are left alone, and with them the memory of which client goes where.
 */
import { fnv1a32 } from "../../machinery/hash.ts";
import type { Backend, ServicePortState } from "./service-ports.ts";

export interface NftFacts {
  readonly table: string;
  /** Matches the links that lead to Pods, in nft's notation. */
  readonly podLinks: string;
  readonly serviceCidr: string;
  /** Ranges of the machine's addresses on which node ports are open to other machines; none: to nobody. */
  readonly nodePortAddresses: readonly string[];
  /** The link of a node's Pods, for traffic that must stay on its node. */
  readonly linkOfNode: (nodeName: string) => string | undefined;
}

/** The changing part of the table. */
export interface NftModel {
  /** Rules by chain. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Elements by map or set: key and, in a map, verdict ("" in a set). */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Sets that remember the clients of one endpoint. */
  readonly clients: ReadonlySet<string>;
}

const maps = ["service-ips", "external-ips", "node-ports", "refused-ips", "refused-ports", "hairpin"] as const;
type MapName = (typeof maps)[number];

export const emptyModel: NftModel = { chains: new Map(), elements: new Map(), clients: new Set() };

/** What the table has to hold for these ports. */
export function nftModel(ports: readonly ServicePortState[], facts: NftFacts): NftModel {
  const chains = new Map<string, readonly string[]>();
  const elements = new Map<MapName, Map<string, string>>(maps.map((name) => [name, new Map()]));
  const clients = new Set<string>();
  const put = (name: MapName, key: string, value = ""): void => void elements.get(name)?.set(key, value);

  for (const port of ports) {
    const protocol = port.protocol.toLowerCase();
    const { namespace, name } = port.service.metadata;
    const title = `${namespace}/${name}/${protocol}/${port.port}`;
    const addressed = port.clusterIp === undefined ? [] : [port.clusterIp];
    if (port.backends.length === 0) {
      for (const ip of [...addressed, ...port.externalIps]) put("refused-ips", `${ip} . ${protocol} . ${port.port}`);
      if (port.nodePort !== undefined) put("refused-ports", `${protocol} . ${port.nodePort}`);
      continue;
    }
    const all = chainName(`all/${title}`);
    chains.set(all, choose(port, title, port.backends));
    const internal = port.internalLocal ? chainName(`near/${title}`) : all;
    if (port.internalLocal) chains.set(internal, [...near(port, title), `goto ${all}`]);
    for (const ip of addressed) put("service-ips", `${ip} . ${protocol} . ${port.port}`, `goto ${internal}`);
    for (const ip of port.externalIps) put("external-ips", `${ip} . ${protocol} . ${port.port}`, `goto ${all}`);
    if (port.nodePort !== undefined) put("node-ports", `${protocol} . ${port.nodePort}`, `goto ${all}`);
    for (const { ip } of port.backends) put("hairpin", `${ip} . ${ip}`);
  }
  return { chains, elements, clients };

  /** Rules that end in one of the backends. */
  function choose(port: ServicePortState, title: string, backends: readonly Backend[]): readonly string[] {
    const protocol = port.protocol.toLowerCase();
    if (port.affinitySeconds === undefined) {
      const targets = backends.map(({ ip, port: target }) => `${ip} . ${target}`);
      if (targets.length === 1) return [`meta l4proto ${protocol} dnat ip to ${backends[0]?.ip}:${backends[0]?.port}`];
      return [`meta l4proto ${protocol} dnat ip to numgen random mod ${targets.length} map { ${numbered(targets)} }`];
    }
    const endpoints = backends.map(({ ip, port: target }) => {
      const remembered = chainName(`clients/${title}/${ip}/${target}`);
      const chain = chainName(`endpoint/${title}/${ip}/${target}`);
      clients.add(remembered);
      chains.set(chain, [
        `update @${remembered} { ip saddr timeout ${port.affinitySeconds}s }`,
        `meta l4proto ${protocol} dnat ip to ${ip}:${target}`,
      ]);
      return { remembered, chain };
    });
    const verdicts = endpoints.map(({ chain }) => `goto ${chain}`);
    return [
      ...endpoints.map(({ remembered, chain }) => `ip saddr @${remembered} goto ${chain}`),
      verdicts.length === 1 ? (verdicts[0] as string) : `numgen random mod ${verdicts.length} vmap { ${numbered(verdicts)} }`,
    ];
  }

  /** Rules that keep what comes from a node's Pods on that node; the machine itself is every node. */
  function near(port: ServicePortState, title: string): readonly string[] {
    const byLink = new Map<string, Backend[]>();
    for (const backend of port.backends) {
      const link = backend.nodeName === undefined ? undefined : facts.linkOfNode(backend.nodeName);
      if (link !== undefined) byLink.set(link, [...(byLink.get(link) ?? []), backend]);
    }
    const rules = [...byLink].map(([link, backends]) => {
      const chain = chainName(`near/${link}/${title}`);
      chains.set(chain, choose(port, title, backends));
      return `iifname "${link}" goto ${chain}`;
    });
    return [...rules, `iifname "${facts.podLinks}" drop`];
  }
}

/** The whole table with nothing in its maps, replacing whatever bears its name. */
export function nftSkeleton({ table, podLinks, serviceCidr, nodePortAddresses }: NftFacts): string {
  const address = "ip daddr . meta l4proto . th dport";
  const port = "meta l4proto . th dport";
  const open =
    nodePortAddresses.length > 0 ? `    ip daddr { ${nodePortAddresses.join(", ")} } fib daddr type local ${port} vmap @node-ports\n` : "";
  return `add table ip ${table}
delete table ip ${table}
table ip ${table} {
  map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
  map external-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
  map node-ports { type inet_proto . inet_service : verdict; }
  set refused-ips { type ipv4_addr . inet_proto . inet_service; }
  set refused-ports { type inet_proto . inet_service; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    iifname "${podLinks}" ${address} vmap @service-ips
    ${address} vmap @external-ips
    iifname "${podLinks}" fib daddr type local ${port} vmap @node-ports
${open}  }
  chain local {
    type nat hook output priority -100; policy accept;
    ${address} vmap @service-ips
    ${address} vmap @external-ips
    fib daddr type local ${port} vmap @node-ports
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ct status dnat ip saddr . ip daddr @hairpin masquerade
    ct status dnat ip saddr 127.0.0.0/8 oifname "${podLinks}" masquerade
  }
  chain input {
    type filter hook input priority 0; policy accept;
    iifname { "lo", "${podLinks}" } fib daddr type local ${port} @refused-ports goto refuse
    ${address} @refused-ips goto refuse
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    ${address} @refused-ips goto refuse
    ip daddr ${serviceCidr} goto refuse
  }
  chain output {
    type filter hook output priority 0; policy accept;
    ${address} @refused-ips goto refuse
    ip daddr ${serviceCidr} oifname != "lo" goto refuse
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject
  }
}
`;
}

/** The commands from one state of the table to another; "" when there is nothing to do. Everything in them happens at once or not at all. */
export function nftChanges(table: string, from: NftModel, to: NftModel): string {
  const lines: string[] = [];
  for (const name of to.clients) {
    if (!from.clients.has(name)) lines.push(`add set ip ${table} ${name} { type ipv4_addr; flags dynamic, timeout; }`);
  }
  const changed = [...to.chains].filter(([name, rules]) => from.chains.get(name)?.join("\n") !== rules.join("\n"));
  // One block is read several times faster than as many commands. Chains may name others that follow.
  const bodies = changed.map(([name, rules]) => `  chain ${name} {\n    ${rules.join("\n    ")}\n  }`);
  for (const [name] of changed) if (from.chains.has(name)) lines.push(`flush chain ip ${table} ${name}`);
  if (bodies.length > 0) lines.push(`table ip ${table} {\n${bodies.join("\n")}\n}`);
  for (const map of maps) {
    const known = from.elements.get(map) ?? new Map<string, string>();
    const wanted = to.elements.get(map) ?? new Map<string, string>();
    const gone = [...known].filter(([key, value]) => wanted.get(key) !== value).map(([key]) => key);
    const come = [...wanted].filter(([key, value]) => known.get(key) !== value).map(([key, value]) => (value ? `${key} : ${value}` : key));
    if (gone.length > 0) lines.push(`delete element ip ${table} ${map} { ${gone.join(", ")} }`);
    if (come.length > 0) lines.push(`add element ip ${table} ${map} { ${come.join(", ")} }`);
  }
  // Rules may name other chains that go: first all are emptied, then all are removed.
  const gone = [...from.chains.keys()].filter((name) => !to.chains.has(name));
  for (const name of gone) lines.push(`flush chain ip ${table} ${name}`);
  for (const name of gone) lines.push(`delete chain ip ${table} ${name}`);
  for (const name of from.clients) if (!to.clients.has(name)) lines.push(`delete set ip ${table} ${name}`);
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

const numbered = (values: readonly string[]): string => values.map((value, index) => `${index} : ${value}`).join(", ");

/** nft takes 127 characters; a longer name ends in a digest of the whole. */
const nameMax = 120;

const chainName = (text: string): string =>
  text.length <= nameMax ? text : `${text.slice(0, nameMax - 9)}-${fnv1a32(new TextEncoder().encode(text)).toString(16).padStart(8, "0")}`;
