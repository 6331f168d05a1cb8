/** Where traffic goes: EndpointSlices, Endpoints, Ingresses and NetworkPolicies. */
import type { AnyObject } from "../../../api/meta/object.ts";
import type { KindRef } from "../../../api/kind.ts";
import type { Endpoints, EndpointSlice, Ingress, NetworkPolicy, Service } from "../../../api/types.ts";
import { labelSelectorText } from "../../../machinery/selectors.ts";
import type { Describer, Surroundings } from "../describer.ts";
import { annotationLines, labelLines } from "../lines.ts";
import { endpointsOf, sliceRef } from "./service.ts";

const identity = (object: AnyObject): string[] => [
  `Name:\t${object.metadata.name}`,
  `Namespace:\t${object.metadata.namespace}`,
  ...labelLines("Labels", object.metadata.labels),
  ...annotationLines(object),
];

const portRows = (
  ports: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[],
  indent: string,
): string[] => [
  `${indent}Name\tPort\tProtocol`,
  `${indent}----\t----\t--------`,
  ...ports.map(({ name, port, protocol }) => `${indent}${name || "<unset>"}\t${port ?? "<unset>"}\t${protocol ?? "TCP"}`),
];

export const endpointSlice: Describer = {
  lines(object) {
    const { addressType, ports = [], endpoints = [] } = object as unknown as EndpointSlice;
    return [
      ...identity(object),
      `AddressType:\t${addressType ?? ""}`,
      ...((ports ?? []).length === 0 ? ["Ports: <unset>"] : ["Ports:", ...portRows(ports ?? [], "  ")]),
      ...((endpoints ?? []).length === 0
        ? ["Endpoints: <none>"]
        : [
            "Endpoints:",
            ...(endpoints ?? []).flatMap(({ addresses, conditions, hostname, targetRef, nodeName, zone }) => [
              `  - Addresses:\t${addresses.join(",") || "<none>"}`,
              "    Conditions:",
              `      Ready:\t${conditions?.ready ?? "<unset>"}`,
              `    Hostname:\t${hostname ?? "<unset>"}`,
              ...(targetRef ? [`    TargetRef:\t${targetRef.kind}/${targetRef.name}`] : []),
              `    NodeName:\t${nodeName ?? "<unset>"}`,
              `    Zone:\t${zone ?? "<unset>"}`,
            ]),
          ]),
    ];
  },
};

export const endpoints: Describer = {
  lines(object) {
    const { subsets = [] } = object as unknown as Endpoints;
    const ips = (list: readonly { readonly ip: string }[] | undefined): string => (list ?? []).map(({ ip }) => ip).join(",") || "<none>";
    return [
      ...identity(object),
      "Subsets:",
      ...(subsets ?? []).flatMap(({ addresses, notReadyAddresses, ports = [] }) => [
        `  Addresses:\t${ips(addresses)}`,
        `  NotReadyAddresses:\t${ips(notReadyAddresses)}`,
        ...((ports ?? []).length === 0 ? ["  Ports:\t<none>"] : ["  Ports:", ...portRows(ports ?? [], "    ")]),
        "",
      ]),
    ];
  },
};

const serviceRef: KindRef<Service> = { group: "", version: "v1", kind: "Service", plural: "services", scope: "Namespaced" };

type Backend = NonNullable<NonNullable<Ingress["spec"]>["defaultBackend"]>;

/** `web:80 (10.128.0.2:80)` */
async function backendText(backend: Backend, within: string, { get, list }: Surroundings): Promise<string> {
  if (backend.resource) {
    const { apiGroup, kind, name } = backend.resource;
    return `APIGroup: ${apiGroup ?? ""}, Kind: ${kind}, Name: ${name}`;
  }
  const { name = "", port } = backend.service ?? {};
  const wanted = port?.name ?? port?.number;
  const found: Service | undefined = await get(serviceRef, { namespace: within, name });
  if (!found) return `${name}:${wanted} (<error: services ${JSON.stringify(name)} not found>)`;
  const slices: readonly EndpointSlice[] = await list(sliceRef, { namespace: within, labelSelector: `kubernetes.io/service-name=${name}` });
  const used = found.spec?.ports?.find((each) => each.name === port?.name || each.port === port?.number);
  return `${name}:${wanted} (${slices.length === 0 || !used ? "" : endpointsOf(used, slices)})`;
}

export const ingress: Describer = {
  async lines(object, surroundings) {
    const { metadata, spec, status } = object as unknown as Ingress;
    const within = metadata.namespace ?? "";
    const text = (backend: Backend): Promise<string> => backendText(backend, within, surroundings);
    const rules: string[] = [];
    for (const { host, http } of spec?.rules ?? []) {
      rules.push(`  ${host || "*"}\t`);
      for (const { path = "", backend } of http?.paths ?? []) rules.push(`    \t${path} \t${await text(backend)}`);
    }
    if (rules.length === 0) rules.push(`  *\t*\t${spec?.defaultBackend ? await text(spec.defaultBackend) : ""}`);
    const tls = (spec?.tls ?? []).map(({ hosts = [], secretName }) =>
      secretName ? `  ${secretName} terminates ${hosts.join(",")}` : `  SNI routes ${hosts.join(",")}`,
    );
    return [
      `Name:\t${metadata.name}`,
      ...labelLines("Labels", metadata.labels),
      `Namespace:\t${metadata.namespace}`,
      `Address:\t${(status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname).join(",")}`,
      `Ingress Class:\t${spec?.ingressClassName ?? "<none>"}`,
      `Default backend:\t${spec?.defaultBackend ? await text(spec.defaultBackend) : "<default>"}`,
      ...(tls.length > 0 ? ["TLS:", ...tls] : []),
      "Rules:",
      "  Host\tPath\tBackends",
      "  ----\t----\t--------",
      ...rules,
      ...annotationLines(object),
    ];
  },
};

type Rule = { readonly ports?: any[]; readonly from?: any[]; readonly to?: any[] };

function ruleLines(rules: readonly Rule[], direction: "from" | "to"): string[] {
  const [title, without] = direction === "from" ? ["From", "source"] : ["To", "destination"];
  if (rules.length === 0)
    return [`    <none> (Selected pods are isolated for ${direction === "from" ? "ingress" : "egress"} connectivity)`];
  return rules.flatMap((rule, at) => {
    const ports = rule.ports ?? [];
    const peers = rule[direction] ?? [];
    return [
      ...(ports.length === 0
        ? ["    To Port: <any> (traffic allowed to all ports)"]
        : ports.map(({ port, protocol = "TCP" }) => `    To Port: ${port ?? "<any>"}/${protocol}`)),
      ...(peers.length === 0
        ? [`    ${title}: <any> (traffic not restricted by ${without})`]
        : peers.flatMap((peer) => [`    ${title}:`, ...peerLines(peer)])),
      ...(at < rules.length - 1 ? ["    ----------"] : []),
    ];
  });
}

function peerLines({ namespaceSelector, podSelector, ipBlock }: any): string[] {
  if (namespaceSelector || podSelector)
    return [
      ...(namespaceSelector ? [`      NamespaceSelector: ${labelSelectorText(namespaceSelector) || "<none>"}`] : []),
      ...(podSelector ? [`      PodSelector: ${labelSelectorText(podSelector) || "<none>"}`] : []),
    ];
  return ["      IPBlock:", `        CIDR: ${ipBlock?.cidr ?? ""}`, `        Except: ${(ipBlock?.except ?? []).join(", ")}`];
}

export const networkPolicy: Describer = {
  withoutEvents: true,
  lines(object) {
    const { metadata, spec } = object as unknown as NetworkPolicy;
    const types: readonly string[] = spec?.policyTypes ?? [];
    const [date = "", clock = ""] = (metadata.creationTimestamp ?? "").replace("Z", "").split("T");
    const selector = labelSelectorText(spec?.podSelector);
    return [
      `Name:\t${metadata.name}`,
      `Namespace:\t${metadata.namespace}`,
      `Created on:\t${date} ${clock} +0000 UTC`,
      ...labelLines("Labels", metadata.labels),
      ...annotationLines(object),
      "Spec:",
      `  PodSelector:     ${!spec?.podSelector || selector === "" || selector === "<none>" ? "<none> (Allowing the specific traffic to all pods in this namespace)" : selector}`,
      ...(types.includes("Ingress")
        ? ["  Allowing ingress traffic:", ...ruleLines((spec?.ingress ?? []) as Rule[], "from")]
        : ["  Not affecting ingress traffic"]),
      ...(types.includes("Egress")
        ? ["  Allowing egress traffic:", ...ruleLines((spec?.egress ?? []) as Rule[], "to")]
        : ["  Not affecting egress traffic"]),
      `  Policy Types: ${types.join(", ")}`,
    ];
  },
};
