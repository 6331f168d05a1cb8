/** The library for tests of controllers and deployment tools: a whole control plane in this process. */
export { kubernetesVersion } from "./cluster/engine.node.ts";
