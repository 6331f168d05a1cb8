import assert from "node:assert/strict";
import { test } from "node:test";
import { Service } from "./index.ts";

const now = Date.UTC(2026, 0, 1, 1, 0, 0);

function service(spec: any, status?: any): any {
  const object = {
    metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: structuredClone(spec),
    ...(status && { status }),
  };
  Service.defaults!(object as never);
  return object;
}
const texts = (errors: readonly { field: string; message: string }[]): string[] => errors.map((e) => `${e.field}: ${e.message}`);
const port = (more: object = {}): any => ({ port: 80, ...more });

test("SVC-7: defaults of the types", () => {
  const common = { sessionAffinity: "None", internalTrafficPolicy: "Cluster", ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"] };
  const ports = [{ port: 80, protocol: "TCP", targetPort: 80 }];
  assert.deepEqual(service({ ports: [port()] }).spec, { type: "ClusterIP", ports, ...common });
  assert.deepEqual(service({ type: "LoadBalancer", ports: [port()] }).spec, {
    type: "LoadBalancer",
    ports,
    ...common,
    externalTrafficPolicy: "Cluster",
    allocateLoadBalancerNodePorts: true,
  });
  assert.deepEqual(service({ type: "ExternalName", externalName: "example.com" }).spec, {
    type: "ExternalName",
    externalName: "example.com",
    sessionAffinity: "None",
  });
  assert.deepEqual(service({ ports: [port()], sessionAffinity: "ClientIP" }).spec.sessionAffinityConfig, {
    clientIP: { timeoutSeconds: 10800 },
  });
  assert.deepEqual(service({ ports: [port()], clusterIP: "None" }).spec.clusterIPs, ["None"]);
});

const rows: [string, any, string[]][] = [
  ["a Service has ports", {}, ["spec.ports: Required value"]],
  ["a headless one needs none", { clusterIP: "None" }, []],
  [
    "several ports have names of their own",
    { ports: [port(), port({ port: 81, name: "a" }), port({ port: 82, name: "a" })] },
    ["spec.ports[0].name: Required value", 'spec.ports[2].name: Duplicate value: "a"'],
  ],
  [
    "a port is served once",
    { ports: [port({ name: "a" }), port({ name: "b" })] },
    ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}'],
  ],
  [
    "numbers and protocols are in range",
    { ports: [port({ port: 0, targetPort: "Not A Name", protocol: "X" })] },
    [
      "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      'spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
      'spec.ports[0].targetPort: Invalid value: "Not A Name": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    ],
  ],
  [
    "an inner Service has no node port",
    { ports: [port({ nodePort: 30000 })] },
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    "types are known",
    { type: "Magic", ports: [port()] },
    ['spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ],
  ["an ExternalName has a name", { type: "ExternalName" }, ["spec.externalName: Required value"]],
  [
    "traffic policies are for those who get traffic",
    { ports: [port()], externalTrafficPolicy: "Local" },
    ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
  ],
];
for (const [name, spec, expected] of rows)
  test(`a Service's rules: ${name}`, () => assert.deepEqual(texts(Service.validate!(service(spec))), expected));

test("SVC-7: an update that says nothing of addresses and ports keeps them", () => {
  const old = service({ type: "NodePort", clusterIP: "10.0.0.5", ports: [port({ nodePort: 30080 })] });
  const kept = service({ type: "NodePort", ports: [port({ targetPort: 8080 })] });
  Service.prepareForUpdate!(kept, old, { now });
  assert.deepEqual([kept.spec.clusterIP, kept.spec.clusterIPs, kept.spec.ports[0].nodePort], ["10.0.0.5", ["10.0.0.5"], 30080]);
  assert.deepEqual(texts(Service.validateUpdate!(kept, old)), []);

  const inner = { ...old, spec: { ...structuredClone(old.spec), type: "ClusterIP" } };
  Service.prepareForUpdate!(inner, old, { now });
  assert.deepEqual(inner.spec.ports, [{ port: 80, protocol: "TCP", targetPort: 80 }]);
  assert.deepEqual(texts(Service.validate!(inner)), []);

  const moved = service({ type: "NodePort", clusterIP: "10.0.0.6", ports: [port()] });
  assert.deepEqual(texts(Service.validateUpdate!(moved, old)), [
    'spec.clusterIPs[0]: Invalid value: ["10.0.0.6"]: may not change once set',
  ]);
});

test("TAB-11: rows of Services", () => {
  const row = (spec: any, status?: any): string =>
    Service.columns!.map((column) => column.cell(service(spec, status), { now }))
      .slice(1, 5)
      .join(" ");
  assert.equal(row({ clusterIP: "10.0.0.1", ports: [port()] }), "ClusterIP 10.0.0.1 <none> 80/TCP");
  assert.equal(row({ clusterIP: "None" }), "ClusterIP None <none> <none>");
  assert.equal(row({ type: "ExternalName", externalName: "example.com" }), "ExternalName <none> example.com <none>");
  assert.equal(
    row({ type: "NodePort", clusterIP: "10.0.0.1", ports: [port({ nodePort: 30080 }), port({ port: 53, protocol: "UDP" })] }),
    "NodePort 10.0.0.1 <none> 80:30080/TCP,53/UDP",
  );
  assert.equal(row({ type: "LoadBalancer", clusterIP: "10.0.0.1", ports: [port()] }), "LoadBalancer 10.0.0.1 <pending> 80/TCP");
  assert.equal(
    row({ type: "LoadBalancer", clusterIP: "10.0.0.1", ports: [port()] }, { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } }),
    "LoadBalancer 10.0.0.1 1.2.3.4 80/TCP",
  );
});
