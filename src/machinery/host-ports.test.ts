import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerPort, Pod, PodSpec } from "../api/types.ts";
import { type HostPort, hostPortsOf, portsCollide } from "./host-ports.ts";

const podWith = (spec: Partial<PodSpec>): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: {}, spec: { containers: [], ...spec } });
const container = (ports: ContainerPort[], restartPolicy?: string) => ({
  name: "c",
  image: "i",
  ports,
  ...(restartPolicy && { restartPolicy }),
});
const texts = (pod: Pod): string[] => hostPortsOf(pod).map(({ ip, port, protocol }) => `${ip}:${port}/${protocol}`);

test("containers and sidecars claim host ports; containers that end before do not", () => {
  const pod = podWith({
    containers: [container([{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }])],
    initContainers: [
      container([{ containerPort: 82, hostPort: 8082 }]),
      container([{ containerPort: 53, hostPort: 8053, hostIP: "127.0.0.1", protocol: "UDP" }], "Always"),
    ],
  });
  assert.deepEqual(texts(pod), ["0.0.0.0:8080/TCP", "127.0.0.1:8053/UDP"]);
});

test("on the node's own network every port is the node's", () => {
  assert.deepEqual(texts(podWith({ hostNetwork: true, containers: [container([{ containerPort: 80 }])] })), ["0.0.0.0:80/TCP"]);
});

test("ports collide on one address and protocol, and on all addresses", () => {
  const at = (ip: string, port = 80, protocol = "TCP"): HostPort => ({ ip, port, protocol });
  const rows: readonly (readonly [HostPort, HostPort, boolean])[] = [
    [at("0.0.0.0"), at("0.0.0.0"), true],
    [at("0.0.0.0"), at("10.0.0.1"), true],
    [at("10.0.0.1"), at("10.0.0.1"), true],
    [at("10.0.0.1"), at("10.0.0.2"), false],
    [at("0.0.0.0"), at("0.0.0.0", 81), false],
    [at("0.0.0.0"), at("0.0.0.0", 80, "UDP"), false],
  ];
  for (const [a, b, collide] of rows) assert.deepEqual([portsCollide(a, b), portsCollide(b, a)], [collide, collide]);
});
