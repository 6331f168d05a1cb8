/** Nodes that run no container: agents over the simulated runtime, many of them in one process, on any clock. */
import type { World } from "../base/world.ts";
import { type NodeAgent, startNodeAgent } from "../node/agent/agent.ts";
import type { NodeAgentConfig } from "../node/agent/config.ts";
import type { SimulatedBehaviour } from "../node/simulated/annotations.ts";
import { simulatedFiles } from "../node/simulated/simulated-files.ts";
import { type SimulatedRuntimeOptions, simulatedRuntime } from "../node/simulated/simulated-runtime.ts";
import type { ControlPlane } from "./control-plane.ts";

export interface SimulatedNodeOptions {
  readonly name: string;
  /** From 0: chooses the node's address and its Pods' address range. */
  readonly index: number;
  readonly behaviour?: Partial<SimulatedBehaviour>;
  readonly imageFails?: SimulatedRuntimeOptions["imageFails"];
  readonly config?: Partial<NodeAgentConfig>;
}

/** The address range of a simulated node's Pods: 254 addresses each, 65,536 nodes. */
const simulatedPodCidr = (index: number): string => `10.${128 + (index >> 8)}.${index & 255}.0/24`;

/** Starts the agent of a simulated node; resolves when its Node is registered. */
export function startSimulatedNode(plane: ControlPlane, world: World, options: SimulatedNodeOptions): Promise<NodeAgent> {
  const podCidr = options.config?.podCidr ?? simulatedPodCidr(options.index);
  const nodeIp = options.config?.nodeIp ?? `172.${16 + (options.index >> 16)}.${(options.index >> 8) & 255}.${options.index & 255}`;
  const runtime = simulatedRuntime({
    world,
    podCidr,
    nodeIp,
    ...(options.behaviour && { behaviour: options.behaviour }),
    ...(options.imageFails && { imageFails: options.imageFails }),
  });
  const user = { name: `system:node:${options.name}`, groups: ["system:nodes", "system:authenticated"] };
  return startNodeAgent({
    nodeName: options.name,
    client: plane.clientFor(user, "kubelet"),
    informers: plane.informers,
    recorder: plane.events.recorderFor("kubelet", options.name),
    runtime,
    prober: runtime.prober,
    files: simulatedFiles(),
    world,
    // No traffic is led anywhere here.
    drain: async () => {},
    config: { ...options.config, nodeIp, podCidr, hostname: options.name },
  });
}
