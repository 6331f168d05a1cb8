/** Ports of the node itself that Pods claim: the scheduler and the node must agree on who is in whose way. */
import type { Pod } from "../api/types.ts";

/** A port of the node that a Pod claims. */
export interface HostPort {
  /** 0.0.0.0 for all addresses of the node. */
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
}

/** The host ports that a Pod claims, those of its sidecars among them; with hostNetwork each declared port is one. */
export function hostPortsOf(pod: Pod): HostPort[] {
  const claimed: HostPort[] = [];
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      const number = port.hostPort || (pod.spec?.hostNetwork ? port.containerPort : 0);
      if (number) claimed.push({ ip: port.hostIP || "0.0.0.0", port: number, protocol: port.protocol ?? "TCP" });
    }
  }
  return claimed;
}

/** Whether two host ports can't both be open on one node. */
export const portsCollide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === "0.0.0.0" || b.ip === "0.0.0.0");
