import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import { context, inDefault, refusal, service, services, startApi } from "../core/fixture.suite.ts";
import { parseIpv4 } from "./ip-range.ts";

async function start(options = {}) {
  const { api, ...rest } = await startApi(options);
  const create = async (name: string, spec: object = {}, dryRun = false): Promise<AnyObject> =>
    (await api.create(services, "default", service(name, spec), { ...context, dryRun })).object;
  const patch = async (name: string, spec: object): Promise<AnyObject> =>
    (await api.patch(services, inDefault(name), "merge", { spec }, context)).object;
  return { api, create, patch, ...rest };
}

test("SVC-7: a Service gets an address of the range's upper band and keeps it", async () => {
  const { create, patch, api } = await start({ services: { addresses: "10.96.0.0/24" } });
  const { spec } = await create("web");
  const address = parseIpv4(spec.clusterIP) as number;
  assert.ok(address >= (parseIpv4("10.96.0.16") as number) && address <= (parseIpv4("10.96.0.254") as number), spec.clusterIP);
  assert.deepEqual(spec.clusterIPs, [spec.clusterIP]);
  assert.deepEqual([spec.ipFamilies, spec.ipFamilyPolicy], [["IPv4"], "SingleStack"]);
  const { object } = await api.get(services, inDefault("web"));
  const { clusterIP: _, clusterIPs: __, ...rest } = object.spec;
  const replaced = await api.update(services, inDefault("web"), { ...object, spec: { ...rest, sessionAffinity: "ClientIP" } }, context);
  assert.equal(replaced.object.spec.clusterIP, spec.clusterIP);
  assert.equal((await patch("web", { selector: { app: "other" } })).spec.clusterIP, spec.clusterIP);
});

test("SVC-7: headless Services and external names have no address; leaving a type gives it back", async () => {
  const { create, patch } = await start();
  const headless = (await create("headless", { clusterIP: "None" })).spec;
  assert.deepEqual([headless.clusterIP, headless.clusterIPs], ["None", ["None"]]);
  const external = (await create("external", { type: "ExternalName", externalName: "example.com", selector: undefined })).spec;
  assert.equal(external.clusterIP, undefined);
  const { spec } = await create("web", { type: "NodePort", clusterIP: "10.96.0.10", ports: [{ port: 80, nodePort: 30080 }] });
  assert.equal(spec.clusterIP, "10.96.0.10");
  const moved = (await patch("web", { type: "ExternalName", externalName: "example.com" })).spec;
  assert.deepEqual([moved.clusterIP, moved.ports[0].nodePort], [undefined, undefined]);
  const heir = (await create("heir", { type: "NodePort", clusterIP: "10.96.0.10", ports: [{ port: 80, nodePort: 30080 }] })).spec;
  assert.equal(heir.ports[0].nodePort, 30080);
});

test("SVC-9: an address that is taken or out of range is refused", async () => {
  const { create, api } = await start();
  await create("a", { clusterIP: "10.96.0.10" });
  await assert.rejects(
    create("b", { clusterIP: "10.96.0.10" }),
    refusal(
      422,
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    ),
  );
  await assert.rejects(
    create("b", { clusterIP: "192.168.0.1" }),
    refusal(
      422,
      /failed to allocate IP 192.168.0.1: the provided IP \(192.168.0.1\) is not in the valid range. The range of valid IPs is 10.96.0.0\/12$/,
    ),
  );
  await api.delete(services, inDefault("a"), {}, context);
  await create("b", { clusterIP: "10.96.0.10" });
});

test("SVC-8: node ports come from the upper band, and those that are taken or out of range are refused", async () => {
  const { create, patch } = await start();
  const { ports } = (await create("web", { type: "NodePort" })).spec;
  assert.ok(ports[0].nodePort >= 30086 && ports[0].nodePort <= 32767, String(ports[0].nodePort));
  const nodePort = (number: number) => ({ type: "NodePort", ports: [{ port: 80, nodePort: number }] });
  await create("a", nodePort(30080));
  await assert.rejects(
    create("b", nodePort(30080)),
    refusal(422, 'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'),
  );
  await assert.rejects(
    create("b", nodePort(80)),
    refusal(
      422,
      /spec.ports\[0\].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767$/,
    ),
  );
  const changed = await patch("web", { ports: [{ port: 8080, protocol: "TCP", targetPort: 80 }] });
  assert.equal(changed.spec.ports[0].nodePort, ports[0].nodePort, "a port keeps its number by name");
  const plain = await patch("web", { type: "ClusterIP" });
  assert.equal(plain.spec.ports[0].nodePort, undefined);
});

test("SVC-8: two protocols of one port share a number", async () => {
  const { create } = await start();
  const both = [
    { name: "tcp", port: 53, protocol: "TCP" },
    { name: "udp", port: 53, protocol: "UDP" },
  ];
  const { ports } = (await create("dns", { type: "NodePort", ports: both })).spec;
  assert.equal(ports[0].nodePort, ports[1].nodePort);
});

test("SVC-10: a load balancer gets node ports unless it declines them", async () => {
  const { create } = await start();
  const { spec, status } = await create("web", { type: "LoadBalancer" });
  assert.ok(spec.ports[0].nodePort >= 30000);
  assert.equal(status?.loadBalancer?.ingress, undefined);
  assert.equal((await create("bare", { type: "LoadBalancer", allocateLoadBalancerNodePorts: false })).spec.ports[0].nodePort, undefined);
  const local = (await create("local", { type: "LoadBalancer", externalTrafficPolicy: "Local" })).spec;
  assert.ok(local.healthCheckNodePort >= 30000 && local.healthCheckNodePort !== local.ports[0].nodePort);
});

test("SVC-7: concurrent creates never share an address, a full range says so, and a dry run takes nothing", async () => {
  const { create } = await start({ services: { addresses: "10.0.0.0/28" } });
  for (let i = 0; i < 40; i++) await create(`dry${i}`, {}, true);
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => create(`s${i}`)));
  const made = results.filter((result) => result.status === "fulfilled").map((result) => result.value.spec.clusterIP);
  assert.equal(new Set(made).size, 14);
  assert.equal(made.length, 14);
  for (const result of results)
    if (result.status === "rejected") refusal(422, /failed to allocate a serviceIP: range is full/)(result.reason);
});

test("a refused write gives back what it had reserved", async () => {
  const { create } = await start();
  await assert.rejects(create("Bad Name", { clusterIP: "10.96.0.20" }), refusal(422, /metadata.name/));
  await create("good", { clusterIP: "10.96.0.20" });
});

test("when the watch of the Services has ended, what is taken is found out anew", async () => {
  const { create, api } = await start();
  const clusterIP = "10.96.0.10";
  await create("a", { clusterIP });
  // Ends every watch; the store stays open.
  api.close();
  await create("b", { clusterIP: "10.96.0.11" });
  await assert.rejects(create("c", { clusterIP }), refusal(422, /already allocated/));
  await api.delete(services, inDefault("a"), {}, context);
  assert.equal((await create("c", { clusterIP })).spec.clusterIP, clusterIP);
});
