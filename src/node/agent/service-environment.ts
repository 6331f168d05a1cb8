/** Environment variables that lead to Services (KUB-76). */
import type { Service } from "../../api/types.ts";

const hasAddress = (service: Service): boolean => {
  const address = service.spec?.clusterIP;
  return address !== undefined && address !== "" && address !== "None";
};

/**
 * The variables of the Services that a Pod of `namespace` sees: those of its namespace where `links` is wanted, and in
 * any case the API's own (`kubernetes` of `default`). For a Service `web` on port 80 named `http`:
 * WEB_SERVICE_HOST, WEB_SERVICE_PORT, WEB_SERVICE_PORT_HTTP, WEB_PORT, WEB_PORT_80_TCP, …_PROTO, …_PORT, …_ADDR.
 */
export function serviceEnvironment(namespace: string, services: Iterable<Service>, links: boolean): [string, string][] {
  const visible = new Map<string, Service>();
  for (const service of services) {
    const name = service.metadata.name as string;
    if (!hasAddress(service)) continue;
    const own = service.metadata.namespace === namespace && links;
    const api = service.metadata.namespace === "default" && name === "kubernetes";
    // The Pod's own namespace wins where both have a Service of that name.
    if (own || (api && !visible.has(name))) visible.set(name, service);
  }
  const variables: [string, string][] = [];
  for (const name of [...visible.keys()].sort()) addService(variables, visible.get(name) as Service);
  return variables;
}

function addService(variables: [string, string][], service: Service): void {
  const ports = service.spec?.ports ?? [];
  const first = ports[0];
  if (!first) return;
  const name = variableName(service.metadata.name as string);
  const host = service.spec?.clusterIP as string;
  variables.push([`${name}_SERVICE_HOST`, host], [`${name}_SERVICE_PORT`, String(first.port)]);
  for (const port of ports) {
    if (port.name) variables.push([`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]);
  }
  const url = (port: { port: number; protocol?: string }): string =>
    `${(port.protocol ?? "TCP").toLowerCase()}://${host.includes(":") ? `[${host}]` : host}:${port.port}`;
  variables.push([`${name}_PORT`, url(first)]);
  for (const port of ports) {
    const protocol = port.protocol ?? "TCP";
    const prefix = `${name}_PORT_${port.port}_${protocol.toUpperCase()}`;
    variables.push(
      [prefix, url(port)],
      [`${prefix}_PROTO`, protocol.toLowerCase()],
      [`${prefix}_PORT`, String(port.port)],
      [`${prefix}_ADDR`, host],
    );
  }
}

const variableName = (name: string): string => name.toUpperCase().replaceAll("-", "_");
