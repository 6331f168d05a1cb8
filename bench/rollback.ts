/**
 * Automatic rollback: a release whose image does not exist, applied to a Deployment that asks to go back on certain failure, until all
 * its Pods are of the release before and available again. Every round is another bad release; a round is right when it ended there,
 * and never had fewer available Pods than the Deployment promises.
 *
 *     npm run bench -- rollback
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConfigMap, Deployment } from "../src/api/types.ts";
import { startEngine } from "./engine.ts";
import { type Figure, median, progress, report } from "./figures.ts";
import { openConnection } from "./load/http2-connection.ts";
import { deploymentOf, deployments, rollout, send, watchBudget, watchRollouts } from "./rollouts.ts";

const rounds = 100;
const replicas = 10;
const lookEveryMs = 5;
const patienceMs = 30_000;
const goodImage = "app:1";

const engine = await startEngine({ nodes: 1 });
const { access } = engine;
const connection = await openConnection(access);
const path = `${deployments.path}/web`;
const histories = "/api/v1/namespaces/default/configmaps/web.deployment.releases";

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await sleep(lookEveryMs);
  }
}

const web = deploymentOf("web", replicas, 1);
web.metadata.annotations = { "windlass.dev/auto-rollback": "on-certain-failure", "windlass.dev/proven-after-seconds": "0" };
const watching = await watchRollouts(access, deployments);
await rollout(access, watching, "POST", web);
watching.close();

/** The last release that is remembered, once it is complete and its template proven. */
const proven = () =>
  until("the release is proven", async () => {
    const { data } = (await send(connection, access, "GET", histories)) as ConfigMap;
    const releases = JSON.parse(data?.releases ?? "[]") as { outcome: string; images: { app?: string }; proven?: string }[];
    const last = releases.at(-1);
    return last?.outcome === "completed" && last.images.app === goodImage && last.proven ? last : undefined;
  });

const times: number[] = [];
let right = 0;
for (let round = 1; round <= rounds; round++) {
  await proven();
  const budget = await watchBudget(access, "web", Math.ceil(replicas * 0.75), Math.ceil(replicas * 1.25));
  const annotations = { "simulated.windlass.dev/fail": "image" };
  const template = { metadata: { annotations }, spec: { containers: [{ name: "app", image: `broken:${round}` }] } };
  const start = performance.now();
  const { metadata } = (await send(connection, access, "PATCH", path, { spec: { template } })) as Deployment;
  const back = await until("all Pods are back", async () => {
    const seen = (await send(connection, access, "GET", path)) as Deployment;
    const isBack = (seen.status?.observedGeneration ?? 0) > (metadata.generation as number) && deployments.isComplete(seen);
    return isBack ? seen : undefined;
  });
  times.push(performance.now() - start);
  const { broken } = budget();
  const isRight = back.spec?.template?.spec?.containers[0]?.image === goodImage && broken === 0;
  if (isRight) right++;
  if (round % 10 === 0) progress(`${round} rounds, ${right} right, the last in ${Math.round(times.at(-1) as number)} ms`);
}
connection.close();
await engine.stop();

const figures: Figure[] = [
  { name: "bad image to 10 of 10 Pods of the release before, median", figure: median(times), unit: "ms", target: { atMost: 500 } },
  { name: "bad image to 10 of 10 Pods of the release before, longest", figure: Math.max(...times), unit: "ms" },
  { name: "rounds that ended right", figure: right, unit: "", target: { atLeast: rounds }, note: `of ${rounds}` },
];
report("rollback", figures);
