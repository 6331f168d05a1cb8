/**
 * The names of a cluster and what they stand for (SVC-11): Services, their named ports, the endpoints behind them and
 * the Pods by their addresses. Whatever lies outside the zone is left to the machine's own resolvers.
 */
import type { EndpointSlice, Service } from "../../../api/types.ts";
import type { ServiceState } from "../../network.ts";
import { parseIpv4, parseIpv4Range } from "../ipv4.ts";
import { isEndpointReady, slicesByService } from "../service-ports.ts";

/** How long an answer may be kept: short, for endpoints come and go. */
const ttlSeconds = 5;

export interface SrvTarget {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export type DnsRecord =
  | { readonly name: string; readonly type: "A" | "CNAME" | "PTR" | "NS"; readonly ttl: number; readonly data: string }
  | { readonly name: string; readonly type: "SRV"; readonly ttl: number; readonly data: SrvTarget }
  | { readonly name: string; readonly type: "SOA"; readonly ttl: number; readonly data: Soa };

interface Soa {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export interface DnsAnswer {
  /** `NXDOMAIN`: there is no such name. `NOERROR` without answers: the name has no record of this type. */
  readonly rcode: "NOERROR" | "NXDOMAIN";
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** The answers end in an alias for this name outside the zone, which somebody else has to resolve. */
  readonly outside?: string;
}

export interface ZoneFacts {
  /** `cluster.local`. */
  readonly domain: string;
  /** Reverse look-ups within these are answered here, and never asked elsewhere. */
  readonly ranges: readonly string[];
}

export interface Zone {
  /** Answers a question; undefined where it is not the cluster's to answer. */
  answer(name: string, type: string): DnsAnswer | undefined;
}

interface Entry {
  readonly addresses: string[];
  readonly services: SrvTarget[];
  alias: string | undefined;
}

/** An alias of an alias of an alias: more is a loop. */
const aliasesMax = 8;

/** The zone of one state. It never changes: a newer state makes a new zone. */
export function createZone(state: ServiceState, facts: ZoneFacts): Zone {
  const domain = facts.domain.toLowerCase();
  const ranges = facts.ranges.map(parseIpv4Range);
  const entries = new Map<string, Entry>();
  const pointers = new Map<string, string[]>();
  let turn = 0;

  entry(domain);
  entry(`svc.${domain}`);
  entry(`pod.${domain}`);
  const slices = slicesByService(state.slices);
  for (const service of state.services) {
    addService(service, slices.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? []);
  }

  return {
    answer(name, type) {
      const lower = name.toLowerCase().replace(/\.$/, "");
      if (lower.endsWith(".in-addr.arpa")) return reverse(name, lower, type);
      if (lower !== domain && !lower.endsWith(`.${domain}`)) return undefined;
      return forward(name, lower, type);
    },
  };

  /** The entry of a name; the names above it exist with it. */
  function entry(name: string): Entry {
    const known = entries.get(name);
    if (known) return known;
    const made: Entry = { addresses: [], services: [], alias: undefined };
    entries.set(name, made);
    const parent = name.slice(name.indexOf(".") + 1);
    if (name !== domain && parent.endsWith(domain)) entry(parent);
    return made;
  }

  function point(ip: string, name: string): void {
    const names = pointers.get(ip);
    if (!names) pointers.set(ip, [name]);
    else if (!names.includes(name)) names.push(name);
  }

  function addService({ metadata, spec }: Service, own: readonly EndpointSlice[]): void {
    const name = `${metadata.name}.${metadata.namespace}.svc.${domain}`;
    const base = entry(name);
    if (spec?.type === "ExternalName") {
      base.alias = (spec.externalName ?? "").toLowerCase().replace(/\.$/, "");
      return;
    }
    const clusterIp = spec?.clusterIP;
    if (!clusterIp) return;
    const isHeadless = clusterIp === "None";
    if (!isHeadless) {
      base.addresses.push(clusterIp);
      point(clusterIp, name);
      for (const port of spec.ports ?? [])
        addPort(name, port.name, port.protocol, { priority: 0, weight: 100, port: port.port, target: name });
    }
    for (const slice of own) {
      if (slice.addressType !== "IPv4") continue;
      for (const endpoint of slice.endpoints ?? []) {
        const ip = endpoint.addresses[0];
        if (ip === undefined || !isEndpointReady(endpoint)) continue;
        const target = `${endpoint.hostname ?? ip.replaceAll(".", "-")}.${name}`.toLowerCase();
        add(entry(target).addresses, ip);
        if (!isHeadless) continue;
        add(base.addresses, ip);
        point(ip, target);
        for (const port of slice.ports ?? []) {
          if (port.port) addPort(name, port.name, port.protocol, { priority: 0, weight: 100, port: port.port, target });
        }
      }
    }
  }

  function addPort(name: string, portName: string | undefined, protocol: string | undefined, target: SrvTarget): void {
    entry(name).services.push(target);
    if (portName) entry(`_${portName}._${(protocol ?? "TCP").toLowerCase()}.${name}`).services.push(target);
  }

  function forward(name: string, lower: string, type: string): DnsAnswer {
    const answers: DnsRecord[] = [];
    let owner = name;
    let at = lower;
    for (let hop = 0; hop < aliasesMax; hop++) {
      const found = entries.get(at) ?? podEntry(at);
      if (!found) return negative(answers.length === 0 ? "NXDOMAIN" : "NOERROR", answers);
      if (found.alias === undefined) return records(owner, at, found, type, answers);
      answers.push({ name: owner, type: "CNAME", ttl: ttlSeconds, data: found.alias });
      if (type === "CNAME") return positive(answers);
      owner = found.alias;
      at = found.alias;
      if (at !== domain && !at.endsWith(`.${domain}`)) return { ...positive(answers), outside: at };
    }
    return positive(answers);
  }

  function records(owner: string, at: string, found: Entry, type: string, answers: DnsRecord[]): DnsAnswer {
    const additionals: DnsRecord[] = [];
    if (type === "A" || type === "ANY") {
      for (const data of rotated(found.addresses)) answers.push({ name: owner, type: "A", ttl: ttlSeconds, data });
    }
    if (type === "SRV" || type === "ANY") {
      for (const data of found.services) answers.push({ name: owner, type: "SRV", ttl: ttlSeconds, data });
      for (const target of new Set(found.services.map(({ target }) => target))) {
        for (const data of entries.get(target)?.addresses ?? []) additionals.push({ name: target, type: "A", ttl: ttlSeconds, data });
      }
    }
    if (at === domain && type === "SOA") answers.push(soa());
    if (at === domain && type === "NS") answers.push({ name: owner, type: "NS", ttl: ttlSeconds, data: `ns.dns.${domain}` });
    return answers.length > 0 ? { ...positive(answers), additionals } : negative("NOERROR", answers);
  }

  /** `10-244-0-2.default.pod.cluster.local` stands for the address it spells. */
  function podEntry(at: string): Entry | undefined {
    const match = /^(\d+)-(\d+)-(\d+)-(\d+)\.[^.]+\.pod\.(.+)$/.exec(at);
    if (!match || match[5] !== domain) return undefined;
    const ip = match.slice(1, 5).join(".");
    return parseIpv4(ip) === undefined ? undefined : { addresses: [ip], services: [], alias: undefined };
  }

  function reverse(name: string, lower: string, type: string): DnsAnswer | undefined {
    const ip = lower.slice(0, -".in-addr.arpa".length).split(".").reverse().join(".");
    const value = parseIpv4(ip);
    if (value === undefined || !ranges.some(({ first, size }) => value >= first && value < first + size)) return undefined;
    const names = pointers.get(ip);
    if (!names) return negative("NXDOMAIN", []);
    if (type !== "PTR" && type !== "ANY") return negative("NOERROR", []);
    return positive(names.map((data) => ({ name, type: "PTR", ttl: ttlSeconds, data })));
  }

  /** Each answer begins with another address, for many clients take the first. */
  function rotated(list: readonly string[]): readonly string[] {
    const first = list.length < 2 ? 0 : turn++ % list.length;
    return [...list.slice(first), ...list.slice(0, first)];
  }

  function soa(): DnsRecord {
    const data = {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttlSeconds,
    };
    return { name: domain, type: "SOA", ttl: ttlSeconds, data };
  }

  function negative(rcode: DnsAnswer["rcode"], answers: readonly DnsRecord[]): DnsAnswer {
    return { rcode, answers, authorities: [soa()], additionals: [] };
  }
}

const positive = (answers: readonly DnsRecord[]): DnsAnswer => ({ rcode: "NOERROR", answers, authorities: [], additionals: [] });

function add(list: string[], value: string): void {
  if (!list.includes(value)) list.push(value);
}
