import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndpointSlice, Pod, Service } from "../../api/types.ts";
import { desiredGroups } from "./desired.ts";
import { planSlices } from "./plan.ts";

const service = (change: Partial<Service["spec"]> = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "default", uid: "service-uid", labels: { tier: "front" } },
  spec: {
    clusterIP: "10.96.0.20",
    selector: { app: "web" },
    ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
    ...change,
  },
});

const pod = (index: number, change: { ready?: boolean; deleted?: boolean; port?: number; phase?: string; ip?: string } = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `web-${index}`,
    namespace: "default",
    uid: `pod-${index}`,
    labels: { app: "web" },
    ...(change.deleted && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  },
  spec: {
    nodeName: "n1",
    containers: [{ name: "c", image: "i", ports: [{ name: "http", containerPort: change.port ?? 8080, protocol: "TCP" }] }],
  },
  status: {
    phase: change.phase ?? "Running",
    podIP: change.ip ?? `10.0.${index >> 8}.${index & 255}`,
    conditions: [{ type: "Ready", status: change.ready === false ? "False" : "True" }],
  },
});

const groupsOf = (of: Service, pods: readonly Pod[]) => desiredGroups(of, pods, () => undefined);
/** A plan carried out on a list of slices. */
function carriedOut(of: Service, existing: readonly EndpointSlice[], pods: readonly Pod[]) {
  const plan = planSlices(of, existing, groupsOf(of, pods));
  const gone = new Set(plan.delete.map((slice) => slice.metadata.name));
  const changed = new Map(plan.update.map((slice) => [slice.metadata.name, slice]));
  const created = plan.create.map((slice, index) => ({
    ...slice,
    metadata: { ...slice.metadata, name: `new-${existing.length}-${index}` },
  }));
  const slices = [
    ...existing.filter((slice) => !gone.has(slice.metadata.name)).map((slice) => changed.get(slice.metadata.name) ?? slice),
    ...created,
  ];
  return { plan, slices };
}

describe("SVC-1: an endpoint's conditions", () => {
  const conditions = (of: Service, one: Pod) => groupsOf(of, [one])[0]?.endpoints[0]?.conditions;
  test("a ready Pod", () => assert.deepEqual(conditions(service(), pod(1)), { ready: true, serving: true, terminating: false }));
  test("a Pod that is not ready", () =>
    assert.deepEqual(conditions(service(), pod(1, { ready: false })), { ready: false, serving: false, terminating: false }));
  test("a ready Pod that is being deleted", () =>
    assert.deepEqual(conditions(service(), pod(1, { deleted: true })), { ready: false, serving: true, terminating: true }));
  test("publishNotReadyAddresses makes it ready, not serving", () =>
    assert.deepEqual(conditions(service({ publishNotReadyAddresses: true }), pod(1, { ready: false })), {
      ready: true,
      serving: false,
      terminating: false,
    }));
});

test("SVC-2: Pods that have ended or have no address are left out", () => {
  const groups = groupsOf(service(), [pod(1, { phase: "Succeeded" }), pod(2, { phase: "Failed" }), pod(3, { ip: "" }), pod(4)]);
  assert.deepEqual(
    groups.map((group) => group.endpoints.map((endpoint) => endpoint.targetRef?.name)),
    [["web-4"]],
  );
});

test("SVC-3: labels, owner and name of a new slice", () => {
  const [slice] = planSlices(service(), [], groupsOf(service(), [pod(1)])).create;
  assert.deepEqual(slice?.metadata, {
    generateName: "web-",
    namespace: "default",
    labels: {
      tier: "front",
      "kubernetes.io/service-name": "web",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    },
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: "service-uid", controller: true, blockOwnerDeletion: true }],
  });
});

test("SVC-5: a named port that differs between Pods makes two slices, and no Pod at all makes one empty slice", () => {
  const { plan } = carriedOut(service(), [], [pod(1), pod(2, { port: 9090 })]);
  assert.deepEqual(
    plan.create.map((slice) => [slice.ports?.[0]?.port, slice.endpoints?.length]),
    [
      [8080, 1],
      [9090, 1],
    ],
  );
  const empty = carriedOut(service(), [], []);
  assert.deepEqual(
    empty.plan.create.map((slice) => slice.endpoints),
    [[]],
  );
});

test("250 Pods fill three slices, and nothing is written when nothing changed", () => {
  const pods = Array.from({ length: 250 }, (_, index) => pod(index));
  const first = carriedOut(service(), [], pods);
  assert.deepEqual(
    first.slices.map((slice) => slice.endpoints?.length),
    [100, 100, 50],
  );
  const again = carriedOut(service(), first.slices, pods);
  assert.deepEqual(again.plan, { create: [], update: [], delete: [] });
});

test("one Pod that changed writes one slice, and a replaced Pod takes the room of the old one", () => {
  const pods = Array.from({ length: 250 }, (_, index) => pod(index));
  const { slices } = carriedOut(service(), [], pods);
  const unready = carriedOut(service(), slices, [...pods.slice(0, 120), pod(120, { ready: false }), ...pods.slice(121)]);
  assert.deepEqual([unready.plan.create.length, unready.plan.update.length, unready.plan.delete.length], [0, 1, 0]);
  const replaced = carriedOut(service(), slices, [...pods.slice(1), pod(999)]);
  assert.deepEqual([replaced.plan.create.length, replaced.plan.update.length, replaced.plan.delete.length], [0, 1, 0]);
});

test("the first Pod takes over the empty slice, and the last one leaves it behind", () => {
  const empty = carriedOut(service(), [], []);
  const first = carriedOut(service(), empty.slices, [pod(1)]);
  assert.deepEqual([first.plan.create.length, first.plan.update.length, first.plan.delete.length], [0, 1, 0]);
  assert.equal(first.slices[0]?.ports?.[0]?.port, 8080);
  const last = carriedOut(service(), first.slices, []);
  assert.deepEqual(
    last.slices.map((slice) => slice.endpoints),
    [[]],
  );
});
