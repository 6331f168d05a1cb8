/** The objects of networking: kept, watched and served as clients of the official tests find them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../conformance.ts";
import { lifecycle } from "../lifecycle.ts";

const open = stage({ nodes: 0 });
const backend = { service: { name: "default-backend", port: { number: 80 } } };

test("Ingress API should support creating Ingress API operations", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "networking.k8s.io",
    version: "v1",
    plural: "ingresses",
    namespace,
    object: () => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      spec: {
        defaultBackend: backend,
        rules: [
          {
            host: "foo.bar.com",
            http: {
              paths: [
                { path: "/", pathType: "ImplementationSpecific", backend: { service: { name: "test-backend", port: { number: 8080 } } } },
              ],
            },
          },
        ],
      },
    }),
    status: {
      write: { loadBalancer: { ingress: [{ ip: "169.1.1.1" }] } },
      holds: (ingress) => ingress.status.loadBalancer.ingress?.[0]?.ip === "169.1.1.1",
    },
  });
});

test("IngressClass API should support creating IngressClass API operations", async () => {
  await lifecycle(open.wire, {
    group: "networking.k8s.io",
    version: "v1",
    plural: "ingressclasses",
    object: () => ({ apiVersion: "networking.k8s.io/v1", kind: "IngressClass", spec: { controller: "example.com/controller" } }),
  });
});

test("NetworkPolicy API should support creating NetworkPolicy API operations", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "networking.k8s.io",
    version: "v1",
    plural: "networkpolicies",
    namespace,
    object: () => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      spec: { podSelector: { matchLabels: { "pod-name": "test-pod" } }, ingress: [{ from: [{ namespaceSelector: {} }] }] },
    }),
  });
});

test("EndpointSlice should support creating EndpointSlice API operations", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "discovery.k8s.io",
    version: "v1",
    plural: "endpointslices",
    namespace,
    object: (index) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      ports: [{ name: "http", protocol: "TCP", port: 80 }],
      endpoints: [{ addresses: [`10.0.0.${index + 1}`], conditions: { ready: true } }],
    }),
  });
});

test("Endpoints should test the lifecycle of an Endpoint", async () => {
  const namespace = await open.namespace();
  await lifecycle(open.wire, {
    group: "",
    version: "v1",
    plural: "endpoints",
    namespace,
    object: () => ({
      apiVersion: "v1",
      kind: "Endpoints",
      subsets: [{ addresses: [{ ip: "10.0.0.24" }], ports: [{ name: "http", port: 80, protocol: "TCP" }] }],
    }),
    change: {
      make: (endpoints) => {
        endpoints.subsets = [{ addresses: [{ ip: "10.0.0.25" }], ports: [{ name: "http-test", port: 8080, protocol: "TCP" }] }];
      },
      holds: (endpoints) => endpoints.subsets?.[0]?.addresses?.[0]?.ip === "10.0.0.25",
    },
  });
});

test("Services should complete a service status lifecycle", async () => {
  const namespace = await open.namespace();
  const services = `/api/v1/namespaces/${namespace}/services`;
  const watch = await open.wire.watch(services);
  await open.wire.create(services, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "status", labels: { "test-service-static": "true" } },
    spec: { type: "LoadBalancer", ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 80 }] },
  });
  await watch.takeOf("ADDED", "status");
  const read = await open.wire.get(`${services}/status/status`);
  assert.equal(read.kind, "Service");
  const balancer = { ingress: [{ ip: "203.0.113.1" }] };
  await open.wire.patch(`${services}/status/status`, "merge", {
    metadata: { annotations: { patchedstatus: "true" } },
    status: { loadBalancer: balancer },
  });
  const seen = await watch.take("the patched status", ({ object }) => object.metadata.annotations?.patchedstatus === "true");
  assert.equal(seen.object.status.loadBalancer.ingress[0].ip, "203.0.113.1");
  const now = await open.wire.get(`${services}/status/status`);
  now.status.conditions = [
    { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set from a check", lastTransitionTime: "2026-01-02T03:04:05Z" },
  ];
  await open.wire.update(`${services}/status/status`, now);
  await watch.take("the updated status", ({ object }) => object.status?.conditions?.some((each: any) => each.reason === "E2E"));
  await open.wire.patch(`${services}/status`, "strategic", { metadata: { labels: { "test-service": "patched" } } });
  await watch.take("the label", ({ object }) => object.metadata.labels["test-service"] === "patched");
  await open.wire.remove(`${services}/status`);
  await watch.takeOf("DELETED", "status");
  watch.close();
});

test("Services should delete a collection of services", async () => {
  const namespace = await open.namespace();
  const services = `/api/v1/namespaces/${namespace}/services`;
  for (const name of ["e2e-svc-a", "e2e-svc-b", "e2e-svc-c"]) {
    await open.wire.create(services, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, labels: { deletable: name === "e2e-svc-b" ? "no" : "yes" } },
      spec: { type: "ClusterIP", ports: [{ name: "http", protocol: "TCP", port: 8001 }] },
    });
  }
  await open.wire.remove(`${services}?labelSelector=deletable%3Dyes`);
  const left = await open.wire.get(services);
  assert.deepEqual(
    left.items.map((item: any) => item.metadata.name),
    ["e2e-svc-b"],
  );
});

test("Services should find a service from listing all namespaces", async () => {
  const list = await open.wire.get("/api/v1/services");
  assert.ok(list.items.some(({ metadata }: any) => metadata.name === "kubernetes" && metadata.namespace === "default"));
});

test("API Server should provide secure master service", async () => {
  const service = await open.wire.get("/api/v1/namespaces/default/services/kubernetes");
  assert.deepEqual(
    service.spec.ports.map(({ name, port, protocol }: any) => [name, port, protocol]),
    [["https", 443, "TCP"]],
  );
});

test("API Server should have Endpoints and EndpointSlices pointing to API Server", async () => {
  const endpoints = await open.wire.get("/api/v1/namespaces/default/endpoints/kubernetes");
  const subset = endpoints.subsets[0];
  assert.equal(endpoints.subsets.length, 1);
  assert.ok(subset.addresses.length > 0 && subset.ports.length > 0);
  const slices = await open.wire.get(
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes",
  );
  assert.equal(slices.items.length, 1);
  assert.deepEqual(
    slices.items[0].endpoints.flatMap((each: any) => each.addresses),
    subset.addresses.map((each: any) => each.ip),
  );
  assert.deepEqual(
    slices.items[0].ports.map((each: any) => each.port),
    subset.ports.map((each: any) => each.port),
  );
});

const service = (name: string, spec: Record<string, unknown>) => ({ apiVersion: "v1", kind: "Service", metadata: { name }, spec });

test("EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods", async () => {
  const namespace = await open.namespace();
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dempty`;
  await open.wire.create(
    `/api/v1/namespaces/${namespace}/services`,
    service("empty", {
      selector: { "does-not-match-anything": "endpoints-and-endpoint-slices-should-still-be-created" },
      ports: [{ name: "example", port: 80, protocol: "TCP" }],
    }),
  );
  const { items } = await open.wire.until("a slice stands in for the Service", slices, (list) => list.items.length === 1);
  assert.deepEqual(items[0].endpoints ?? [], []);
  await open.wire.until("Endpoints as well", `/api/v1/namespaces/${namespace}/endpoints/empty`, () => true);
  await open.wire.remove(`/api/v1/namespaces/${namespace}/services/empty`);
  await open.wire.until("the slices go with it", slices, (list) => list.items.length === 0);
  await open.wire.gone(`/api/v1/namespaces/${namespace}/endpoints/empty`);
});

test("EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete", async () => {
  const namespace = await open.namespace();
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dmirrored`;
  await open.wire.create(
    `/api/v1/namespaces/${namespace}/services`,
    service("mirrored", { ports: [{ name: "example", port: 80, protocol: "TCP" }] }),
  );
  const endpoints = await open.wire.create(`/api/v1/namespaces/${namespace}/endpoints`, {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "mirrored" },
    subsets: [{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 80 }] }],
  });
  const { items } = await open.wire.until("a slice mirrors the Endpoints", slices, (list) => list.items.length === 1);
  assert.deepEqual(
    items[0].endpoints.map((each: any) => each.addresses),
    [["10.1.2.3"]],
  );
  assert.equal(items[0].ports[0].port, 80);
  endpoints.subsets = [{ addresses: [{ ip: "10.2.3.4" }], ports: [{ port: 9090 }] }];
  await open.wire.update(`/api/v1/namespaces/${namespace}/endpoints/mirrored`, endpoints);
  await open.wire.until(
    "the slice follows",
    slices,
    (list) => list.items.length === 1 && list.items[0].endpoints[0].addresses[0] === "10.2.3.4" && list.items[0].ports[0].port === 9090,
  );
  await open.wire.remove(`/api/v1/namespaces/${namespace}/endpoints/mirrored`);
  await open.wire.until("the slice goes", slices, (list) => list.items.length === 0);
});

test("ServiceCIDR and IPAddress API should support IPAddress API operations", async () => {
  await lifecycle(open.wire, {
    group: "networking.k8s.io",
    version: "v1",
    plural: "ipaddresses",
    object: (index) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "IPAddress",
      metadata: { name: `192.168.0.${index + 1}` },
      spec: { parentRef: { group: "", resource: "services", namespace: "default", name: "foo" } },
    }),
  });
});

test("ServiceCIDR and IPAddress API should support ServiceCIDR API operations", async () => {
  await lifecycle(open.wire, {
    group: "networking.k8s.io",
    version: "v1",
    plural: "servicecidrs",
    object: (index) => ({ apiVersion: "networking.k8s.io/v1", kind: "ServiceCIDR", spec: { cidrs: [`10.1${index}.0.0/24`] } }),
    status: {
      write: { conditions: [{ type: "Test", status: "True", reason: "E2E", message: "set", lastTransitionTime: "2026-01-02T03:04:05Z" }] },
      holds: (range) => range.status.conditions?.some((each: any) => each.reason === "E2E"),
    },
  });
});
