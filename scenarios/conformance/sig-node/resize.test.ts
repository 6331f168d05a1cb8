/** Containers that are given other resources while they run, as the official tests of in-place resize do it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { core, startEngine } from "../../harness/engine.ts";
import { create, inside, isReady, podOf, podWhere, readPod, shellContainer, waitForEver } from "../containers.ts";

const burstable = (milli: number, mebi: number) => ({
  requests: { cpu: `${milli}m`, memory: `${mebi}Mi` },
  limits: { cpu: `${milli * 2}m`, memory: `${mebi * 2}Mi` },
});

test("in-place resize", async (t) => {
  const engine = await startEngine(t, { images: ["ch03-sleep.tar"] });
  const container = (name: string, resources: object, more = {}) => shellContainer(waitForEver, { name, resources, ...more });
  const restarts = [
    { resourceName: "cpu", restartPolicy: "NotRequired" },
    { resourceName: "memory", restartPolicy: "RestartContainer" },
  ];
  await create(engine, [
    podOf(
      "several",
      [
        container("c1", burstable(20, 32)),
        container("c2", burstable(20, 32)),
        container("c3", burstable(20, 32), { resizePolicy: restarts }),
        container("c4", { requests: { cpu: "20m", memory: "32Mi" } }),
        container("c5", { requests: { cpu: "20m" }, limits: { memory: "64Mi" } }),
        container("c6", {}),
      ],
      { restartPolicy: "Always" },
    ),
    podOf("one", [container("c1", burstable(20, 32))], { restartPolicy: "Always" }),
  ]);
  const resize = (name: string, wanted: Record<string, object>) =>
    engine.run(
      `kubectl patch pod ${name} --subresource=resize -p '${JSON.stringify({
        spec: { containers: Object.entries(wanted).map(([name, resources]) => ({ name, resources })) },
      })}'`,
    );
  const statusOf = (pod: any, name: string) => pod.status.containerStatuses.find((one: any) => one.name === name);
  const limits = async (pod: string, name: string): Promise<[number, number]> => {
    const [memory, cpu] = (
      await inside(
        engine,
        pod,
        "cd /sys/fs/cgroup; cat memory.max 2>/dev/null || cat memory/memory.limit_in_bytes; cut -d' ' -f1 cpu.max 2>/dev/null || cat cpu/cpu.cfs_quota_us",
        name,
      )
    ).split("\n");
    return [Number(memory) / 1024 ** 2, Number(cpu) / 100];
  };

  await t.test("Pod InPlace Resize Container burstable pods - extended 6 containers - various operations performed", async () => {
    const before = await podWhere(engine, "several", "is ready", isReady);
    const wanted: Record<string, any> = {
      c1: burstable(30, 48),
      c2: burstable(15, 32),
      c3: burstable(25, 40),
      c4: burstable(20, 32),
      c5: { requests: { cpu: "40m", memory: "32Mi" }, limits: { cpu: "80m", memory: "64Mi" } },
      c6: burstable(20, 32),
    };
    await resize("several", wanted);
    const pod = await podWhere(
      engine,
      "several",
      "has been resized",
      (seen) =>
        isReady(seen) &&
        Object.entries(wanted).every(
          ([name, resources]) => JSON.stringify(sorted(statusOf(seen, name).resources)) === JSON.stringify(sorted(resources)),
        ) &&
        statusOf(seen, "c3").restartCount === 1,
    );
    for (const [name, { requests, limits: allowed }] of Object.entries(wanted)) {
      assert.deepEqual(statusOf(pod, name).allocatedResources, requests);
      assert.deepEqual(await limits("several", name), [Number.parseInt(allowed.memory, 10), Number.parseInt(allowed.cpu, 10)], name);
      assert.equal(statusOf(pod, name).restartCount, name === "c3" ? 1 : 0);
      if (name !== "c3") assert.equal(statusOf(pod, name).containerID, statusOf(before, name).containerID);
    }
    assert.ok(!pod.status.conditions.some(({ type }: any) => type.startsWith("PodResize")));
    assert.equal(pod.status.observedGeneration, pod.metadata.generation);
  });

  await t.test("Pod InPlace Resize Container burstable pods - extended resize with equivalents", async () => {
    await podWhere(engine, "one", "is ready", isReady);
    await resize("one", { c1: { requests: { cpu: "0.02", memory: "32768Ki" }, limits: { cpu: "0.04", memory: "65536Ki" } } });
    const { status } = await podWhere(
      engine,
      "one",
      "has been seen",
      ({ status, metadata }) => status.observedGeneration === metadata.generation,
    );
    assert.equal(status.containerStatuses[0].restartCount, 0);
    assert.deepEqual(await limits("one", "c1"), [64, 40]);
  });

  await t.test("Pod InPlace Resize Container resize pod via the replace endpoint", async () => {
    const pod = await readPod(engine, "one");
    pod.spec.containers[0].resources = burstable(25, 40);
    await engine.run(`kubectl replace --raw ${core}/pods/one/resize -f -`, { input: JSON.stringify(pod) });
    assert.equal((await engine.read(`${core}/pods/one/resize`)).spec.containers[0].resources.requests.cpu, "25m");
    await podWhere(engine, "one", "has been resized", ({ status }) => status.containerStatuses[0].resources?.requests.cpu === "25m");
    assert.deepEqual(await limits("one", "c1"), [80, 50]);
  });
});

const sorted = (value: any): unknown =>
  value && typeof value === "object"
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;
