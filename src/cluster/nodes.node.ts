/** The nodes of an engine: real ones where the machine can run containers, simulated ones elsewhere or on request. */
import type { World } from "../base/world.ts";
import type { NodeAgentConfig } from "../node/agent/config.ts";
import { detectOciRuntime, type OciTools } from "../node/oci/detect.node.ts";
import type { Engine } from "./engine.node.ts";
import type { Home } from "./home.node.ts";
import type { Instance } from "./instance.node.ts";
import { startRealNodes } from "./real-nodes.node.ts";
import { startSimulatedNode } from "./simulated-nodes.ts";

export interface NodePlan {
  readonly runtime: "oci" | "simulated";
  readonly count: number;
  /** Why Pods are simulated although nobody asked for it: one line, without a full stop. */
  readonly why?: string;
  readonly tools?: OciTools;
}

export interface Nodes {
  /** Ends every Pod's containers and the agents; Pod objects stay. */
  stop(): Promise<void>;
}

export interface NodesOptions {
  readonly engine: Engine;
  readonly world: World;
  readonly home: Home;
  readonly instance: Instance;
  readonly plan: NodePlan;
  /** What the agents of all nodes are told beside what follows from the machine. */
  readonly agent?: Partial<NodeAgentConfig>;
}

/** Finds out what this machine can do. Throws when real containers are demanded and impossible. */
export async function planNodes(wanted: "auto" | "oci" | "simulated", count: number): Promise<NodePlan> {
  if (wanted === "simulated") return { runtime: "simulated", count };
  const found = await detectOciRuntime();
  if (!("unavailable" in found)) return { runtime: "oci", count, tools: found };
  if (wanted === "oci") throw new Error(`real containers are not possible here: ${found.unavailable}`);
  return { runtime: "simulated", count, why: found.unavailable };
}

/** The name of a node, by its number from 0. */
export const nodeName = (index: number): string => `windlass-${index + 1}`;

/** Starts the nodes; resolves when all of them are registered. */
export async function startNodes(options: NodesOptions): Promise<Nodes> {
  const { engine, world, plan } = options;
  if (plan.runtime === "oci" && plan.tools && plan.count > 0)
    return startRealNodes({ ...options, tools: plan.tools, names: names(plan.count) });
  for (const [index, name] of names(plan.count).entries()) {
    engine.agents.set(
      name,
      await startSimulatedNode(engine.plane, world, { name, index, ...(options.agent && { config: options.agent }) }),
    );
  }
  return { stop: async () => {} };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => nodeName(index));
