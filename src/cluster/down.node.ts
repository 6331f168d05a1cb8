/** `windlass down`: stops the engine of a home and whatever it runs; cleans up after one that was killed. */
import { systemClock } from "../base/system-world.node.ts";
import { sleep } from "../base/clock.ts";
import type { HomeOptions } from "../cli/engine-commands.ts";
import { type EngineState, homeAt, processStart, runningEngine } from "./home.node.ts";
import { findInstance } from "./instance.node.ts";
import { takeDown } from "./take-down.node.ts";

/** Containers get their grace; then everything is taken down by force. */
const stopPatienceMs = 90_000;
const lookEveryMs = 50;

/** Resolves with 0 when nothing of the engine is left. */
export async function down(options: HomeOptions): Promise<number> {
  const home = homeAt(options.home);
  const running = runningEngine(home);
  if (running) {
    process.kill(running.pid, "SIGTERM");
    if (!(await ended(running))) {
      console.error(`The engine (pid ${running.pid}) did not end in time and is killed.`);
      process.kill(running.pid, "SIGKILL");
      await ended(running);
    }
  } else if (!findInstance(home.path)) {
    console.log(`No engine is up in ${home.path}.`);
    return 0;
  }
  // An engine that ends in order has done this itself; it is cheap to make sure.
  await takeDown(home);
  console.log(`Windlass in ${home.path} is down. Its objects and images stay.`);
  return 0;
}

async function ended(engine: EngineState): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < stopPatienceMs; waitedMs += lookEveryMs) {
    if (processStart(engine.pid) !== engine.processStart) return true;
    await sleep(systemClock, lookEveryMs);
  }
  return false;
}
