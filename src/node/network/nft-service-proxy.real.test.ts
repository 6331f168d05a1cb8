// Service addresses in the real kernel: needs root, ip, nft and curl.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { after, before, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import type { PodNetwork, ServiceProxy } from "../network.ts";
import { mustRun, runCommand } from "../oci/command.node.ts";
import { cleanUpNetwork } from "./clean-up.node.ts";
import { datagramServer, end, fetchFrom, service, slice, startIn, webServer } from "./fixture.node.ts";
import { linuxPodNetwork } from "./linux-pod-network.node.ts";
import { nftServiceProxy } from "./nft-service-proxy.node.ts";

const instance = "wls";
const serviceCidr = "10.87.0.0/16";
const processes: ChildProcess[] = [];
const networks: PodNetwork[] = [];
const pods: { readonly ip: string; readonly namespacePath: string }[] = [];
let proxy: ServiceProxy;

before(async () => {
  for (const nodeIndex of [0, 1]) networks.push(await linuxPodNetwork({ instance, nodeIndex, podCidr: `10.86.${nodeIndex}.0/24` }));
  for (const index of [0, 1, 2]) pods.push(await networks[index === 2 ? 1 : 0]!.attach(`sandbox-${index}`));
  const webs = pods.map(({ namespacePath }, index) => startIn(namespacePath, webServer(`pod${index}`)));
  const datagrams = pods.slice(0, 2).map(({ namespacePath }, index) => startIn(namespacePath, datagramServer(`pod${index}`, 5353)));
  processes.push(...(await Promise.all([...webs, ...datagrams])));
  const nodeIndexOf = (name: string) => ["near", "far"].indexOf(name);
  proxy = nftServiceProxy({ instance, serviceCidr, log: silentLog, nodeIndexOf });
});

after(async () => {
  for (const child of processes) await end(child);
  await proxy.close();
  assert.ok(!(await mustRun(["nft", "list", "tables"])).includes(`table ip ${instance}\n`), "the table is gone");
  await cleanUpNetwork(instance);
});

const [web, empty, ported, sticky, kept, external] = [10, 11, 12, 13, 14, 15].map((last) => `10.87.0.${last}`);
const ip = (index: number) => pods[index]!.ip;
const inPod = (index: number) => pods[index]!.namespacePath;
const answers = async (from: string | undefined, url: string, times: number) =>
  [...new Set(await Promise.all(Array.from({ length: times }, async () => (await fetchFrom(from, url)).split(" ")[0])))].sort();

test("a Service's address leads from Pods and from the machine to every ready endpoint, also back to the caller", async () => {
  await proxy.sync({ services: [service("web", { clusterIP: web! })], slices: [slice("web", 8080, [ip(0), ip(2)])] });
  assert.deepEqual(await answers(undefined, `http://${web}`, 20), ["pod0", "pod2"]);
  assert.deepEqual(await answers(inPod(1), `http://${web}`, 20), ["pod0", "pod2"]);
  await proxy.sync({ services: [service("web", { clusterIP: web! })], slices: [slice("web", 8080, [ip(0)])] });
  assert.match(await fetchFrom(inPod(0), `http://${web}`), /^pod0 /, "a Pod reaches itself through its Service");
  assert.equal(await fetchFrom(inPod(1), `http://${web}`), `pod0 ::ffff:${ip(1)}`.replace("::ffff:", ""), "the client's address is kept");
});

test("without endpoints, and without a Service, a connection is refused at once", async () => {
  await proxy.sync({
    services: [service("empty", { clusterIP: empty!, type: "NodePort", ports: [{ port: 80, nodePort: 30481 }] })],
    slices: [slice("empty", 8080, [])],
  });
  const begin = performance.now();
  const places: [string | undefined, string][] = [
    [undefined, `http://${empty}`],
    [inPod(0), `http://${empty}`],
    [inPod(0), `http://${empty}:81`],
    [undefined, "http://10.87.200.200"],
    [inPod(0), "http://10.87.200.200"],
    [undefined, "http://127.0.0.1:30481"],
    [inPod(0), `http://${networks[0]!.nodeIp}:30481`],
  ];
  for (const [from, url] of places) assert.equal(await fetchFrom(from, url), "refused", `${url} from ${from ?? "the machine"}`);
  assert.ok(performance.now() - begin < 2000, "at once");
});

test("node ports answer on 127.0.0.1 and on the nodes' own addresses, external addresses everywhere", async () => {
  await proxy.sync({
    services: [
      service("ported", { clusterIP: ported!, type: "NodePort", ports: [{ port: 80, nodePort: 30482 }] }),
      service("external", { clusterIP: external!, externalIPs: ["198.51.100.7"] }),
    ],
    slices: [slice("ported", 8080, [ip(0), ip(2)]), slice("external", 8080, [ip(1)])],
  });
  assert.deepEqual(await answers(undefined, "http://127.0.0.1:30482", 20), ["pod0", "pod2"]);
  assert.deepEqual(await answers(undefined, `http://${networks[1]!.nodeIp}:30482`, 20), ["pod0", "pod2"]);
  assert.deepEqual(await answers(inPod(0), `http://${networks[0]!.nodeIp}:30482`, 20), ["pod0", "pod2"]);
  assert.match(await fetchFrom(undefined, "http://198.51.100.7"), /^pod1 /);
  assert.match(await fetchFrom(inPod(0), "http://198.51.100.7"), /^pod1 /);
  assert.equal(await fetchFrom(inPod(0), "http://127.0.0.1:30482"), "refused", "a Pod's own 127.0.0.1 is not the machine's");
});

test("with session affinity a client stays where it was, also when other endpoints come and go", async () => {
  const services = [service("sticky", { clusterIP: sticky!, sessionAffinity: "ClientIP" })];
  await proxy.sync({ services, slices: [slice("sticky", 8080, [ip(0), ip(2)])] });
  const first = await answers(inPod(1), `http://${sticky}`, 1);
  assert.deepEqual(await answers(inPod(1), `http://${sticky}`, 15), first);
  await proxy.sync({ services, slices: [slice("sticky", 8080, [ip(0), ip(1), ip(2)])] });
  assert.deepEqual(await answers(inPod(1), `http://${sticky}`, 15), first, "a newcomer changes nothing for a known client");
  const other = first[0] === "pod0" ? 2 : 0;
  await proxy.sync({ services, slices: [slice("sticky", 8080, [ip(other)])] });
  assert.deepEqual(await answers(inPod(1), `http://${sticky}`, 5), [`pod${other}`], "an endpoint that left is forgotten");
});

test("an endpoint on the machine itself is reached from Pods of every node and from the machine", async () => {
  const { nodeIp } = networks[0]!;
  const child = await startIn(undefined, webServer("machine", 38480));
  processes.push(child);
  await proxy.sync({ services: [service("web", { clusterIP: web! })], slices: [slice("web", 38480, [nodeIp])] });
  for (const from of [inPod(0), inPod(2), undefined]) assert.match(await fetchFrom(from, `http://${web}`), /^machine /);
});

test("traffic kept on its node reaches only that node's endpoints", async () => {
  const services = [service("kept", { clusterIP: kept!, internalTrafficPolicy: "Local" })];
  const at = (index: number, nodeName: string) => ({ addresses: [ip(index)], conditions: { ready: true }, nodeName });
  await proxy.sync({ services, slices: [slice("kept", 8080, [at(0, "near"), at(2, "far")])] });
  assert.deepEqual(await answers(inPod(1), `http://${kept}`, 12), ["pod0"]);
  assert.deepEqual(await answers(inPod(2), `http://${kept}`, 12), ["pod2"]);
  assert.deepEqual(await answers(undefined, `http://${kept}`, 20), ["pod0", "pod2"]);
});

test("SVC-1: while nobody is ready, endpoints that still serve although they terminate are used", async () => {
  const services = [service("web", { clusterIP: web! })];
  const leaving = (index: number, serving: boolean) => ({
    addresses: [ip(index)],
    conditions: { ready: false, serving, terminating: true },
  });
  await proxy.sync({ services, slices: [slice("web", 8080, [leaving(0, true), leaving(1, false), ip(2)])] });
  assert.deepEqual(await answers(undefined, `http://${web}`, 12), ["pod2"]);
  await proxy.sync({ services, slices: [slice("web", 8080, [leaving(0, true), leaving(1, false)])] });
  assert.deepEqual(await answers(undefined, `http://${web}`, 12), ["pod0"]);
});

test("a client that keeps sending datagrams from one port moves on with the endpoint", async () => {
  const services = [service("name", { clusterIP: web!, ports: [{ port: 53, protocol: "UDP" }] })];
  await proxy.sync({ services, slices: [slice("name", 5353, [ip(0)], "UDP")] });
  const client = await startIn(
    undefined,
    `import { createSocket } from "node:dgram";
import { createServer } from "node:http";
const socket = createSocket("udp4");
let pending;
socket.on("message", (message) => pending?.end(message));
socket.bind(() => createServer((_, response) => { pending = response; socket.send("?", 53, "${web}"); }).listen(38453, "127.0.0.1", () => console.log("ready")));`,
  );
  processes.push(client);
  assert.equal(await fetchFrom(undefined, "http://127.0.0.1:38453"), "pod0");
  await proxy.sync({ services, slices: [slice("name", 5353, [ip(1)], "UDP")] });
  assert.equal(await fetchFrom(undefined, "http://127.0.0.1:38453"), "pod1");
});

test("a new proxy takes over from a killed one, and one whose table was taken away makes it anew", async () => {
  const services = [service("web", { clusterIP: web! })];
  const next = nftServiceProxy({ instance, serviceCidr, log: silentLog });
  await next.sync({ services, slices: [slice("web", 8080, [ip(1)])] });
  assert.deepEqual(await answers(undefined, `http://${web}`, 5), ["pod1"]);
  await runCommand(["nft", "delete", "table", "ip", instance]);
  await next.sync({ services, slices: [slice("web", 8080, [ip(2)])] });
  assert.deepEqual(await answers(undefined, `http://${web}`, 5), ["pod2"]);
});

test("two hundred Services of five endpoints are soon in force, and a change of one sooner", async () => {
  const cluster = (last: number) => ({
    services: Array.from({ length: 200 }, (_, index) => service(`many-${index}`, { clusterIP: `10.87.7.${index}` })),
    slices: Array.from({ length: 200 }, (_, index) =>
      slice(
        `many-${index}`,
        8080,
        [1, 2, 3, 4, index === 7 ? last : 5].map((end) => `10.86.${index}.${end}`),
      ),
    ),
  });
  const timed = async (last: number) => {
    const begin = performance.now();
    await proxy.sync(cluster(last));
    return performance.now() - begin;
  };
  const [whole, one, none] = [await timed(5), await timed(6), await timed(6)];
  console.log(`200 Services: ${whole.toFixed(1)} ms, one changed: ${one.toFixed(1)} ms, none: ${none.toFixed(1)} ms`);
});
