/** All rollouts of a namespace, followed over shared watches in virtual time: what appears joins, what is deleted leaves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DaemonSet } from "../../api/kinds/daemon-set/index.ts";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { startCluster } from "../../cluster/start-cluster.node.ts";
import { workloadKinds } from "../workload-kinds.ts";
import { followSet } from "./follow-set.ts";
import type { RolloutView } from "./rollout-view.ts";

const labels = (name: string, set: string) => ({
  metadata: { namespace: "default", name, labels: { set } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: `shop/${name}:v1` }] } },
  },
});
const deployment = (name: string, set = "shop", replicas = 2) => {
  const { metadata, spec } = labels(name, set);
  return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { ...spec, replicas } };
};

test("what appears joins, what is deleted leaves, what is made again comes back; others' workloads are not looked at", async (t) => {
  const cluster = await startCluster({ clock: "virtual" });
  t.after(() => cluster.stop());
  const { client, clock } = cluster;
  const views = new Map<string, RolloutView | undefined>();
  const is = (name: string, verdict: string | undefined) => () => views.has(name) && views.get(name)?.verdict === verdict;
  await client.create(Deployment, deployment("web"));
  await client.create(Deployment, deployment("other", "else"));
  const starting = followSet({
    client,
    world: { clock, random: seededRandom(7), log: silentLog },
    kinds: workloadKinds,
    namespace: "default",
    labelSelector: "set=shop",
    changed: ({ key }, view) => views.set(key.name, view),
  });
  await cluster.advance(0);
  const follower = await starting;
  t.after(() => follower.close());
  assert.deepEqual([...views.keys()], ["web"], "what is there has been told of");
  await cluster.until("web is out", is("web", "complete"));
  await client.create(Deployment, deployment("api"));
  await cluster.until("api has joined and is out", is("api", "complete"));
  await client.delete(Deployment, { namespace: "default", name: "web" });
  await cluster.until("web has left", is("web", undefined));
  await client.create(Deployment, deployment("web", "shop", 3));
  await cluster.until("web is back", () => views.get("web")?.snapshot.pods.filter(({ available }) => available).length === 3);
  assert.ok(!views.has("other"));
});

test("DS-2: a node with a taint gets no Pod, and the complete DaemonSet says why", async (t) => {
  const cluster = await startCluster({ clock: "virtual", nodes: 3 });
  t.after(() => cluster.stop());
  const { client, clock } = cluster;
  await client.patch(Node, { name: "node-3" }, "merge", { spec: { taints: [{ key: "dedicated", value: "db", effect: "NoSchedule" }] } });
  const { metadata, spec } = labels("agent", "shop");
  await client.create(DaemonSet, { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec });
  let view: RolloutView | undefined;
  const starting = followSet({
    client,
    world: { clock, random: seededRandom(7), log: silentLog },
    kinds: workloadKinds,
    changed: (_, now) => {
      view = now;
    },
  });
  await cluster.advance(0);
  const follower = await starting;
  t.after(() => follower.close());
  await cluster.until("agent is out", () => view?.verdict === "complete");
  await cluster.until("the note is there", () => view?.explanations.some(({ code }) => code === "NodeLeftOut") === true, 10_000);
  const [note] = view?.explanations ?? [];
  assert.equal(note?.sentence, "Node node-3 gets no Pod of DaemonSet agent: taint dedicated=db:NoSchedule is not tolerated.");
  assert.equal(view?.verdict, "complete");
});
