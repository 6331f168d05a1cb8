/** Causes in the words of other clusters: named right, and within three seconds of their evidence being in the API. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Deployment } from "../../api/kinds/deployment/index.ts";
import { Event } from "../../api/kinds/event/index.ts";
import { Node } from "../../api/kinds/node/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import type { Event as EventObject, Pod as PodObject } from "../../api/types.ts";
import { silentLog } from "../../base/log.ts";
import { seededRandom } from "../../base/random.ts";
import { formatTime, parseTime } from "../../base/time.ts";
import { type Cluster, startCluster } from "../../cluster/start-cluster.node.ts";
import { deploymentKind } from "../kinds/deployment.ts";
import { sampleDeployment, sampleEvent, sampleNowMs } from "../samples.suite.ts";
import { followRollout } from "../view/follow.ts";
import { explain } from "./explain.ts";
import { type Explanation, nothingRelated } from "./explanation.ts";
import { type RecordedCause, recordedCauses } from "./recorded.suite.ts";

const promiseMs = 3000;
const podName = "web-new-1";

const sampleOf = ({ pod }: RecordedCause) =>
  sampleDeployment({ status: { updatedReplicas: 1, availableReplicas: 2 }, pods: [{ name: podName, ...pod }] });
const eventsOf = ({ events = [] }: RecordedCause): EventObject[] =>
  events.map(({ reason, message, ...options }) => sampleEvent(`uid-${podName}`, reason, message, options));
const wayOutText = ({ wayOut }: Explanation): string => wayOut.map(({ about, command }) => command ?? about).join("\n");

for (const recorded of recordedCauses)
  test(recorded.about, () => {
    const [first] = explain(sampleOf(recorded), { ...nothingRelated, events: eventsOf(recorded) }, { nowMs: sampleNowMs });
    assert.ok(first, "nothing was explained");
    assert.deepEqual([first.code, first.certainty], [recorded.code, recorded.certainty], first.sentence);
    assert.match(first.sentence, recorded.sentence);
    if (recorded.wayOut) assert.match(wayOutText(first), recorded.wayOut);
  });

/** The same text with all its times moved. */
const moved = <T>(value: T, byMs: number): T =>
  JSON.parse(
    JSON.stringify(value).replace(/"(20\d\d-\d\d-\d\dT[\d:.]+Z)"/g, (_, time: string) =>
      JSON.stringify(formatTime((parseTime(time) as number) + byMs)),
    ),
  ) as T;

/** A workload with one Pod that nobody runs, of this template. */
async function deployed({ client, ...cluster }: Cluster, name: string, template: PodObject): Promise<PodObject> {
  const labels = { app: name };
  const { nodeName: _, ...spec } = template.spec ?? { containers: [] };
  await client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "default", name },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
  const pods = () => client.list(Pod, { namespace: "default", labelSelector: `app=${name}` });
  await cluster.until("the Pod is there", async () => (await pods()).items.length === 1);
  return (await pods()).items[0] as PodObject;
}

test(`every one of them is named within ${promiseMs / 1000} s of its evidence being in the API`, async (t) => {
  const cluster = await startCluster({ clock: "virtual", nodes: 0 });
  t.after(() => cluster.stop());
  const { client, clock } = cluster;
  const world = { clock, random: seededRandom(7), log: silentLog };
  const late: string[] = [];
  for (const [index, recorded] of recordedCauses.entries()) {
    const sample = sampleOf(recorded).pods[0]?.object as PodObject;
    const name = `web-${index}`;
    const pod = await deployed(cluster, name, sample);
    const key = { namespace: "default", name: pod.metadata.name as string };
    // A node that the scheduler leaves alone, and too young to be missed.
    const node = `node-${index}`;
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: node }, spec: { unschedulable: true } });
    if (sample.spec?.nodeName)
      await client.createSubresource(Pod, key, "binding", {
        apiVersion: "v1",
        kind: "Binding",
        metadata: key,
        target: { kind: "Node", name: node },
      });
    let namedMs: number | undefined;
    const starting = followRollout({
      client,
      world,
      kind: deploymentKind,
      key: { namespace: "default", name },
      changed(view) {
        if (view?.explanations.some(({ code }) => code === recorded.code)) namedMs ??= clock.now();
      },
    });
    await cluster.advance(0);
    const follower = await starting;
    const byMs = clock.now() - sampleNowMs;
    for (const [number, event] of eventsOf(recorded).entries())
      await client.create(Event, {
        ...moved(event, byMs),
        metadata: { namespace: "default", name: `${name}.${number}` },
        involvedObject: { ...event.involvedObject, kind: "Pod", ...key, uid: pod.metadata.uid as string },
      });
    namedMs = undefined;
    const evidentMs = clock.now();
    await client.patch(Pod, key, "merge", { status: moved(sample.status, byMs) }, { subresource: "status" });
    await cluster.advance(promiseMs);
    if (namedMs === undefined) late.push(`${recorded.about}: not named`);
    else if (namedMs - evidentMs > promiseMs) late.push(`${recorded.about}: after ${namedMs - evidentMs} ms`);
    follower.close();
    await client.delete(Deployment, { namespace: "default", name });
  }
  assert.deepEqual(late, []);
});
