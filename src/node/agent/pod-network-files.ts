/** What a Pod finds in /etc: hosts, resolv.conf and its own name (KUB-79). */
import type { Pod } from "../../api/types.ts";
import type { SandboxSpec } from "../runtime.ts";

export interface DnsConfig {
  /** The cluster's DNS server; undefined: there is none, and Pods resolve as the machine does. */
  readonly clusterDns: string | undefined;
  readonly clusterDomain: string;
  /** The machine's own resolver. */
  readonly host: SandboxSpec["dns"];
}

const hostNameMax = 63;
const nameServersMax = 3;

/** The Pod's host name: `hostnameOverride`, `hostname`, or its name cut to what a host name may be. */
export function podHostname(pod: Pod): string {
  const { spec, metadata } = pod;
  if (spec?.hostnameOverride) return spec.hostnameOverride;
  if (spec?.hostname) return spec.hostname;
  return (metadata.name as string).slice(0, hostNameMax).replace(/[-.]+$/, "");
}

/** `<hostname>.<subdomain>.<namespace>.svc.<domain>` for a Pod with a subdomain; undefined for others. */
const podFqdn = (pod: Pod, clusterDomain: string): string | undefined =>
  pod.spec?.subdomain ? `${podHostname(pod)}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : undefined;

/** The host name that the sandbox gets. */
export const sandboxHostname = (pod: Pod, clusterDomain: string): string =>
  (pod.spec?.setHostnameAsFQDN ? podFqdn(pod, clusterDomain) : undefined) ?? podHostname(pod);

/** The resolver's configuration by the Pod's dnsPolicy and dnsConfig. */
export function podDns(pod: Pod, config: DnsConfig): SandboxSpec["dns"] {
  const policy = pod.spec?.dnsPolicy ?? "ClusterFirst";
  const cluster =
    config.clusterDns !== undefined && (policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && !pod.spec?.hostNetwork));
  const domain = config.clusterDomain;
  let base: SandboxSpec["dns"];
  if (policy === "None") base = { servers: [], searches: [], options: [] };
  else if (cluster) {
    base = {
      servers: [config.clusterDns as string],
      searches: [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...config.host.searches],
      options: ["ndots:5"],
    };
  } else base = config.host;

  const own = pod.spec?.dnsConfig;
  if (!own) return base;
  const options = new Map<string, string>();
  for (const option of base.options) options.set(option.split(":")[0] as string, option);
  for (const option of own.options ?? []) {
    if (option.name) options.set(option.name, option.value ? `${option.name}:${option.value}` : option.name);
  }
  return {
    servers: unique([...base.servers, ...(own.nameservers ?? [])]).slice(0, nameServersMax),
    searches: unique([...base.searches, ...(own.searches ?? [])]),
    options: [...options.values()],
  };
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

/** The text of /etc/resolv.conf. */
export function resolvConf(dns: SandboxSpec["dns"]): string {
  const lines: string[] = [];
  if (dns.searches.length > 0) lines.push(`search ${dns.searches.join(" ")}`);
  for (const server of dns.servers) lines.push(`nameserver ${server}`);
  if (dns.options.length > 0) lines.push(`options ${dns.options.join(" ")}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** The text of /etc/hosts of a Pod with an address of its own. */
export function hostsFile(pod: Pod, podIp: string, clusterDomain: string): string {
  const fqdn = podFqdn(pod, clusterDomain);
  const hostname = podHostname(pod);
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
    fqdn === undefined ? `${podIp}\t${hostname}` : `${podIp}\t${fqdn}\t${hostname}`,
  ];
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length > 0) {
    lines.push("", "# Entries added by HostAliases.");
    for (const alias of aliases) lines.push(`${alias.ip}\t${(alias.hostnames ?? []).join("\t")}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
