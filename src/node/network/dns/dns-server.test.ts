// The name server on the wire.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type Answer, decode, type DecodedPacket, encode, type Packet } from "dns-packet";
import { silentLog } from "../../../base/log.ts";
import type { ServiceProxy } from "../../network.ts";
import { service, slice } from "../fixture.node.ts";
import { startDnsServer } from "./dns-server.node.ts";
import { parseResolvers, type Resolver } from "./resolvers.node.ts";

const address = "127.0.8.1";
let server: ServiceProxy;
let port: number;
let resolvers: readonly Resolver[] = [];
const outside = createSocket("udp4");

before(async () => {
  const free = createServer().listen(0, address);
  await once(free, "listening");
  port = (free.address() as AddressInfo).port;
  free.close();
  await once(free, "close");
  server = await startDnsServer({
    addresses: [address],
    port,
    domain: "cluster.local",
    ranges: ["10.96.0.0/16"],
    log: silentLog,
    resolvers: () => resolvers,
  });
  await server.sync({
    services: [
      service("web", { clusterIP: "10.96.0.20" }),
      service("big", { clusterIP: "None" }),
      service("huge", { clusterIP: "None" }),
      service("site", { type: "ExternalName", externalName: "www.example.org" }),
    ],
    slices: [
      slice(
        "big",
        80,
        Array.from({ length: 90 }, (_, index) => `10.244.1.${index + 1}`),
      ),
      slice(
        "huge",
        80,
        Array.from({ length: 5000 }, (_, index) => `10.244.${(index >> 8) + 2}.${index & 255}`),
      ),
    ],
  });
  outside.bind(0, "127.0.8.2");
  await once(outside, "listening");
  outside.on("message", (bytes, from) => {
    const query = decode(bytes);
    const name = query.questions?.[0]?.name ?? "";
    const answers: Answer[] = [{ type: "A", name, ttl: 60, data: "203.0.113.9" }];
    outside.send(encode({ id: query.id ?? 0, type: "response", questions: query.questions ?? [], answers }), from.port, from.address);
  });
});
after(async () => {
  await server.close();
  outside.close();
});

const query = (name: string, type: Answer["type"], more: Partial<Packet> = {}): Buffer =>
  encode({ id: 7, type: "query", flags: 1 << 8, questions: [{ name, type: type as "A" }], ...more });

async function overUdp(bytes: Buffer): Promise<DecodedPacket & { readonly size: number }> {
  const socket = createSocket("udp4");
  socket.send(bytes, port, address);
  const [answer] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return { ...decode(answer), size: answer.length };
}

async function overTcp(bytes: Buffer, times = 1): Promise<DecodedPacket> {
  const socket = connect(port, address);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  for (let count = 0; count < times; count++) socket.write(Buffer.concat([length, bytes]));
  let received = Buffer.alloc(0);
  let answers = 0;
  for await (const part of socket) {
    received = Buffer.concat([received, part as Buffer]);
    while (received.length > 2 && received.length >= received.readUInt16BE(0) + 2) {
      if (++answers === times) return decode(received.subarray(2, received.readUInt16BE(0) + 2));
      received = received.subarray(received.readUInt16BE(0) + 2);
    }
  }
  throw new Error("no answer");
}

const rcodeOf = (packet: DecodedPacket) => (packet as unknown as { rcode: string }).rcode;
const dataOf = (packet: DecodedPacket) => (packet.answers ?? []).map((answer) => ("data" in answer ? answer.data : undefined));

test("a Service's address is answered over UDP and TCP", async () => {
  for (const answer of [
    await overUdp(query("web.default.svc.cluster.local", "A")),
    await overTcp(query("web.default.svc.cluster.local", "A"), 3),
  ]) {
    assert.deepEqual(
      [answer.id, rcodeOf(answer), dataOf(answer), answer.flag_aa, answer.flag_ra],
      [7, "NOERROR", ["10.96.0.20"], true, true],
    );
  }
});

test("a name that is not there differs from one without such a record", async () => {
  const missing = await overUdp(query("no.default.svc.cluster.local", "A"));
  const none = await overUdp(query("web.default.svc.cluster.local", "AAAA"));
  assert.deepEqual([rcodeOf(missing), rcodeOf(none)], ["NXDOMAIN", "NOERROR"]);
  for (const answer of [missing, none]) assert.deepEqual([answer.answers?.length, answer.authorities?.[0]?.type], [0, "SOA"]);
});

test("what does not fit is truncated, fits better where the client allows more, and is whole over TCP", async () => {
  const name = "big.default.svc.cluster.local";
  const small = await overUdp(query(name, "A"));
  // Resolvers that never ask over TCP, such as musl's before 1.2.4, have these.
  assert.deepEqual([small.flag_tc, small.answers?.length], [true, 29]);
  assert.ok(small.size <= 512);
  const extension = {
    type: "OPT",
    name: ".",
    udpPayloadSize: 4096,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  } as const;
  const larger = await overUdp(query(name, "A", { additionals: [{ ...extension, options: [] }] }));
  assert.ok(larger.size <= 1232);
  assert.equal(
    larger.additionals?.some(({ type }) => type === "OPT"),
    true,
  );
  assert.equal((await overTcp(query(name, "A"))).answers?.length, 90);
});

test("what is more than a message can be is cut over TCP, too", async () => {
  const answer = await overTcp(query("huge.default.svc.cluster.local", "A"));
  assert.equal(answer.flag_tc, true);
  assert.ok((answer.answers?.length ?? 0) > 3900);
});

test("other names are asked of the machine's resolvers, past one that is dead, and an alias is followed there", async () => {
  resolvers = [
    { ip: "127.0.8.3", port: 9 },
    { ip: "127.0.8.2", port: outside.address().port },
  ];
  assert.deepEqual(dataOf(await overUdp(query("www.example.org", "A"))), ["203.0.113.9"]);
  assert.deepEqual(dataOf(await overUdp(query("site.default.svc.cluster.local", "A"))), ["www.example.org", "203.0.113.9"]);
  resolvers = [];
  assert.equal(rcodeOf(await overUdp(query("www.example.org", "A"))), "SERVFAIL");
  assert.deepEqual(dataOf(await overUdp(query("site.default.svc.cluster.local", "A"))), ["www.example.org"]);
});

test("what is no question is answered as such or not at all, and does no harm", async () => {
  assert.equal(rcodeOf(await overUdp(query("a.cluster.local", "A", { flags: 2 << 11 }))), "NOTIMP");
  assert.equal(rcodeOf(await overUdp(encode({ id: 7, type: "query", questions: [] }))), "FORMERR");
  const junk = createSocket("udp4");
  junk.send(Buffer.from([1, 2, 3]), port, address);
  junk.send(Buffer.alloc(40, 0x3f), port, address, () => junk.close());
  assert.deepEqual(dataOf(await overUdp(query("web.default.svc.cluster.local", "A"))), ["10.96.0.20"]);
});

test("resolvers are read as the system's library reads them", () => {
  const text = "# nameserver 9.9.9.9\nnameserver 10.0.0.2\n nameserver\t10.0.0.3 # second\nnameserver 10.96.0.10\noptions ndots:2\n";
  assert.deepEqual(
    parseResolvers(text, ["10.96.0.10"]).map(({ ip }) => ip),
    ["10.0.0.2", "10.0.0.3"],
  );
});
