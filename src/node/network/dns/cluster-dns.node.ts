/** Cluster DNS on its Service's address: the tenth of the range, which the first node's bridge bears. */
import type { Log } from "../../../base/log.ts";
import type { ServiceProxy } from "../../network.ts";
import { mustRun, runCommand } from "../../oci/command.node.ts";
import { addressAt } from "../ipv4.ts";
import { bridgeName } from "../names.ts";
import { startDnsServer } from "./dns-server.node.ts";

/** Where Pods ask, for a range of Service addresses. */
export const clusterDnsIp = (serviceCidr: string): string => addressAt(serviceCidr, 10);

export interface ClusterDnsOptions {
  readonly instance: string;
  readonly serviceCidr: string;
  /** The range of all nodes' Pods. */
  readonly podCidr: string;
  readonly domain: string;
  readonly log: Log;
}

/**
 * Listens on the Service's own address, and on the first node's, which is what the Service's endpoint names. Resolves when Pods can ask. The first node's network must be there; `close` takes the address away.
 */
export async function startClusterDns(options: ClusterDnsOptions): Promise<ServiceProxy> {
  const { instance, serviceCidr, podCidr, domain, log } = options;
  const address = clusterDnsIp(serviceCidr);
  const link = bridgeName(instance, 0);
  await mustRun(["ip", "address", "replace", `${address}/32`, "dev", link]);
  const server = await startDnsServer({ addresses: [address, addressAt(podCidr, 1)], domain, ranges: [serviceCidr, podCidr], log });
  return {
    ...server,
    async close() {
      await server.close();
      await runCommand(["ip", "address", "delete", `${address}/32`, "dev", link]);
    },
  };
}
