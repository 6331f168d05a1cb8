/** A Pod's sandbox as the runtime takes it. */
import type { Pod } from "../../api/types.ts";
import type { SandboxSpec } from "../runtime.ts";
import type { NodeAgentConfig } from "./config.ts";
import { podDns, sandboxHostname } from "./pod-network-files.ts";

const none: Readonly<Record<string, string>> = Object.freeze({});

/** `attempt` counts the Pod's sandboxes from 0. */
export function buildSandboxSpec(pod: Pod, config: NodeAgentConfig, attempt: number): SandboxSpec {
  const { metadata, spec } = pod;
  const sysctls = spec?.securityContext?.sysctls;
  return {
    podUid: metadata.uid as string,
    podName: metadata.name as string,
    podNamespace: metadata.namespace as string,
    attempt,
    hostname: spec?.hostNetwork ? config.hostname : sandboxHostname(pod, config.clusterDomain),
    hostNetwork: spec?.hostNetwork === true,
    hostPid: spec?.hostPID === true,
    hostIpc: spec?.hostIPC === true,
    shareProcessNamespace: spec?.shareProcessNamespace === true,
    dns: dnsOf(pod, config),
    ports: hostPorts(pod),
    sysctls: sysctls ? Object.fromEntries(sysctls.map(({ name, value }) => [name, value])) : none,
    annotations: metadata.annotations ?? none,
  };
}

/** The resolver's configuration of a Pod on this node. */
export const dnsOf = (pod: Pod, config: NodeAgentConfig): SandboxSpec["dns"] =>
  podDns(pod, { clusterDns: config.clusterDns, clusterDomain: config.clusterDomain, host: config.hostDns });

const noPorts: SandboxSpec["ports"] = Object.freeze([]);

function hostPorts(pod: Pod): SandboxSpec["ports"] {
  if (pod.spec?.hostNetwork) return noPorts;
  const ports: SandboxSpec["ports"][number][] = [];
  for (const container of pod.spec?.containers ?? []) {
    for (const port of container.ports ?? []) {
      if (!port.hostPort) continue;
      ports.push({
        containerPort: port.containerPort,
        hostPort: port.hostPort,
        ...(port.hostIP !== undefined && { hostIp: port.hostIP }),
        protocol: (port.protocol ?? "TCP") as "TCP" | "UDP" | "SCTP",
      });
    }
  }
  return ports.length === 0 ? noPorts : ports;
}
