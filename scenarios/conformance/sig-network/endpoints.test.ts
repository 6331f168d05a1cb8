/** Endpoints and slices that follow the Pods of a Service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, stage } from "../conformance.ts";

const open = stage({ nodes: 2 });
const service = (name: string, spec: Record<string, unknown>) => ({ apiVersion: "v1", kind: "Service", metadata: { name }, spec });
const listening = { containers: [{ name: "main", image: "agnhost:2", ports: [{ name: "example-name", containerPort: 3000 }] }] };

test("Conformance Tests should have at least two untainted nodes", async () => {
  const { items } = await open.wire.get("/api/v1/nodes");
  assert.ok(items.filter(({ spec }: any) => !spec.taints?.length && !spec.unschedulable).length >= 2);
});

test("EndpointsController should create Endpoints for Pods matching a Service", async () => {
  const namespace = await open.namespace();
  const root = `/api/v1/namespaces/${namespace}`;
  await open.wire.create(
    `${root}/services`,
    service("example", { selector: { foo: "bar" }, ports: [{ name: "p", port: 80, targetPort: "example-name" }] }),
  );
  for (const name of ["pod1", "pod2"]) await open.wire.create(`${root}/pods`, pod(name, { foo: "bar" }, listening));
  const { subsets } = await open.wire.until(
    "both are in",
    `${root}/endpoints/example`,
    (each) => each.subsets?.[0]?.addresses?.length === 2,
  );
  assert.deepEqual(
    subsets[0].ports.map(({ name, port }: any) => [name, port]),
    [["p", 3000]],
  );
  assert.deepEqual(subsets[0].addresses.map(({ targetRef }: any) => targetRef.name).sort(), ["pod1", "pod2"]);
  await open.wire.remove(`${root}/pods/pod1`);
  await open.wire.until("one is left", `${root}/endpoints/example`, (each) => each.subsets?.[0]?.addresses?.length === 1);
});

test("EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods", async () => {
  const namespace = await open.namespace();
  const root = `/api/v1/namespaces/${namespace}`;
  await open.wire.create(`${root}/services`, service("empty", { selector: { no: "match" }, ports: [{ port: 80 }] }));
  const endpoints = await open.wire.until("they are there", `${root}/endpoints/empty`, () => true);
  assert.deepEqual(endpoints.subsets ?? [], []);
  await open.wire.remove(`${root}/services/empty`);
  await open.wire.gone(`${root}/endpoints/empty`);
});

test("Service endpoints latency should not be very high", async () => {
  const namespace = await open.namespace();
  const root = `/api/v1/namespaces/${namespace}`;
  await open.wire.create(`${root}/pods`, pod("p", { name: "svc-latency" }, listening));
  await open.wire.until("it runs", `${root}/pods/p`, ({ status }) => status.phase === "Running");
  const names = Array.from({ length: 100 }, (_, index) => `latency-${index}`);
  const start = performance.now();
  await Promise.all(
    names.map((name) => open.wire.create(`${root}/services`, service(name, { selector: { name: "svc-latency" }, ports: [{ port: 80 }] }))),
  );
  await open.wire.until(
    "all have their endpoint",
    `${root}/endpoints`,
    ({ items }) => items.filter((each: any) => each.subsets?.[0]?.addresses?.length === 1).length === 100,
  );
  assert.ok(performance.now() - start < 20_000);
});
