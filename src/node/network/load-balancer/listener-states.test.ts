import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service, ServiceSpec } from "../../../api/types.ts";
import { service, slice } from "../fixture.node.ts";
import { listenerStates } from "./listener-states.ts";

const balanced = (name: string, createdAt: string, spec: Partial<ServiceSpec> = {}): Service => {
  const made = service(name, { type: "LoadBalancer", clusterIP: "10.96.0.9", ...spec });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: createdAt } };
};

test("of two Services that want one port the older has it, whichever comes first", () => {
  const services = [balanced("young", "2024-01-02T00:00:00Z"), balanced("old", "2024-01-01T00:00:00Z")];
  for (const order of [services, services.toReversed()]) {
    const { listeners, conflicts } = listenerStates({ services: order, slices: [slice("old", 8080, ["10.244.0.2"])] });
    assert.deepEqual(listeners, [{ id: "default/old:80", protocol: "TCP", port: 80, backends: [{ ip: "10.244.0.2", port: 8080 }] }]);
    assert.deepEqual(
      conflicts.map(({ id, message }) => [id, message]),
      [["default/young:80", "Service default/old has it"]],
    );
  }
});

test("one port number serves TCP and UDP, and only Services of this load balancer are served", () => {
  const services = [
    balanced("web", "", {
      ports: [
        { port: 53, protocol: "TCP" },
        { name: "u", port: 53, protocol: "UDP" },
      ],
      sessionAffinity: "ClientIP",
    }),
    balanced("other", "", { loadBalancerClass: "example.com/other", ports: [{ port: 81 }] }),
    service("plain", { clusterIP: "10.96.0.8", ports: [{ port: 82 }] }),
  ];
  const { listeners } = listenerStates({ services, slices: [] });
  assert.deepEqual(
    listeners.map(({ protocol, port, affinitySeconds }) => [protocol, port, affinitySeconds]),
    [
      ["TCP", 53, 10_800],
      ["UDP", 53, 10_800],
    ],
  );
});
