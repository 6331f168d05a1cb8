/** Nodes with real containers. */
import type { World } from "../base/world.ts";
import type { OciTools } from "../node/oci/detect.node.ts";
import type { Engine } from "./engine.node.ts";
import type { Home } from "./home.node.ts";
import type { Instance } from "./instance.node.ts";

export interface RealNodesOptions {
  readonly engine: Engine;
  readonly world: World;
  readonly home: Home;
  readonly instance: Instance;
  readonly tools: OciTools;
  readonly names: readonly string[];
}

export async function startRealNodes(_options: RealNodesOptions): Promise<{ stop(): Promise<void> }> {
  throw new Error("no real nodes");
}

export async function removeRealNodes(_home: Home, _instance: Instance): Promise<void> {}
