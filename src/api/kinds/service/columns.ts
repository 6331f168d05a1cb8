/** What `kubectl get services` shows (TAB-11). */
import type { Column } from "../../kind.ts";
import type { Service } from "../../types.ts";
import { ageColumn, labelsCell, nameColumn, textColumn, wide } from "../columns.ts";

const loadBalancerWidth = 16;

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  textColumn("Type", (service) => service.spec?.type ?? ""),
  textColumn("Cluster-IP", (service) => service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP ?? "<none>"),
  textColumn("External-IP", externalIpCell),
  textColumn("Port(s)", portsCell),
  ageColumn,
  wide(textColumn("Selector", (service) => labelsCell(service.spec?.selector))),
];

function externalIpCell(service: Service): string {
  const externalIps = service.spec?.externalIPs ?? [];
  switch (service.spec?.type) {
    case "LoadBalancer": {
      const addresses = [...new Set((service.status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip || entry.hostname || ""))];
      const balanced = addresses
        .filter((address) => address !== "")
        .sort()
        .join(",");
      const short = balanced.length > loadBalancerWidth ? `${balanced.slice(0, loadBalancerWidth - 3)}...` : balanced;
      return [...(short === "" ? [] : [short]), ...externalIps].join(",") || "<pending>";
    }
    case "ExternalName":
      return service.spec.externalName ?? "";
    default:
      return externalIps.join(",") || "<none>";
  }
}

function portsCell(service: Service): string {
  const ports = (service.spec?.ports ?? []).map((port) => `${port.port}${port.nodePort ? `:${port.nodePort}` : ""}/${port.protocol}`);
  return ports.join(",") || "<none>";
}
