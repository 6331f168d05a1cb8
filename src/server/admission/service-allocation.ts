/**
 * Gives Services their addresses and node ports, and refuses those that are taken (SVC-7 … SVC-10).
 *
 * What is taken follows from the Services in the store, kept up by a watch, plus what writes under way have reserved.
 * A watch hears of a commit before its writer does, so a reservation is given back only when the store speaks for it:
 * nothing is ever given twice, and nothing leaks.
 */
import { type FieldError, field, invalid } from "../../api/errors.ts";
import type { Service, ServicePort, ServiceSpec } from "../../api/types.ts";
import { type Random, randomInt } from "../../base/random.ts";
import type { Core } from "../core/core.ts";
import { subjectOf } from "../core/subject.ts";
import { watch } from "../core/watch.ts";
import { type Admission, type AdmissionRule, isResource } from "./admission.ts";
import { formatIpv4, parseIpRange, parseIpv4 } from "./ip-range.ts";

export interface ServiceRanges {
  /** Addresses of Services in CIDR notation. Default 10.96.0.0/12. */
  readonly addresses?: string;
  /** Node ports, both ends included. Default 30000 to 32767. */
  readonly nodePorts?: { readonly from: number; readonly to: number };
}

const needsAddress = (spec: ServiceSpec): boolean => spec.type !== "ExternalName" && spec.clusterIP !== "None";
const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
const mayHaveNodePorts = (spec: ServiceSpec): boolean => spec.type === "NodePort" || spec.type === "LoadBalancer";
const needsHealthPort = (spec: ServiceSpec): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

/** Throws where the ranges are none. */
export function serviceAllocation(core: Core, ranges: ServiceRanges = {}): AdmissionRule {
  const addresses = addressPool(ranges.addresses ?? "10.96.0.0/12");
  const ports = portPool(ranges.nodePorts ?? { from: 30000, to: 32767 });
  let following = false;
  /** Starts with the Services there are. */
  const follow = (admission: Admission): void => {
    if (following) return;
    following = true;
    const held = new Map<string, Service>();
    const replace = (key: string, service: Service | undefined): void => {
      const before = held.get(key);
      if (service) forEachHeld(service, addresses.hold, ports.hold);
      if (before) forEachHeld(before, addresses.drop, ports.drop);
      if (service) held.set(key, service);
      else held.delete(key);
    };
    watch(
      core,
      admission.kind,
      {},
      {
        event({ type, stored }) {
          const { namespace, name } = stored.object.metadata;
          replace(`${namespace}/${name}`, type === "DELETED" ? undefined : (stored.object as unknown as Service));
        },
        // What is held is known no longer: the next write begins anew.
        end() {
          for (const key of [...held.keys()]) replace(key, undefined);
          following = false;
        },
      },
    );
  };
  return {
    name: "ServiceAllocation",
    concerns: (kind, operation, subresource) => operation !== "DELETE" && subresource === "" && isResource(kind, "", "services"),
    mutate(admission) {
      follow(admission);
      const spec = (admission.object as unknown as Service).spec;
      if (!spec) return;
      const old = (admission.old as unknown as Service | undefined)?.spec;
      if (old) carryOver(spec, old);
      const problems = [
        ...takeAddress(admission, addresses, spec, old, core.world.random),
        ...takePorts(admission, ports, spec, old, core.world.random),
      ];
      if (problems.length > 0) throw invalid(subjectOf(admission.kind, admission.name), problems);
    },
  };
}

/** Numbers that are held by stored objects (counted: a change holds the new before it drops the old) or reserved. */
interface Pool {
  readonly hold: (number: number) => void;
  readonly drop: (number: number) => void;
  readonly contains: (number: number) => boolean;
  /** Reserves a number for one write; false when it is taken. */
  take(number: number, admission: Admission): boolean;
  /** Reserves any free number; undefined when there is none. */
  takeAny(random: Random, admission: Admission): number | undefined;
  /** The valid numbers, for messages. */
  readonly text: string;
}

/** `bands` are tried in turn: numbers that people like to choose themselves come last (SVC-8, SVC-9). */
function pool(text: string, bands: readonly { readonly from: number; readonly to: number }[]): Pool {
  const held = new Map<number, number>();
  const add = (number: number, by: number): void => {
    const count = (held.get(number) ?? 0) + by;
    if (count > 0) held.set(number, count);
    else held.delete(number);
  };
  const contains = (number: number): boolean => bands.some(({ from, to }) => number >= from && number <= to);
  const take = (number: number, admission: Admission): boolean => {
    if (held.has(number)) return false;
    add(number, 1);
    admission.whenOver(() => add(number, -1));
    return true;
  };
  return {
    text,
    contains,
    hold: (number) => contains(number) && add(number, 1),
    drop: (number) => contains(number) && add(number, -1),
    take,
    takeAny(random, admission) {
      for (const { from, to } of bands) {
        if (to < from) continue;
        const size = to - from + 1;
        const start = randomInt(random, 0, size - 1);
        for (let step = 0; step < size; step++) {
          const number = from + ((start + step) % size);
          if (take(number, admission)) return number;
        }
      }
      return undefined;
    },
  };
}

/** The network and broadcast addresses are no one's. The lower 16 to 256 addresses are left for people to choose. */
function addressPool(text: string): Pool {
  const { base, size } = parseIpRange(text);
  const reserve = Math.min(Math.max(16, Math.floor(size / 16)), 256);
  const [first, last] = [base + 1, base + size - 2];
  const border = size <= 64 ? first : base + reserve;
  return pool(text, [
    { from: border, to: last },
    { from: first, to: border - 1 },
  ]);
}

/** The lower 16 to 128 ports are left for people to choose: 86 of the usual 2,768. */
function portPool({ from, to }: { readonly from: number; readonly to: number }): Pool {
  const size = to - from + 1;
  const border = from + (size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128));
  return pool(`${from}-${to}`, [
    { from: border, to },
    { from, to: border - 1 },
  ]);
}

function forEachHeld({ spec }: Service, address: (number: number) => void, port: (number: number) => void): void {
  if (!spec) return;
  const parsed = spec.clusterIP === undefined ? undefined : parseIpv4(spec.clusterIP);
  if (parsed !== undefined) address(parsed);
  for (const number of nodePortsOf(spec)) port(number);
}

/** Each node port once: TCP and UDP of one Service may share a number. */
const nodePortsOf = (spec: ServiceSpec): Set<number> => {
  const numbers = new Set<number>();
  for (const { nodePort } of spec.ports ?? []) if (nodePort) numbers.add(nodePort);
  if (spec.healthCheckNodePort) numbers.add(spec.healthCheckNodePort);
  return numbers;
};

/** What was allocated stays although the client left it out, and goes when the new type has no use for it. */
function carryOver(spec: ServiceSpec, old: ServiceSpec): void {
  if (old.type !== "ExternalName" && spec.type !== "ExternalName") {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (spec.clusterIP === old.clusterIP && old.clusterIPs && !spec.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs];
  } else if (spec.type === "ExternalName" && spec.clusterIP === old.clusterIP) {
    for (const name of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) delete spec[name];
  }
  if (spec.clusterIP !== old.clusterIP && spec.clusterIP && sameList(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = [spec.clusterIP];
  if (mayHaveNodePorts(old) && mayHaveNodePorts(spec)) keepNodePorts(spec, old);
  else if (mayHaveNodePorts(old) && !mayHaveNodePorts(spec)) dropNodePorts(spec, old);
  if (needsHealthPort(old) && needsHealthPort(spec)) spec.healthCheckNodePort ||= old.healthCheckNodePort ?? 0;
  else if (needsHealthPort(old) && spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort;
  if (
    old.type === "LoadBalancer" &&
    spec.type !== "LoadBalancer" &&
    spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts
  ) {
    delete spec.allocateLoadBalancerNodePorts;
  }
}

const sameList = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

/** By name: the client may have changed everything else about a port. */
function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const used = nodePortsOf(spec);
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const before = old.ports?.find((candidate) => (candidate.name ?? "") === (port.name ?? ""))?.nodePort;
    if (before && !used.has(before)) port.nodePort = before;
  }
}

function dropNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const before = nodePortsOf(old);
  for (const port of spec.ports ?? []) if (port.nodePort && before.has(port.nodePort)) delete port.nodePort;
}

function takeAddress(admission: Admission, addresses: Pool, spec: ServiceSpec, old: ServiceSpec | undefined, random: Random): FieldError[] {
  if (spec.type === "ExternalName") return [];
  if (!spec.clusterIP && spec.clusterIPs?.[0]) spec.clusterIP = spec.clusterIPs[0];
  if (spec.clusterIP === "None") {
    // A headless Service without selector speaks for whatever its maker puts behind it, of either family.
    const both = !spec.selector || Object.keys(spec.selector).length === 0;
    spec.clusterIPs ??= ["None"];
    spec.ipFamilyPolicy ??= both ? "RequireDualStack" : "SingleStack";
    spec.ipFamilies ??= both && spec.ipFamilyPolicy === "RequireDualStack" ? ["IPv4", "IPv6"] : ["IPv4"];
  }
  if (!needsAddress(spec)) return [];
  spec.ipFamilies ??= ["IPv4"];
  spec.ipFamilyPolicy ??= "SingleStack";
  if (!spec.clusterIP) {
    const found = addresses.takeAny(random, admission);
    if (found === undefined) return [addressProblem([], "failed to allocate a serviceIP: range is full")];
    spec.clusterIP = formatIpv4(found);
  } else if (spec.clusterIP !== old?.clusterIP) {
    const number = parseIpv4(spec.clusterIP);
    // What is no address is the kind's own validation to refuse.
    if (number === undefined) return [];
    const asked = [spec.clusterIP];
    if (!addresses.contains(number)) {
      const why = `the provided IP (${spec.clusterIP}) is not in the valid range. The range of valid IPs is ${addresses.text}`;
      return [addressProblem(asked, `failed to allocate IP ${spec.clusterIP}: ${why}`)];
    }
    if (!addresses.take(number, admission)) {
      return [addressProblem(asked, `failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`)];
    }
  }
  if (!spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  return [];
}

const addressProblem = (asked: readonly string[], why: string): FieldError => field.invalid("spec.clusterIPs", asked, why);

function takePorts(admission: Admission, ports: Pool, spec: ServiceSpec, old: ServiceSpec | undefined, random: Random): FieldError[] {
  const problems: FieldError[] = [];
  const mine = old ? nodePortsOf(old) : new Set<number>();
  if (mayHaveNodePorts(spec)) {
    // Chosen numbers first, so that no automatic one takes them.
    for (const [i, port] of (spec.ports ?? []).entries())
      if (port.nodePort) problems.push(...takePort(admission, ports, mine, port.nodePort, `spec.ports[${i}].nodePort`));
    if (needsNodePorts(spec)) {
      for (const [i, port] of (spec.ports ?? []).entries())
        if (!port.nodePort) problems.push(...takeAnyPort(admission, ports, spec, port, i, random));
    }
  }
  if (needsHealthPort(spec)) {
    if (spec.healthCheckNodePort) problems.push(...takePort(admission, ports, mine, spec.healthCheckNodePort, "spec.healthCheckNodePort"));
    else {
      const found = ports.takeAny(random, admission);
      if (found !== undefined) spec.healthCheckNodePort = found;
    }
  }
  return problems;
}

/** `mine` are the numbers that this Service holds already, in the store or earlier in this write. */
function takePort(admission: Admission, ports: Pool, mine: Set<number>, number: number, path: string): FieldError[] {
  if (mine.has(number)) return [];
  if (!ports.contains(number)) {
    return [field.invalid(path, number, `provided port is not in the valid range. The range of valid ports is ${ports.text}`)];
  }
  if (!ports.take(number, admission)) return [field.invalid(path, number, "provided port is already allocated")];
  mine.add(number);
  return [];
}

/** Two protocols of one port get one number. */
function takeAnyPort(admission: Admission, ports: Pool, spec: ServiceSpec, port: ServicePort, i: number, random: Random): FieldError[] {
  const sibling = spec.ports?.find(
    (other) => other !== port && other.port === port.port && other.protocol !== port.protocol && other.nodePort,
  );
  const shared = sibling?.nodePort && !spec.ports?.some((other) => other.nodePort === sibling.nodePort && other.protocol === port.protocol);
  const found = shared ? (sibling as ServicePort).nodePort : ports.takeAny(random, admission);
  if (found === undefined) return [field.invalid(`spec.ports[${i}].nodePort`, 0, "failed to allocate a nodePort: range is full")];
  port.nodePort = found;
  return [];
}
