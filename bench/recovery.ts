/**
 * SIGKILL and a new start: until the API answers again, with the work that was under way.
 *
 *     npm run bench -- recovery
 */
import { homeWith, startEngine } from "./engine.ts";
import { type Figure, kubernetes, median, progress, report } from "./figures.ts";
import { openConnection } from "./load/http2-connection.ts";
import { load } from "./load/load.ts";
import { deploymentOf, rollout, send, watchDeployments } from "./rollouts.ts";
import { setTimeout as sleep } from "node:timers/promises";

const kills = 3;
const figures: Figure[] = [];

for (const [objects, atMost, peer] of [
  [10_000, 400, 4850],
  [100_000, 1500, 4750],
] as const) {
  const home = await homeWith(objects);
  const times: number[] = [];
  let engine = await startEngine({ home });
  for (let kill = 0; kill < kills; kill++) {
    // Killed while it writes.
    const writing = load({ job: "create", access: engine.access, clients: 16, connections: 2, seconds: 10, namespace: "more" });
    await sleep(1500);
    await engine.kill();
    await writing.catch(() => {});
    engine = await startEngine({ home });
    times.push(engine.readyMs);
  }
  progress(`${objects.toLocaleString("en")} objects: ${times.map(Math.round).join(", ")} ms`);
  const name = `SIGKILL under load until ready, ${objects.toLocaleString("en")} objects`;
  figures.push({ name, figure: median(times), unit: "ms", target: { atMost }, peer: kubernetes(peer, "time") });
  await engine.stop();
}
{
  const first = await startEngine({ nodes: 15 });
  const watching = await watchDeployments(first.access);
  await rollout(first.access, watching, "POST", deploymentOf("web", 1000, 1));
  const rolling = rollout(first.access, watching, "PATCH", deploymentOf("web", 1000, 2)).catch(() => {});
  await sleep(300);
  await first.kill();
  watching.close();
  void rolling;
  const second = await startEngine({ home: first.home, nodes: 15 });
  const connection = await openConnection(second.access);
  const path = "/apis/apps/v1/namespaces/default/deployments/web";
  const updated = async (): Promise<number> => {
    const { status } = (await send(connection, second.access, "GET", path)) as { status?: { updatedReplicas?: number } };
    return status?.updatedReplicas ?? 0;
  };
  const start = performance.now();
  const before = await updated();
  if (before < 1000) while ((await updated()) === before) await sleep(2);
  figures.push({
    name: "rollout of 1,000 Pods goes on after ready",
    figure: performance.now() - start,
    unit: "ms",
    target: { atMost: 100 },
  });
  const again = await watchDeployments(second.access);
  await again.complete("web", 2);
  figures.push({
    name: "that rollout complete after ready",
    figure: performance.now() - start,
    unit: "ms",
    note: `${before} were updated at the kill`,
  });
  again.close();
  connection.close();
  await second.stop();
}
report("recovery", figures);
