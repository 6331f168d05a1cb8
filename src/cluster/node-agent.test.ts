/** The life of Pods on a node, as somebody with kubectl sees it. Virtual time, real server, simulated containers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigMap } from "../api/kinds/config-map/index.ts";
import { Lease } from "../api/kinds/lease/index.ts";
import { Node } from "../api/kinds/node/index.ts";
import { Pod } from "../api/kinds/pod/index.ts";
import type { Container, ContainerStatus, Pod as PodObject } from "../api/types.ts";
import { seededRandom } from "../base/random.ts";
import { findCondition, isConditionTrue } from "../machinery/conditions.ts";
import type { Runtime } from "../node/runtime.ts";
import type { SimulatedRuntime } from "../node/simulated/simulated-runtime.ts";
import { startVirtualNode, type VirtualNode, type VirtualNodeOptions } from "./virtual-node.node.ts";

type Maybe = PodObject | undefined;

/** A test on a node of its own. */
const onNode = (name: string, body: (node: VirtualNode) => Promise<void>, options?: VirtualNodeOptions): void => {
  test(name, async () => {
    const node = await startVirtualNode(options);
    try {
      await body(node);
    } finally {
      await node.stop();
    }
  });
};

const isReady = (pod: Maybe): boolean => isConditionTrue(pod?.status?.conditions, "Ready");
const app = (pod: Maybe): ContainerStatus | undefined => pod?.status?.containerStatuses?.find(({ name }) => name === "app");
const initial = (pod: Maybe, name: string): ContainerStatus | undefined =>
  pod?.status?.initContainerStatuses?.find((one) => one.name === name);
const waitingFor = (reason: string) => (pod: Maybe) => app(pod)?.state?.waiting?.reason === reason;
const simulated = (entries: Record<string, string | number>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).map(([key, value]) => [`simulated.windlass.dev/${key}`, String(value)]));
const container = (more: Partial<Container> = {}): Container => ({ name: "app", image: "app:1", ...more });
const http = { httpGet: { path: "/healthz", port: 8080 } };
const key = (name: string) => ({ namespace: "default", name });

onNode("the node registers with what the scheduler and kubectl ask of it, and renews its lease", async (node) => {
  const { status, metadata, spec } = await node.client.get(Node, { name: "node-1" });
  assert.equal(metadata.labels?.["kubernetes.io/hostname"], "node-1");
  assert.equal(spec?.podCIDR, "10.244.0.0/24");
  assert.equal(status?.allocatable?.["pods"], "110");
  assert.ok(isConditionTrue(status?.conditions as { type: string; status: string }[], "Ready"));
  assert.equal(status?.nodeInfo?.containerRuntimeVersion, "simulated://1.0.0");
  const before = await node.client.get(Lease, { namespace: "kube-node-lease", name: "node-1" });
  await node.clock.advance(10_000);
  const after = await node.client.get(Lease, { namespace: "kube-node-lease", name: "node-1" });
  assert.notEqual(after.spec?.renewTime, before.spec?.renewTime);
});

onNode("a Node that is deleted stays deleted while its agent runs; one that somebody makes anew is reported on", async (node) => {
  const isThere = () =>
    node.client.get(Node, { name: "node-1" }).then(
      () => true,
      () => false,
    );
  await node.client.delete(Node, { name: "node-1" });
  // As the garbage collector does for what the Node owned.
  await node.client.delete(Lease, { namespace: "kube-node-lease", name: "node-1" });
  await node.clock.advance(15 * 60_000);
  assert.equal(await isThere(), false);
  assert.equal((await node.client.list(Lease, { namespace: "kube-node-lease" })).items.length, 0);
  await node.client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "node-1" } });
  await node.clock.advance(20_000);
  const { metadata, status } = await node.client.get(Node, { name: "node-1" });
  assert.ok(isConditionTrue(status?.conditions as { type: string; status: string }[], "Ready"));
  const lease = await node.client.get(Lease, { namespace: "kube-node-lease", name: "node-1" });
  assert.equal(lease.metadata.ownerReferences?.[0]?.uid, metadata.uid);
});

onNode("a bound Pod is Running and Ready after one write of its status, with Kubernetes' events (KUB-6, KUB-7)", async (node) => {
  await node.run("web", {});
  await node.until("web", "is ready", isReady);
  const writes = node.history.filter((pod) => pod.metadata.name === "web" && pod.status?.startTime !== undefined).length;
  assert.equal(writes, 1);
  const { status } = node.pod("web") as PodObject;
  assert.equal(status?.phase, "Running");
  assert.equal(status?.podIP, "10.244.0.2");
  assert.equal(status?.qosClass, "BestEffort");
  assert.deepEqual(
    status?.conditions?.map(({ type, status: value }) => `${type}=${value}`),
    ["PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True"],
  );
  await node.run("again", {});
  await node.until("again", "is ready", isReady);
  assert.deepEqual(await node.events("web"), [
    'Normal Pulling Pulling image "app:1"',
    'Normal Pulled Successfully pulled image "app:1" in 0ms (0ms including waiting). Image size: 25000000 bytes.',
    "Normal Created Container created",
    "Normal Started Container started",
  ]);
  assert.equal(
    (await node.events("again"))[0],
    'Normal Pulled Container image "app:1" already present on machine and can be accessed by the pod',
  );
});

onNode("a slow start shows as ContainerCreating, then Running", async (node) => {
  await node.run("slow", {}, simulated({ "start-ms": 5000 }));
  await node.until("slow", "is being created", waitingFor("ContainerCreating"));
  assert.equal(node.pod("slow")?.status?.phase, "Pending");
  const ready = findCondition(node.pod("slow")?.status?.conditions, "Ready");
  assert.deepEqual([ready?.reason, ready?.message], ["ContainersNotReady", "containers with unready status: [app]"]);
  await node.until("slow", "is ready", isReady, 6000);
});

onNode("a failing container restarts at once, then after 10 s, 20 s, 40 s (KUB-1, KUB-3, KUB-43)", async (node) => {
  await node.run("crash", {}, simulated({ fail: "crash", "exit-after-ms": 1000, "exit-code": 3 }));
  const starts: number[] = [];
  for (let restarts = 0; restarts < 5; restarts++) {
    await node.until(
      "crash",
      `has ${restarts} restarts`,
      (pod) => app(pod)?.restartCount === restarts && app(pod)?.state?.running !== undefined,
      120_000,
    );
    starts.push(node.clock.now());
  }
  const gaps = starts.slice(1).map((at, index) => Math.round((at - (starts[index] as number)) / 1000));
  assert.deepEqual(gaps, [1, 11, 21, 41]);
  await node.until("crash", "backs off", waitingFor("CrashLoopBackOff"));
  const pod = node.pod("crash") as PodObject;
  assert.equal(pod.status?.phase, "Running");
  assert.equal(app(pod)?.lastState?.terminated?.exitCode, 3);
  assert.equal(app(pod)?.lastState?.terminated?.reason, "Error");
  const where = `crash_default(${pod.metadata.uid})`;
  assert.equal(app(pod)?.state?.waiting?.message, `back-off 1m20s restarting failed container=app pod=${where}`);
  assert.ok((await node.events("crash")).includes(`Warning BackOff Back-off restarting failed container app in pod ${where}`));
});

onNode("an image that can't be pulled: ErrImagePull, ImagePullBackOff, and again after 10 s (KUB-5, KUB-6)", async (node) => {
  await node.run("bad", { containers: [container({ image: "bad:1" })] }, simulated({ fail: "image" }));
  await node.until("bad", "shows the error", waitingFor("ErrImagePull"));
  await node.until("bad", "backs off", waitingFor("ImagePullBackOff"));
  const at = node.clock.now();
  assert.match(app(node.pod("bad"))?.state?.waiting?.message ?? "", /^Back-off pulling image "bad:1"/);
  assert.equal(node.pod("bad")?.status?.phase, "Pending");
  await node.until("bad", "tries again", waitingFor("ErrImagePull"));
  assert.ok(node.clock.now() - at >= 8000 && node.clock.now() - at <= 11_000);
  const events = await node.events("bad");
  for (const expected of [
    "Warning Failed Error: ErrImagePull",
    'Normal BackOff Back-off pulling image "bad:1"',
    "Warning Failed Error: ImagePullBackOff",
  ]) {
    assert.ok(events.includes(expected), `${expected} in ${events.join("; ")}`);
  }
  await assert.rejects(
    node
      .agent()
      .api.logs(
        { namespace: "default", name: "bad", uid: node.pod("bad")?.metadata.uid as string },
        { container: "app" },
        async () => {},
        new AbortController().signal,
      ),
    { message: 'container "app" in pod "bad" is waiting to start: image can\'t be pulled' },
  );
});

onNode("images that can't be had at all: a name that is none, and Never (KUB-5)", async (node) => {
  await node.run("name", { containers: [container({ image: "Not/An:Image:" })] });
  await node.until("name", "is refused", waitingFor("InvalidImageName"));
  await node.run("never", { containers: [container({ image: "absent:1", imagePullPolicy: "Never" })] });
  await node.until("never", "is refused", waitingFor("ErrImageNeverPull"));
  await node.clock.advance(60_000);
  assert.deepEqual(await node.events("never"), [
    'Warning ErrImageNeverPull Container image "absent:1" is not present with pull policy of Never',
    "Warning Failed Error: ErrImageNeverPull",
  ]);
  assert.match((await node.events("name"))[0] ?? "", /^Warning InspectFailed Failed to apply default image tag "Not\/An:Image:"/);
});

onNode("an image change of a running Pod restarts that container in place, at once", async (node) => {
  await node.run("web", {});
  await node.until("web", "is ready", isReady);
  const before = node.pod("web") as PodObject;
  await node.client.patch(Pod, key("web"), "merge", { spec: { containers: [{ name: "app", image: "app:2" }] } });
  await node.until("web", "runs the new image", (pod) => app(pod)?.image === "app:2" && isReady(pod), 1000);
  assert.equal(app(node.pod("web"))?.restartCount, 1);
  assert.equal(node.pod("web")?.status?.podIP, before.status?.podIP);
  assert.ok((await node.events("web")).includes("Normal Killing Container app definition changed, will be restarted"));
});

onNode("init containers run one after another before the app (KUB-41, KUB-44)", async (node) => {
  const initContainers = [
    { name: "first", image: "init:1" },
    { name: "second", image: "init:1" },
  ];
  await node.run("init", { initContainers }, simulated({ "exit-after-ms.first": 2000, "exit-after-ms.second": 3000 }));
  await node.until("init", "runs the first", (pod) => initial(pod, "first")?.state?.running !== undefined);
  assert.equal(app(node.pod("init"))?.state?.waiting?.reason, "PodInitializing");
  const initialized = findCondition(node.pod("init")?.status?.conditions, "Initialized");
  assert.deepEqual(
    [initialized?.reason, initialized?.message],
    ["ContainersNotInitialized", "containers with incomplete status: [first second]"],
  );
  await node.until("init", "runs the second", (pod) => initial(pod, "second")?.state?.running !== undefined);
  assert.equal(initial(node.pod("init"), "first")?.state?.terminated?.reason, "Completed");
  await node.until("init", "is ready", isReady, 4000);
});

onNode("a failed init container is tried again under Always and fails the Pod under Never (KUB-44)", async (node) => {
  const initContainers = [{ name: "setup", image: "init:1" }];
  await node.run("again", { initContainers }, simulated({ "exit-code.setup": 1 }));
  await node.until("again", "backs off", (pod) => initial(pod, "setup")?.state?.waiting?.reason === "CrashLoopBackOff");
  assert.equal(node.pod("again")?.status?.phase, "Pending");
  await node.run("never", { initContainers, restartPolicy: "Never" }, simulated({ "exit-code.setup": 1 }));
  await node.until("never", "fails", (pod) => pod?.status?.phase === "Failed");
  assert.equal(findCondition(node.pod("never")?.status?.conditions, "Ready")?.reason, "PodFailed");
});

onNode("a sidecar starts before the app, restarts regardless of policy, and does not keep a finished Pod alive (KUB-45)", async (node) => {
  const initContainers = [{ name: "proxy", image: "proxy:1", restartPolicy: "Always", startupProbe: http }];
  await node.run("job", { initContainers, restartPolicy: "Never" }, simulated({ "ready-after-ms.proxy": 2000, "exit-after-ms.app": 5000 }));
  await node.until("job", "waits for the sidecar", (pod) => initial(pod, "proxy")?.state?.running !== undefined);
  assert.equal(app(node.pod("job"))?.state?.waiting?.reason, "PodInitializing");
  await node.until("job", "is ready", isReady, 3000);
  await node.until("job", "ends", (pod) => pod?.status?.phase === "Succeeded", 6000);
  assert.ok(initial(node.pod("job"), "proxy")?.state?.terminated);
  assert.equal(findCondition(node.pod("job")?.status?.conditions, "Ready")?.reason, "PodCompleted");
});

onNode("OnFailure restarts until success; Never ends with the exit code (KUB-43)", async (node) => {
  await node.run("ok", { restartPolicy: "OnFailure" }, simulated({ "exit-after-ms": 1000 }));
  await node.until("ok", "succeeds", (pod) => pod?.status?.phase === "Succeeded");
  await node.run("bad", { restartPolicy: "Never" }, simulated({ "exit-after-ms": 1000, "exit-code": 7 }));
  await node.until("bad", "fails", (pod) => pod?.status?.phase === "Failed");
  assert.equal(app(node.pod("bad"))?.state?.terminated?.exitCode, 7);
});

onNode("a readiness probe is believed as soon as it succeeds, not a period later (KUB-21)", async (node) => {
  await node.run(
    "web",
    { containers: [container({ readinessProbe: { ...http, periodSeconds: 30 } })] },
    simulated({ "ready-after-ms": 700 }),
  );
  await node.until("web", "is running", (pod) => pod?.status?.phase === "Running");
  const at = node.clock.now();
  assert.ok(!isReady(node.pod("web")));
  await node.until("web", "is ready", isReady, 1000);
  assert.ok(node.clock.now() - at <= 800);
});

onNode("a Pod that never becomes ready says why (KUB-26)", async (node) => {
  await node.run("web", { containers: [container({ readinessProbe: http, livenessProbe: http })] }, simulated({ fail: "unready" }));
  await node.clock.advance(60_000);
  assert.equal(node.pod("web")?.status?.phase, "Running");
  assert.ok(!isReady(node.pod("web")));
  assert.equal(app(node.pod("web"))?.restartCount, 0);
  assert.ok((await node.events("web")).includes("Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503"));
});

onNode("a liveness probe that fails three times restarts the container (KUB-23, KUB-26, KUB-27)", async (node) => {
  const livenessProbe = { ...http, periodSeconds: 10, failureThreshold: 3 };
  await node.run("web", { containers: [container({ livenessProbe })] }, simulated({ fail: "unhealthy" }));
  await node.until("web", "is running", isReady);
  const at = node.clock.now();
  await node.until("web", "has restarted", (pod) => app(pod)?.restartCount === 1, 60_000);
  assert.equal(Math.round((node.clock.now() - at) / 1000), 20);
  assert.ok((await node.events("web")).includes("Normal Killing Container app failed liveness probe, will be restarted"));
});

onNode("a startup probe holds the others back and kills after its own threshold (KUB-22)", async (node) => {
  const startupProbe = { ...http, periodSeconds: 2, failureThreshold: 3 };
  const readinessProbe = http;
  await node.run("good", { containers: [container({ startupProbe, readinessProbe })] }, simulated({ "ready-after-ms": 3000 }));
  await node.until("good", "is running", (pod) => app(pod)?.state?.running !== undefined);
  assert.equal(app(node.pod("good"))?.started, false);
  await node.until("good", "is ready", isReady, 4000);
  assert.equal(app(node.pod("good"))?.started, true);
  await node.run("bad", { containers: [container({ startupProbe })] }, simulated({ "ready-after-ms": "never" }));
  await node.until("bad", "has restarted", (pod) => app(pod)?.restartCount === 1, 20_000);
});

onNode("readiness gates count beside the containers (KUB-42)", async (node) => {
  await node.run("web", { readinessGates: [{ conditionType: "example.com/lb" }] });
  const because = (pod: Maybe) => findCondition(pod?.status?.conditions, "Ready");
  await node.until("web", "waits for the gate", (pod) => because(pod)?.reason === "ReadinessGatesNotReady");
  assert.equal(because(node.pod("web"))?.message, 'corresponding condition of pod readiness gate "example.com/lb" does not exist.');
  const set = async (status: string): Promise<void> => {
    const pod = node.pod("web") as PodObject;
    const conditions = [
      ...(pod.status?.conditions ?? []).filter(({ type }) => type !== "example.com/lb"),
      { type: "example.com/lb", status },
    ];
    await node.client.update(Pod, { ...pod, status: { ...pod.status, conditions } }, { subresource: "status" });
  };
  await set("False");
  await node.until(
    "web",
    "names the gate",
    (pod) => because(pod)?.message === 'the status of pod readiness gate "example.com/lb" is not "True", but False',
  );
  await set("True");
  await node.until("web", "is ready", isReady);
});

onNode("a deleted Pod ends in order: drained, stopped, final status, gone (KUB-60, KUB-61)", async (node) => {
  await node.run("web", {}, simulated({ "stop-ms": 4000 }));
  await node.until("web", "is ready", isReady);
  const at = node.clock.now();
  await node.client.delete(Pod, key("web"));
  await node.until("web", "is gone", (pod) => pod === undefined, 10_000);
  assert.equal(node.clock.now() - at, 4000);
  const last = node.history.filter((pod) => pod.metadata.name === "web");
  assert.equal(last[last.length - 1]?.status?.phase, "Succeeded");
  assert.ok((await node.events("web")).includes("Normal Killing Stopping container app"));
  assert.deepEqual(await node.runtime.listSandboxes(), []);
  assert.equal(node.agent().podCount, 0);
});

onNode(
  "a container that ignores the signal is killed when its grace is over; a second delete may shorten it (KUB-61, KUB-63)",
  async (node) => {
    await node.run("stubborn", { terminationGracePeriodSeconds: 8 }, simulated({ "stop-ms": "never" }));
    await node.until("stubborn", "is ready", isReady);
    let at = node.clock.now();
    await node.client.delete(Pod, key("stubborn"));
    await node.until("stubborn", "is gone", (pod) => pod === undefined, 10_000);
    assert.equal(node.clock.now() - at, 8000);
    assert.equal(app(node.history[node.history.length - 1])?.state?.terminated?.exitCode, 137);

    await node.run("stubborn", { terminationGracePeriodSeconds: 60 }, simulated({ "stop-ms": "never" }));
    await node.until("stubborn", "is ready", isReady);
    at = node.clock.now();
    await node.client.delete(Pod, key("stubborn"));
    await node.clock.advance(5000);
    await node.client.delete(Pod, key("stubborn"), { gracePeriodSeconds: 3 });
    await node.until("stubborn", "is gone", (pod) => pod === undefined, 10_000);
    assert.equal(node.clock.now() - at, 8000);
  },
);

onNode("sidecars outlive the app containers and stop in reverse order (KUB-45)", async (node) => {
  const sidecar = (name: string): Container => ({ name, image: "s:1", restartPolicy: "Always" });
  const ms = { "stop-ms.app": 2000, "stop-ms.outer": 1000, "stop-ms.inner": 1000 };
  await node.run("web", { initContainers: [sidecar("outer"), sidecar("inner")] }, simulated(ms));
  await node.until("web", "is ready", isReady);
  const at = node.clock.now();
  await node.client.delete(Pod, key("web"));
  const ended: string[] = [];
  const note = (pod: Maybe): void => {
    const now = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
    for (const { name, state } of now) if (state?.terminated && !ended.includes(name)) ended.push(name);
  };
  while (node.pod("web")) {
    note(node.pod("web"));
    await node.clock.advance(100);
  }
  note(node.history[node.history.length - 1]);
  assert.deepEqual(ended, ["app", "inner", "outer"]);
  assert.ok(node.clock.now() - at >= 4000 && node.clock.now() - at <= 4200);
});

onNode("readiness goes on being probed while a Pod terminates (KUB-24, KUB-62)", async (node) => {
  const lifecycle = { preStop: { sleep: { seconds: 20 } } };
  const containers = [container({ lifecycle, readinessProbe: { ...http, periodSeconds: 2 } })];
  await node.run("web", { containers }, simulated({ "ready-after-ms": 3000 }));
  await node.until("web", "is running", (pod) => pod?.status?.phase === "Running");
  await node.client.delete(Pod, key("web"));
  await node.until("web", "becomes ready while it goes", isReady, 5000);
  assert.ok(node.pod("web")?.metadata.deletionTimestamp);
  assert.equal(node.pod("web")?.status?.observedGeneration, node.pod("web")?.metadata.generation);
});

onNode("preStop runs inside the grace before the signal, and its failure is only an event (KUB-61, KUB-64)", async (node) => {
  const lifecycle = { preStop: { sleep: { seconds: 5 } } };
  await node.run("web", { containers: [container({ lifecycle })] });
  await node.until("web", "is ready", isReady);
  const at = node.clock.now();
  await node.client.delete(Pod, key("web"));
  await node.until("web", "is gone", (pod) => pod === undefined, 10_000);
  assert.equal(node.clock.now() - at, 5000);

  await node.run("hook", { containers: [container({ lifecycle: { preStop: { exec: { command: ["false"] } } } })] });
  await node.until("hook", "is ready", isReady);
  await node.client.delete(Pod, key("hook"));
  await node.until("hook", "is gone", (pod) => pod === undefined);
  assert.ok((await node.events("hook")).includes("Warning FailedPreStopHook PreStopHook failed"));
});

onNode("a postStart hook that fails kills the container, which starts over (KUB-64)", async (node) => {
  await node.run("web", { containers: [container({ lifecycle: { postStart: { exec: { command: ["false"] } } } })] });
  await node.until("web", "backs off", waitingFor("CrashLoopBackOff"));
  assert.ok((await node.events("web")).includes("Warning FailedPostStartHook PostStartHook failed"));
  assert.ok(!isReady(node.pod("web")));
});

test("no container is signalled before the traffic has left, and a drain that hangs is bounded by the grace", async () => {
  let drained: (() => void) | undefined;
  const node = await startVirtualNode({ drain: () => new Promise((resolve) => (drained = resolve)) });
  await node.run("web", {});
  await node.until("web", "is ready", isReady);
  await node.client.delete(Pod, key("web"));
  await node.clock.advance(3000);
  assert.ok(app(node.pod("web"))?.state?.running, "still runs while it drains");
  assert.ok(isReady(node.pod("web")), "deletion does not change readiness (KUB-62)");
  drained?.();
  await node.until("web", "is gone", (pod) => pod === undefined, 1000);

  await node.run("stuck", { terminationGracePeriodSeconds: 5 });
  await node.until("stuck", "is ready", isReady);
  const at = node.clock.now();
  await node.client.delete(Pod, key("stuck"));
  await node.until("stuck", "is gone", (pod) => pod === undefined, 10_000);
  assert.equal(node.clock.now() - at, 5000);
  await node.stop();
});

onNode("a Pod deleted by force is killed and cleaned up (KUB-63)", async (node) => {
  await node.run("web", {}, simulated({ "stop-ms": "never" }));
  await node.until("web", "is ready", isReady);
  await node.client.delete(Pod, key("web"), { gracePeriodSeconds: 0 });
  assert.equal(node.pod("web"), undefined);
  await node.clock.advance(2000);
  assert.deepEqual(await node.runtime.listContainers(), []);
  assert.deepEqual(await node.runtime.listSandboxes(), []);
});

onNode("a Pod deleted while its image is being pulled goes at once", async (node) => {
  await node.run("web", {}, simulated({ "pull-ms": 600_000 }));
  await node.until("web", "is being created", waitingFor("ContainerCreating"));
  await node.client.delete(Pod, key("web"));
  await node.until("web", "is gone", (pod) => pod === undefined, 1000);
  assert.deepEqual(await node.runtime.listSandboxes(), []);
});

onNode("a Pod past its deadline fails with DeadlineExceeded (KUB-47)", async (node) => {
  await node.run("web", { activeDeadlineSeconds: 30 });
  await node.until("web", "is ready", isReady);
  await node.until("web", "fails", (pod) => pod?.status?.phase === "Failed", 40_000);
  assert.deepEqual(
    [node.pod("web")?.status?.reason, node.pod("web")?.status?.message],
    ["DeadlineExceeded", "Pod was active on the node longer than the specified deadline"],
  );
});

onNode("what the node can't take is refused there and then (KUB-47)", async (node) => {
  const cpu = (amount: string) => [container({ resources: { requests: { cpu: amount } } })];
  await node.run("fits", { containers: cpu("3") });
  await node.until("fits", "is ready", isReady);
  await node.run("large", { containers: cpu("2") });
  await node.until("large", "is refused", (pod) => pod?.status?.reason === "OutOfcpu");
  assert.equal(node.pod("large")?.status?.phase, "Failed");
  assert.match(node.pod("large")?.status?.message ?? "", /requested: 2000, used: 3000, capacity: 4000/);
  await node.run("elsewhere", { nodeSelector: { disk: "ssd" } });
  await node.until("elsewhere", "is refused", (pod) => pod?.status?.reason === "NodeAffinity");
});

test("a Pod that has ended leaves its share to the next one although its sandbox still is to be stopped", async () => {
  const slow = Promise.withResolvers<void>();
  const between = (runtime: Runtime): Runtime => Object.assign(Object.create(runtime), { stopSandbox: () => slow.promise });
  const node = await startVirtualNode({ between });
  const containers = [container({ resources: { requests: { cpu: "3" } } })];
  await node.run("first", { containers, restartPolicy: "Never" }, simulated({ "exit-after-ms": 1000 }));
  await node.until("first", "has ended", (pod) => pod?.status?.phase === "Succeeded");
  await node.run("next", { containers });
  await node.until("next", "is taken on", isReady);
  slow.resolve();
  await node.stop();
});

onNode("a missing ConfigMap: FailedMount for a volume, CreateContainerConfigError for the environment (KUB-70, KUB-71)", async (node) => {
  const volumes = [{ name: "config", configMap: { name: "web-config" } }];
  await node.run("volume", { volumes, containers: [container({ volumeMounts: [{ name: "config", mountPath: "/etc/web" }] })] });
  await node.run("environment", { containers: [container({ envFrom: [{ configMapRef: { name: "web-config" } }] })] });
  await node.until("environment", "can't start", waitingFor("CreateContainerConfigError"));
  assert.equal(app(node.pod("environment"))?.state?.waiting?.message, 'configmap "web-config" not found');
  await node.until("volume", "waits", waitingFor("ContainerCreating"));
  assert.ok(
    (await node.events("volume")).includes(
      'Warning FailedMount MountVolume.SetUp failed for volume "config" : configmap "web-config" not found',
    ),
  );
  assert.ok((await node.events("environment")).includes('Warning Failed Error: configmap "web-config" not found'));
  await node.client.create(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "web-config", namespace: "default" },
    data: { a: "1" },
  });
  await node.until("volume", "is ready", isReady);
  await node.until("environment", "is ready", isReady);
});

onNode("a node that was labelled a moment ago takes the Pod that asks for the label", async (node) => {
  await node.client.patch(Node, { name: "node-1" }, "merge", { metadata: { labels: { disk: "ssd" } } });
  await node.run("web", { nodeSelector: { disk: "ssd" } });
  await node.until("web", "is ready", isReady);
});

onNode("a lost sandbox is replaced, init containers run anew and the app restarts", async (node) => {
  const initContainers = [{ name: "setup", image: "init:1" }];
  await node.run("web", { initContainers });
  await node.until("web", "is ready", isReady);
  const [sandbox] = await node.runtime.listSandboxes();
  await node.runtime.stopSandbox(sandbox?.id as string);
  await node.until("web", "has restarted", (pod) => app(pod)?.restartCount === 1 && isReady(pod));
  assert.equal(initial(node.pod("web"), "setup")?.restartCount, 1);
  assert.ok((await node.events("web")).includes("Normal SandboxChanged Pod sandbox changed, it will be killed and re-created."));
});

onNode("runAsNonRoot refuses an image that runs as root", async (node) => {
  await node.run("web", { securityContext: { runAsNonRoot: true } });
  await node.until("web", "is refused", waitingFor("CreateContainerConfigError"));
  assert.match(app(node.pod("web"))?.state?.waiting?.message ?? "", /^container has runAsNonRoot and image will run as root/);
});

onNode("an agent that starts again adopts what runs: no restart, no write, and the old waiting goes on", async (node) => {
  await node.run("web", { containers: [container({ readinessProbe: http })] });
  await node.run("crash", {}, simulated({ "exit-after-ms": 1000, "exit-code": 1 }));
  await node.until("web", "is ready", isReady);
  await node.until("crash", "has restarted", (pod) => app(pod)?.restartCount === 1 && waitingFor("CrashLoopBackOff")(pod));
  const before = node.pod("web");
  await node.restartAgent();
  await node.clock.advance(5000);
  assert.equal(node.pod("web")?.metadata.resourceVersion, before?.metadata.resourceVersion);
  await node.until("crash", "restarts again", (pod) => (app(pod)?.restartCount ?? 0) >= 2, 20_000);
});

onNode("simulated containers outlive the engine: what the API says ran is taken for running still", async (node) => {
  await node.run("web", { containers: [container({ readinessProbe: http })] });
  await node.run("ends", { restartPolicy: "Never" }, simulated({ "exit-after-ms": 20_000 }));
  await node.until("web", "is ready", isReady);
  await node.until("ends", "is ready", isReady);
  const before = node.pod("web");
  await node.restartAgent({ emptyRuntime: true });
  await node.clock.advance(5000);
  assert.equal(node.pod("web")?.metadata.resourceVersion, before?.metadata.resourceVersion);
  await node.run("new", {});
  await node.until("new", "is ready", isReady);
  assert.notEqual(node.pod("new")?.status?.podIP, before?.status?.podIP);
  await node.until("ends", "has succeeded", (pod) => pod?.status?.phase === "Succeeded", 20_000);
  await node.client.delete(Pod, key("web"));
  await node.until("web", "is gone", (pod) => pod === undefined, 1000);
});

onNode("an agent that starts again removes what was deleted meanwhile and notices what ended meanwhile", async (node) => {
  await node.run("gone", {});
  await node.run("ended", { restartPolicy: "Never" }, simulated({ "exit-after-ms": 5000, "exit-code": 4 }));
  await node.until("gone", "is ready", isReady);
  await node.until("ended", "is ready", isReady);
  await node.agent().stop({ keepContainers: true });
  await node.client.delete(Pod, key("gone"), { gracePeriodSeconds: 0 });
  await node.clock.advance(10_000);
  await node.restartAgent();
  await node.until("ended", "has failed", (pod) => pod?.status?.phase === "Failed");
  assert.equal(app(node.pod("ended"))?.state?.terminated?.exitCode, 4);
  assert.deepEqual(
    (await node.runtime.listSandboxes()).map(({ spec }) => spec.podName),
    ["ended"],
  );
});

/** Every other call of the runtime that does something fails, before or after it was done. */
function unreliable(runtime: SimulatedRuntime): Runtime {
  const random = seededRandom(7);
  const failing = new Set<PropertyKey>([
    "runSandbox",
    "stopSandbox",
    "removeSandbox",
    "createContainer",
    "startContainer",
    "stopContainer",
    "containerStatus",
  ]);
  return new Proxy<Runtime>(runtime, {
    get(target, property) {
      const value = Reflect.get(target, property) as unknown;
      if (typeof value !== "function" || !failing.has(property)) return value;
      return async (...args: unknown[]): Promise<unknown> => {
        const draw = random.uint32() % 4;
        if (draw === 0) throw new Error(`${String(property)} failed`);
        const answer: unknown = await (value as (...given: unknown[]) => Promise<unknown>).apply(target, args);
        if (draw === 1) throw new Error(`${String(property)} failed after all`);
        return answer;
      };
    },
  });
}

onNode(
  "on a runtime that fails every other call all Pods come up all the same, and nothing of them is left in the end",
  async (node) => {
    const names = Array.from({ length: 8 }, (_, index) => `web-${index}`);
    for (const name of names) await node.run(name, { containers: [container({ readinessProbe: http })] });
    for (const name of names) await node.until(name, "is ready", isReady, 3_600_000);
    for (const name of names) await node.client.delete(Pod, key(name));
    for (const name of names) await node.until(name, "is gone", (pod) => pod === undefined, 3_600_000);
    await node.clock.advanceUntil("the agent has nothing in hand", () => node.agent().podCount === 0, 3_600_000);
    assert.deepEqual(await node.runtime.listContainers(), []);
    assert.deepEqual(await node.runtime.listSandboxes(), []);
  },
  { between: unreliable, config: { restartBackOff: { baseMs: 1000, capMs: 1000 } } },
);

onNode("an ephemeral container joins a running Pod and never restarts", async (node) => {
  await node.run("web", {}, simulated({ "exit-after-ms.debug": 2000 }));
  await node.until("web", "is ready", isReady);
  const pod = node.pod("web") as PodObject;
  const ephemeralContainers = [{ name: "debug", image: "tools:1" }];
  await node.client.update(
    Pod,
    { ...pod, spec: { ...pod.spec, ephemeralContainers } as NonNullable<PodObject["spec"]> },
    { subresource: "ephemeralcontainers" },
  );
  const debug = (now: Maybe) => now?.status?.ephemeralContainerStatuses?.[0];
  await node.until("web", "has the debugger", (now) => debug(now)?.state?.running !== undefined);
  await node.until("web", "has had the debugger", (now) => debug(now)?.state?.terminated !== undefined, 5000);
  await node.clock.advance(60_000);
  assert.equal(debug(node.pod("web"))?.restartCount, 0);
  assert.ok(isReady(node.pod("web")));
});

onNode("logs and exec answer for simulated containers; wrong names are refused as Kubernetes words it (KUB-80)", async (node) => {
  await node.run("web", {}, simulated({ log: "hello" }));
  await node.until("web", "is ready", isReady);
  const { api } = node.agent();
  const ref = { namespace: "default", name: "web", uid: node.pod("web")?.metadata.uid as string };
  let text = "";
  const sink = async (bytes: Uint8Array): Promise<void> => void (text += new TextDecoder().decode(bytes));
  await api.logs(ref, { container: "app", tailLines: 1 }, sink, new AbortController().signal);
  assert.equal(text, "hello\n");
  await assert.rejects(api.logs(ref, { container: "app", previous: true }, sink, new AbortController().signal), {
    message: 'previous terminated container "app" in pod "web" not found',
  });
  await assert.rejects(api.logs(ref, { container: "other" }, sink, new AbortController().signal), {
    message: "container other is not valid for pod web",
  });
  const request = { container: "app", command: ["sh", "-c", "exit 3"], tty: false, stdin: false, stdout: true, stderr: true };
  assert.deepEqual(await api.exec(ref, request, {}, new AbortController().signal), { exitCode: 3 });
});

onNode("a Pod at rest costs nothing: no timer of its own, no write in an hour", async (node) => {
  await node.run("web", { containers: [container({ readinessProbe: http, livenessProbe: http })] });
  await node.until("web", "is ready", isReady);
  const before = node.pod("web")?.metadata.resourceVersion;
  await node.clock.advance(3_600_000);
  assert.equal(node.pod("web")?.metadata.resourceVersion, before);
});
