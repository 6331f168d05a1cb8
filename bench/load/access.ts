/** How to reach an API server, as the administrator's kubeconfig says it. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

export interface Access {
  readonly host: string;
  readonly port: number;
  /** PEM texts. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Reads a kubeconfig that has one cluster and one user with a client certificate. */
export function accessOf(path: string): Access {
  const config = parse(readFileSync(path, "utf8")) as {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const [cluster, user] = [config.clusters[0]?.cluster, config.users[0]?.user];
  if (!cluster || !user) throw new Error(`${path} names no cluster or no user`);
  const url = new URL(cluster.server);
  const text = (base64: string): string => Buffer.from(base64, "base64").toString("utf8");
  return {
    host: url.hostname,
    port: Number(url.port),
    ca: text(cluster["certificate-authority-data"]),
    cert: text(user["client-certificate-data"]),
    key: text(user["client-key-data"]),
  };
}
