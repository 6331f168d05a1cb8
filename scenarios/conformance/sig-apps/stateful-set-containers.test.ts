/** StatefulSets of real containers whose readiness is taken away and given back, as the official tests do by reaching into them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { apps, core, type Engine, startEngine } from "../../harness/engine.ts";
import { until } from "../../harness/until.ts";
import { create, inside, isReady, shellContainer, waitForEver } from "../containers.ts";

const patienceMs = 120_000;

const statefulSet = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name },
  spec: {
    serviceName: name,
    replicas: 3,
    selector: { matchLabels: { app: name } },
    ...spec,
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          shellContainer(`touch /tmp/ready; ${waitForEver}`, {
            env: [{ name: "RELEASE", value: "1" }],
            readinessProbe: { exec: { command: ["test", "-e", "/tmp/ready"] }, periodSeconds: 1, failureThreshold: 1 },
          }),
        ],
      },
    },
  },
});

const statusOf = async (engine: Engine, name: string): Promise<any> => (await engine.read(`${apps}/statefulsets/${name}`)).status;
const podsOf = async (engine: Engine, name: string): Promise<any[]> =>
  (await engine.read(`${core}/pods?labelSelector=app%3D${name}`)).items.sort((a: any, b: any) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );
const readyNames = async (engine: Engine, name: string): Promise<string> =>
  (await podsOf(engine, name))
    .filter(isReady)
    .map(({ metadata }) => metadata.name)
    .join();
const where = (engine: Engine, name: string, what: string, look: (pods: any[], status: any) => unknown): Promise<unknown> =>
  until(`${name}: ${what}`, async () => look(await podsOf(engine, name), await statusOf(engine, name)), { withinMs: patienceMs });

const unready = async (engine: Engine, pod: string): Promise<void> => {
  await inside(engine, pod, "rm -f /tmp/ready");
  await until(`${pod} is not ready`, async () => !isReady(await engine.read(`${core}/pods/${pod}`)), { withinMs: patienceMs });
};

const again = (engine: Engine, pod: string): Promise<string> => inside(engine, pod, "touch /tmp/ready");

test("stateful sets", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  await create(engine, [
    statefulSet("rolled", {}),
    statefulSet("ordered", { replicas: 1 }),
    statefulSet("burst", { replicas: 1, podManagementPolicy: "Parallel" }),
  ]);

  const basic = "StatefulSet Basic StatefulSet functionality [StatefulSetBasic]";
  await t.test(`${basic} should perform rolling updates and roll backs of template modifications`, async () => {
    await where(engine, "rolled", "all are ready", (_, { readyReplicas }) => readyReplicas === 3);
    const first = await statusOf(engine, "rolled");
    const finished = (revision: string, release: string) =>
      where(
        engine,
        "rolled",
        `all are of release ${release}`,
        (pods, status) =>
          status.currentRevision === revision &&
          status.updateRevision === revision &&
          status.readyReplicas === 3 &&
          pods.length === 3 &&
          pods.every(({ spec }) => spec.containers[0].env[0].value === release),
      );
    await unready(engine, "rolled-1");
    await engine.run("kubectl set env statefulset/rolled RELEASE=2");
    const second = (await until("there is another revision", async () => {
      const { updateRevision } = await statusOf(engine, "rolled");
      return updateRevision !== first.updateRevision && updateRevision;
    })) as string;
    await again(engine, "rolled-1");
    await finished(second, "2");
    const times = (await podsOf(engine, "rolled")).map(({ metadata }) => Date.parse(metadata.creationTimestamp));
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
      "the last Pod is replaced first",
    );
    await unready(engine, "rolled-1");
    await engine.run("kubectl rollout undo statefulset/rolled");
    await again(engine, "rolled-1");
    await finished(first.currentRevision, "1");
  });

  await t.test(`${basic} Scaling should happen in predictable order and halt if any stateful pod is unhealthy`, async () => {
    await where(engine, "ordered", "its Pod is ready", (_, { readyReplicas }) => readyReplicas === 1);
    await unready(engine, "ordered-0");
    await engine.run("kubectl scale statefulset ordered --replicas=3");
    await where(engine, "ordered", "the change is seen", (_, status) => status.observedGeneration === 2);
    assert.equal((await podsOf(engine, "ordered")).length, 1);
    await again(engine, "ordered-0");
    await until("three are ready", async () => (await readyNames(engine, "ordered")) === "ordered-0,ordered-1,ordered-2", {
      withinMs: patienceMs,
    });
    for (const pod of ["ordered-0", "ordered-1", "ordered-2"]) await unready(engine, pod);
    await engine.run("kubectl scale statefulset ordered --replicas=0");
    await where(engine, "ordered", "the change is seen", (_, status) => status.observedGeneration === 3);
    assert.equal((await podsOf(engine, "ordered")).length, 3);
    // Then the last one is the only one that is unhealthy, and goes for that.
    for (const pod of ["ordered-0", "ordered-1"]) await again(engine, pod);
    await where(engine, "ordered", "all are gone", (pods) => pods.length === 0);
    const events = (await engine.read(`${core}/events?fieldSelector=involvedObject.name%3Dordered`)).items;
    const told = events
      .filter(({ reason }: any) => ["SuccessfulCreate", "SuccessfulDelete"].includes(reason))
      .toSorted((a: any, b: any) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ message }: any) => /^(create|delete) Pod (\S+)/.exec(message)?.slice(1).join(" "));
    assert.deepEqual(told, [
      "create ordered-0",
      "create ordered-1",
      "create ordered-2",
      "delete ordered-2",
      "delete ordered-1",
      "delete ordered-0",
    ]);
  });

  await t.test(`${basic} Burst scaling should run to completion even with unhealthy pods`, async () => {
    await where(engine, "burst", "its Pod is ready", (_, { readyReplicas }) => readyReplicas === 1);
    await unready(engine, "burst-0");
    await engine.run("kubectl scale statefulset burst --replicas=3");
    await until("the others are ready", async () => (await readyNames(engine, "burst")) === "burst-1,burst-2", { withinMs: patienceMs });
    await engine.run("kubectl scale statefulset burst --replicas=0");
    await where(engine, "burst", "all are gone", (pods, { replicas }) => pods.length === 0 && replicas === 0);
  });
});
