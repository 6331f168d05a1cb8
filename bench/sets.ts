/**
 * StatefulSets and DaemonSets of simulated Pods on the machine's clock over a durable store: made, updated, and back. The promise
 * of each strategy is checked after every event of a watch on its Pods.
 *
 *     npm run bench -- sets
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DaemonSet, StatefulSet } from "../src/api/types.ts";
import { startEngine } from "./engine.ts";
import type { Access } from "./load/access.ts";
import { openConnection } from "./load/http2-connection.ts";
import { type Figure, median, progress, report } from "./figures.ts";
import {
  daemonSets,
  type Rolled,
  remove,
  rollout,
  send,
  statefulSets,
  templateOf,
  type Workload,
  watchBudget,
  watchRollouts,
} from "./rollouts.ts";

const members = 100;
const nodes = 1000;
const runs = 3;

interface Case<T extends Workload> {
  readonly title: string;
  readonly kind: Rolled<T>;
  readonly nodes: number;
  /** How many Pods there are, and how many of them may be missing at once. */
  readonly pods: number;
  readonly mayMiss: number;
  of(name: string, version: number): T;
}

const stateful = (spec: object) => (name: string, version: number) =>
  ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, namespace: "default" },
    spec: { replicas: members, selector: { matchLabels: { app: name } }, template: templateOf(name, version), ...spec },
  }) as StatefulSet;

const daemon = (name: string, version: number) =>
  ({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace: "default" },
    spec: {
      selector: { matchLabels: { app: name } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
      template: templateOf(name, version),
    },
  }) as DaemonSet;

const ordered: Case<StatefulSet> = {
  title: `StatefulSet of ${members}, one after another`,
  kind: statefulSets,
  nodes: 3,
  pods: members,
  mayMiss: 1,
  of: stateful({}),
};
const parallel: Case<StatefulSet> = {
  title: `StatefulSet of ${members}, Parallel, maxUnavailable 10`,
  kind: statefulSets,
  nodes: 3,
  pods: members,
  mayMiss: 10,
  of: stateful({
    podManagementPolicy: "Parallel",
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 10 } },
  }),
};
const everywhere: Case<DaemonSet> = {
  title: `DaemonSet on ${nodes.toLocaleString("en")} nodes, maxUnavailable 10 %`,
  kind: daemonSets,
  nodes,
  pods: nodes,
  mayMiss: nodes / 10,
  of: daemon,
};

const figures: Figure[] = [];
let broken = 0;
let events = 0;

/** Waits until all nodes are there: how fast they come is not what is measured. */
async function registered(access: Access, count: number): Promise<void> {
  const connection = await openConnection(access);
  while (((await send(connection, access, "GET", "/api/v1/nodes")) as { items: unknown[] }).items.length < count) await sleep(100);
  connection.close();
}

async function measure<T extends Workload>({ title, kind, nodes, pods, mayMiss, of }: Case<T>): Promise<void> {
  const engine = await startEngine({ nodes });
  const { access } = engine;
  await registered(access, nodes);
  const watching = await watchRollouts(access, kind);
  const times: [number[], number[], number[]] = [[], [], []];
  for (let run = 0; run < runs; run++) {
    const name = `set-${run}`;
    times[0].push(await rollout(access, watching, "POST", of(name, 1)));
    const budget = await watchBudget(access, name, pods - mayMiss, pods);
    times[1].push(await rollout(access, watching, "PATCH", of(name, 2)));
    times[2].push(await rollout(access, watching, "PATCH", of(name, 1)));
    const outcome = budget();
    broken += outcome.broken;
    events += outcome.events;
    progress(`${title}: ${times.map((each) => `${Math.round(each.at(-1) ?? 0)} ms`).join(", ")}; ${JSON.stringify(outcome)}`);
    await remove(access, kind, name);
  }
  watching.close();
  const [createMs, updateMs, undoMs] = times.map(median) as [number, number, number];
  figures.push({ name: `${title}, create`, figure: createMs, unit: "ms" });
  figures.push({ name: `${title}, update`, figure: updateMs, unit: "ms" });
  figures.push({ name: `${title}, undo`, figure: undoMs, unit: "ms" });
  await engine.stop();
}

await measure(ordered);
await measure(parallel);
await measure(everywhere);
figures.push({
  name: "events after which a promise was broken",
  figure: broken,
  unit: "",
  target: { atMost: 0 },
  note: `of ${events.toLocaleString("en")} looked at`,
});
report("sets", figures);
