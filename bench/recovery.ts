/**
 * SIGKILL and a new start: until the API answers again, with the work that was under way.
 *
 *     npm run bench -- recovery
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pod } from "../src/api/types.ts";
import { homeWith, startEngine } from "./engine.ts";
import { type Figure, kubernetes, median, progress, report } from "./figures.ts";
import type { Access } from "./load/access.ts";
import { openConnection } from "./load/http2-connection.ts";
import { deploymentOf, deployments, rollout, send, watchRollouts } from "./rollouts.ts";

const kills = 3;
const writers = 16;
const writeMs = 1500;
const configMaps = "/api/v1/namespaces/default/configmaps";
const root = join(import.meta.dirname, "..");
const command = process.env.WINDLASS_BENCH_COMMAND ?? join(root, "bin", "windlass");
const archive = join(root, "images", "ch09-vweb.tar");
const figures: Figure[] = [];

let acknowledged = 0;
let lost = 0;
for (const [objects, atMost, peer] of [
  [10_000, 400, 4850],
  [100_000, 1500, 4750],
] as const) {
  const home = await homeWith(objects);
  const times: number[] = [];
  let engine = await startEngine({ home });
  for (let kill = 0; kill < kills; kill++) {
    const writing = write(engine.access, `kill-${kill}`);
    await sleep(writeMs);
    await engine.kill();
    const names = await writing;
    engine = await startEngine({ home });
    times.push(engine.readyMs);
    acknowledged += names.length;
    lost += await absent(engine.access, names);
  }
  progress(`${objects.toLocaleString("en")} objects: ${times.map(Math.round).join(", ")} ms`);
  const name = `SIGKILL under load until ready, ${objects.toLocaleString("en")} objects`;
  figures.push({ name, figure: median(times), unit: "ms", target: { atMost }, peer: kubernetes(peer, "time") });
  await engine.stop();
}
figures.push({
  name: "acknowledged writes lost",
  figure: lost,
  unit: "",
  target: { atMost: 0 },
  note: `of ${acknowledged.toLocaleString("en")} in ${2 * kills} kills`,
});
{
  const first = await startEngine({ nodes: 15 });
  const watching = await watchRollouts(first.access, deployments);
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
  const again = await watchRollouts(second.access, deployments);
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
if (process.getuid?.() === 0 && existsSync(archive)) figures.push(...(await adoption()));
report("recovery", figures);

/** Writes with many clients until the connection breaks; returns the names of the objects whose creation was answered. */
async function write(access: Access, prefix: string): Promise<string[]> {
  const connection = await openConnection(access);
  const names: string[] = [];
  const writer = async (client: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const name = `${prefix}-${client}-${n}`;
      await send(connection, access, "POST", configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
      names.push(name);
    }
  };
  await Promise.allSettled(Array.from({ length: writers }, (_, client) => writer(client)));
  return names;
}

async function absent(access: Access, names: readonly string[]): Promise<number> {
  const connection = await openConnection(access);
  const { items } = (await send(connection, access, "GET", configMaps)) as { items: { metadata: { name: string } }[] };
  connection.close();
  const there = new Set(items.map(({ metadata }) => metadata.name));
  return names.filter((name) => !there.has(name)).length;
}

/** Real containers run on while the engine is dead, and the next engine takes them over. */
async function adoption(): Promise<Figure[]> {
  let engine = await startEngine({ runtime: "oci", nodes: 1 });
  try {
    const loaded = spawnSync(command, ["image", "load", "--home", engine.home, archive], { encoding: "utf8" });
    if (loaded.status !== 0) throw new Error(`the image can't be loaded: ${loaded.stderr}`);
    const deployment = deploymentOf("kept", 3, 1);
    for (const container of deployment.spec?.template?.spec?.containers ?? []) container.image = "kiamol/ch09-vweb:v1";
    const watching = await watchRollouts(engine.access, deployments);
    await rollout(engine.access, watching, "POST", deployment);
    watching.close();
    const before = await containers(engine.access);
    await engine.kill();
    engine = await startEngine({ home: engine.home, runtime: "oci", nodes: 1 });
    const again = await watchRollouts(engine.access, deployments);
    await again.complete("kept", 1);
    again.close();
    const after = await containers(engine.access);
    const changed = before.filter((id) => !after.includes(id)).length;
    return [
      { name: "SIGKILL until ready, with 3 containers running", figure: engine.readyMs, unit: "ms" },
      { name: "running containers that were not taken over", figure: changed, unit: "", target: { atMost: 0 } },
    ];
  } finally {
    await engine.stop();
    rmSync(engine.home, { recursive: true, force: true });
  }
}

/** The ids of the containers that run. */
async function containers(access: Access): Promise<string[]> {
  const connection = await openConnection(access);
  const { items } = (await send(connection, access, "GET", "/api/v1/namespaces/default/pods")) as { items: Pod[] };
  connection.close();
  return items.flatMap(({ status }) =>
    (status?.containerStatuses ?? []).filter(({ state }) => state?.running).map((one) => `${one.containerID}`),
  );
}
