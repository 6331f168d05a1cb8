/** How a node agent is set up. */
import type { SandboxSpec } from "../runtime.ts";

export interface NodeAgentConfig {
  /** The node's address, and what Pods with hostNetwork have. */
  readonly nodeIp: string;
  readonly hostname: string;
  readonly podCidr: string;
  /** Labels and taints of the Node beside those that every node has; applied when the Node is first registered. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly capacity: Readonly<Record<string, string>>;
  /** Capacity less what the machine keeps for itself. */
  readonly allocatable: Readonly<Record<string, string>>;
  readonly system: {
    readonly architecture: string;
    readonly operatingSystem: string;
    readonly osImage: string;
    readonly kernelVersion: string;
    readonly machineId: string;
    readonly bootId: string;
    readonly systemUuid: string;
  };
  readonly kubeletVersion: string;
  /** Cluster DNS as Pods see it; undefined: Pods resolve as the machine does. */
  readonly clusterDns: string | undefined;
  readonly clusterDomain: string;
  readonly hostDns: SandboxSpec["dns"];
  /** Restart back-off (KUB-1, KUB-2) and image pull back-off (KUB-5). */
  readonly restartBackOff: { readonly baseMs: number; readonly capMs: number };
  readonly pullBackOff: { readonly baseMs: number; readonly capMs: number };
  readonly leaseRenewMs: number;
  readonly leaseDurationSeconds: number;
  /** How often the Node's status is written when nothing changed. */
  readonly statusReportMs: number;
  /** Changes of a Pod's status that nobody waits for are gathered this long. Becoming ready, failing and ending are written at once. */
  readonly statusDelayMs: number;
  /** The port that the Node's status advertises for its agent; 0: none. */
  readonly agentPort: number;
}

/** What a small machine would have; every field can be given. */
export const defaultNodeAgentConfig: NodeAgentConfig = {
  nodeIp: "127.0.0.1",
  hostname: "windlass",
  podCidr: "10.244.0.0/24",
  labels: {},
  taints: [],
  capacity: { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "100Gi" },
  allocatable: { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "100Gi" },
  system: {
    architecture: "amd64",
    operatingSystem: "linux",
    osImage: "Windlass simulated node",
    kernelVersion: "6.0.0",
    machineId: "",
    bootId: "",
    systemUuid: "",
  },
  kubeletVersion: "v1.35.2",
  clusterDns: undefined,
  clusterDomain: "cluster.local",
  hostDns: { servers: [], searches: [], options: [] },
  restartBackOff: { baseMs: 10_000, capMs: 300_000 },
  pullBackOff: { baseMs: 10_000, capMs: 300_000 },
  leaseRenewMs: 10_000,
  leaseDurationSeconds: 40,
  statusReportMs: 300_000,
  statusDelayMs: 50,
  agentPort: 0,
};
