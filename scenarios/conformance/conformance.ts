/**
 * The stage of the conformance checks: one cluster for a file of them, on simulated nodes and the machine's clock, and a namespace of
 * its own for every check. Each check is named by the official test that it follows.
 */
import { after, before } from "node:test";
import { type Cluster, type ClusterOptions, startCluster } from "../../src/testing.ts";
import { until } from "../harness/until.ts";
import { type Wire, wireOf } from "./wire.ts";

export interface Stage {
  /** There once the file's checks run. */
  readonly cluster: Cluster;
  readonly wire: Wire;
  /** A new namespace in which Pods may be created; returns its name. */
  namespace(): Promise<string>;
}

/** Opens a cluster for the checks of a file, calls `onOpen` with it, and closes it after the last check. */
export function stage(options: ClusterOptions = {}, onOpen?: (cluster: Cluster) => void): Stage {
  let cluster: Cluster | undefined;
  let wire: Wire | undefined;
  let namespaces = 0;
  before(async () => {
    cluster = await startCluster({ nodes: 2, ...options });
    wire = wireOf(cluster.kubeconfig);
    onOpen?.(cluster);
  });
  after(async () => {
    wire?.close();
    await cluster?.stop();
  });
  const opened = <T>(thing: T | undefined): T => {
    if (thing === undefined) throw new Error("the stage is open only while checks run");
    return thing;
  };
  return {
    get cluster() {
      return opened(cluster);
    },
    get wire() {
      return opened(wire);
    },
    async namespace() {
      const name = `conformance-${++namespaces}`;
      const spoken = opened(wire);
      await spoken.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { "e2e-run": "here" } } });
      await until(
        `${name} has its service account`,
        async () => (await spoken.ask("GET", `/api/v1/namespaces/${name}/serviceaccounts/default`)).status === 200,
      );
      return name;
    },
  };
}

/** The plain Pod of many checks. */
export const pod = (name: string, labels: Record<string, string> = {}, spec: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: "agnhost:2" }], ...spec },
});

/** A template for controllers. */
export const template = (labels: Record<string, string>, image = "httpd:1") => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image }] },
});
