// The order in which traffic leaves a Pod before its containers are signalled, with the real endpoint controller.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pod } from "../api/kinds/pod/index.ts";
import { Service } from "../api/kinds/service/index.ts";
import { formatTime } from "../base/time.ts";
import { endpointSliceController } from "../controllers/endpoint-slice/index.ts";
import type { ServiceProxy, ServiceState } from "../node/network.ts";
import { drainGate } from "../node/network/drain.ts";
import { latestOnly } from "../node/network/latest-only.ts";
import { servicePorts } from "../node/network/service-ports.ts";
import { watchServices } from "../node/network/services-watcher.ts";
import { startVirtualControlPlane } from "./virtual-control-plane.node.ts";

const namespace = "default";

/** A proxy that takes `syncMs` for a state and then leads to exactly its endpoints. */
async function setUp(syncMs = 0, failures = 0) {
  const plane = await startVirtualControlPlane({ controllers: [endpointSliceController] });
  const { client, clock, world, informers } = plane;
  const syncs: string[] = [];
  const states = latestOnly<ServiceState>(async (state) => {
    await new Promise<void>((resolve) => clock.setTimer(syncMs, resolve));
    if (failures-- > 0) throw new Error("no");
    syncs.push(
      servicePorts(state)
        .flatMap(({ backends }) => backends.map(({ ip }) => ip))
        .join(" "),
    );
  });
  const proxy: ServiceProxy = { sync: (state) => states.submit(state), settled: () => states.settled(), close: async () => {} };
  const services = watchServices({ informers, world, proxies: [proxy] });
  let finish = () => {};
  let isBusy = false;
  const loadBalancer = { whenIdle: () => (isBusy ? new Promise<void>((resolve) => (finish = resolve)) : Promise.resolve()) };
  const drain = drainGate({ informers, world, services, loadBalancer });
  await informers.whenSynced();
  const create = async (name: string, podIP: string, spec: object = {}) => {
    const containers = [{ name: "app", image: "web" }];
    const metadata = { namespace, name, labels: { app: "web" } };
    await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec: { nodeName: "node", containers, ...spec } });
    const conditions = [{ type: "Ready", status: "True", lastTransitionTime: formatTime(clock.now()) }];
    const status = { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions };
    await client.patch(Pod, { namespace, name }, "strategic", { status }, { subresource: "status" });
  };
  await client.create(Service, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name: "web" },
    spec: { selector: { app: "web" }, clusterIP: "10.96.0.50", ports: [{ port: 80, protocol: "TCP" }] },
  });
  await create("one", "10.244.0.2");
  await create("two", "10.244.0.3");
  await clock.advance(10_000);
  const remove = async (name: string) => {
    await client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 30 });
    return client.get(Pod, { namespace, name });
  };
  const drained = (pod: Awaited<ReturnType<typeof remove>>) => {
    const seen = { atMs: -1 };
    const beginMs = clock.now();
    void drain(pod).then(() => (seen.atMs = clock.now() - beginMs));
    return seen;
  };
  return { ...plane, syncs, create, remove, drained, setBusy: () => (isBusy = true), finish: () => finish() };
}

test("a Pod is drained when its endpoint has left every proxy", async () => {
  const { clock, syncs, remove, drained, stop } = await setUp(40);
  assert.equal(syncs.at(-1), "10.244.0.2 10.244.0.3");
  const seen = drained(await remove("one"));
  await clock.advance(39);
  assert.equal(seen.atMs, -1);
  await clock.advance(2000);
  assert.ok(seen.atMs >= 40 && seen.atMs < 1500, `${seen.atMs} ms`);
  assert.equal(syncs.at(-1), "10.244.0.3");
  await stop();
});

test("a request under way holds the Pod back, though not longer than five seconds", async () => {
  const { clock, remove, drained, setBusy, finish, stop } = await setUp();
  setBusy();
  const one = drained(await remove("one"));
  await clock.advance(3000);
  assert.equal(one.atMs, -1);
  finish();
  await clock.advance(1);
  assert.equal(one.atMs, 3000);
  const two = drained(await remove("two"));
  await clock.advance(10_000);
  assert.equal(two.atMs, 5000);
  await stop();
});

test("a Pod behind no Service is drained at once", async () => {
  const { clock, client, remove, drained, stop } = await setUp();
  await client.delete(Service, { namespace, name: "web" });
  await clock.advance(10_000);
  const seen = drained(await remove("one"));
  await clock.advance(1);
  assert.equal(seen.atMs, 0);
  await stop();
});

test("proxies hear once of all changes of one turn, and again after a failure", async () => {
  const { clock, syncs, create, stop } = await setUp(0, 1);
  assert.equal(syncs.at(-1), "10.244.0.2 10.244.0.3", "told again after the first sync failed");
  const before = syncs.length;
  await Promise.all([create("three", "10.244.0.4"), create("four", "10.244.0.5")]);
  await clock.advance(10_000);
  assert.equal(syncs.at(-1), "10.244.0.2 10.244.0.3 10.244.0.4 10.244.0.5");
  assert.ok(syncs.length - before <= 2, `${syncs.length - before} syncs`);
  await stop();
});
