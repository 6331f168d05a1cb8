/** Takes away everything an engine made outside its home: containers, mounts, links, rules, claims. Works on what a killed engine left. */
import { existsSync } from "node:fs";
import { type Home, runningEngine } from "./home.node.ts";
import { findInstance, releaseInstance } from "./instance.node.ts";
import { removeRealNodes } from "./real-nodes.node.ts";

/** Idempotent. Objects, images and certificates in the home stay. Refuses while the engine runs in another process. */
export async function takeDown(home: Home): Promise<void> {
  const running = runningEngine(home);
  if (running && running.pid !== process.pid) throw new Error(`the engine in ${home.path} still runs (pid ${running.pid})`);
  const instance = findInstance(home.path);
  if (instance && (existsSync(home.runtime) || existsSync(home.pods))) await removeRealNodes(home, instance);
  if (instance) releaseInstance(instance);
}
