// The load balancer's real process between clients and servers on this machine.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer as createWebServer, type IncomingMessage, request, type RequestListener, type Server } from "node:http";
import { connect, createServer, type AddressInfo, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { silentLog } from "../../../base/log.ts";
import { systemClock, systemRandom } from "../../../base/system-world.node.ts";
import type { ServiceSpec } from "../../../api/types.ts";
import { service, slice } from "../fixture.node.ts";
import { type LoadBalancer, startLoadBalancer } from "./load-balancer.node.ts";

const world = { clock: systemClock, random: systemRandom, log: silentLog };
const directory = mkdtempSync(join(tmpdir(), "windlass-lb-"));
const entry = join(dirname(new URL(import.meta.url).pathname), "main.node.ts");
const events: string[] = [];
const recorder = {
  event: (object: { metadata: { name?: string } }, type: string, reason: string) =>
    void events.push(`${object.metadata.name} ${type} ${reason}`),
};
let count = 0;

const balancer = (socketPath = join(directory, `${count++}`), patience = ["--empty-ms=300"]): LoadBalancer =>
  startLoadBalancer({ spawn: { command: process.execPath, args: [entry, ...patience] }, socketPath, world, recorder });
const main = balancer();
/** Waits for as long as a slow machine may take. */
const patient = balancer(undefined, ["--empty-ms=60000", "--wait-ms=60000"]);
after(async () => {
  await main.close();
  await patient.close();
  rmSync(directory, { recursive: true });
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** All endpoints of one Service listen on one port: each has an address of its own. */
async function webServers(targetPort: number, names: readonly string[], listener?: (name: string) => RequestListener) {
  const servers = names.map((name, index) => {
    const server = createWebServer(listener?.(name) ?? ((_, response) => response.end(name))).listen(targetPort, `127.0.7.${index + 1}`);
    return { name, ip: `127.0.7.${index + 1}`, server };
  });
  await Promise.all(servers.map(({ server }) => once(server, "listening")));
  return servers;
}

const stop = (...servers: readonly (Server | NetServer)[]) => {
  for (const server of servers) {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  }
};

const state = (port: number, targetPort: number, ips: readonly string[], more: Partial<ServiceSpec> = {}) => ({
  services: [service("web", { type: "LoadBalancer", clusterIP: "10.0.0.1", ports: [{ port, protocol: "TCP" }], ...more })],
  slices: [slice("web", targetPort, ips)],
});

function fetchOnce(port: number, agent: Agent | false = false, host = "127.0.0.1", method = "GET"): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, agent, method, path: "/" }, (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8");
      response
        .on("data", (part) => (text += part))
        .on("end", () => resolve(text))
        .on("error", reject);
    });
    sent.on("error", reject).end();
  });
}

/** Waits until nobody listens on a port. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const error = await fetchOnce(port).then(
      () => assert.fail("there is nobody who could answer"),
      (failure: NodeJS.ErrnoException) => failure,
    );
    if (error.code === "ECONNREFUSED") return;
    assert.equal(error.code, "ECONNRESET");
  }
}

test("localhost leads to all endpoints over IPv4 and IPv6, and soon nobody listens where there is none", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["a", "b"]);
  await main.sync(state(port, target, ["127.0.7.1", "127.0.7.2"]));
  const seen = new Set<string>();
  for (let turn = 0; turn < 6; turn++) seen.add(await fetchOnce(port, false, turn % 2 ? "::1" : "127.0.0.1"));
  assert.deepEqual([...seen].sort(), ["a", "b"]);
  await main.sync(state(port, target, []));
  await untilRefused(port);
  await main.sync(state(port, target, ["127.0.7.2"]));
  assert.equal(await fetchOnce(port), "b");
  stop(...servers.map(({ server }) => server));
});

test("a connection that finds no endpoint waits for the next one, as between the Pods of a Recreate", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["a", "b"]);
  await patient.sync(state(port, target, ["127.0.7.1"]));
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal(await fetchOnce(port, kept), "a");
  await patient.sync(state(port, target, []));
  const client = connect(port, "127.0.0.1");
  await once(client, "connect");
  const onKept = fetchOnce(port, kept);
  client.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  await patient.sync(state(port, target, ["127.0.7.2"]));
  let text = "";
  for await (const bytes of client) text += bytes;
  assert.match(text, /^HTTP\/1.1 200 OK[\s\S]*\r\n\r\n[\s\S]*b/);
  assert.equal(await onKept, "b");
  kept.destroy();
  stop(...servers.map(({ server }) => server));
});

test("an endpoint that refuses is asked again for a while, and then the client is told", async () => {
  const [port, target] = [await freePort(), await freePort()];
  await main.sync(state(port, target, ["127.0.7.1"]));
  await assert.rejects(fetchOnce(port), { code: "ECONNRESET" });
  const other = await freePort();
  await patient.sync(state(other, target, ["127.0.7.1"]));
  const client = connect(other, "127.0.0.1");
  await once(client, "connect");
  client.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const servers = await webServers(target, ["late"]);
  let text = "";
  for await (const bytes of client) text += bytes;
  assert.match(text, /^HTTP\/1.1 200 OK[\s\S]*late/);
  stop(...servers.map(({ server }) => server));
});

test("no request fails while endpoints come and go, with kept and with new connections", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const names = ["a", "b", "c", "d"];
  const servers = await webServers(target, names, (name) => (incoming, response) => {
    incoming.resume();
    setTimeout(() => response.end(name.repeat(2000)), 2);
  });
  const ips = servers.map(({ ip }) => ip);
  const pair = (first: number) => [ips[first % 4] as string, ips[(first + 1) % 4] as string];
  await main.sync(state(port, target, pair(0)));
  let isOver = false;
  const failures: unknown[] = [];
  let answered = 0;
  const client = async (agent: Agent | false, method: string) => {
    while (!isOver) {
      try {
        const text = await fetchOnce(port, agent, "127.0.0.1", method);
        assert.ok(text.length === 2000);
        answered++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const clients = [
    ...agents.map((agent, index) => client(agent, index % 2 ? "POST" : "GET")),
    ...[1, 2, 3, 4].map(() => client(false, "GET")),
  ];
  for (let turn = 1; turn <= 12; turn++) {
    await main.sync(state(port, target, pair(turn)));
    const enough = turn * 20;
    while (answered < enough && failures.length === 0) await fetchOnce(port);
    // In order: out of the endpoints, then nothing under way, then the end of the server and of every connection to it.
    const left = servers[(turn - 1) % 4]!;
    await main.whenIdle(left.ip);
    left.server.close();
    left.server.closeAllConnections();
    await once(left.server, "close");
    left.server.listen(target, left.ip);
    await once(left.server, "listening");
  }
  isOver = true;
  await Promise.all(clients);
  for (const agent of agents) agent.destroy();
  stop(...servers.map(({ server }) => server));
  assert.deepEqual(failures, []);
});

test("a switch moves idle kept connections at once, without the clients' noticing", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["blue", "green"]);
  await main.sync(state(port, target, ["127.0.7.1"]));
  const agents = Array.from({ length: 5 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const sockets = new Set<unknown>();
  const all = () =>
    Promise.all(
      agents.map(async (agent) => {
        agent.on("free", (socket) => sockets.add(socket));
        return fetchOnce(port, agent);
      }),
    );
  assert.deepEqual(new Set(await all()), new Set(["blue"]));
  for (const [ip, name] of [
    ["127.0.7.2", "green"],
    ["127.0.7.1", "blue"],
    ["127.0.7.2", "green"],
  ] as const) {
    await main.sync(state(port, target, [ip]));
    assert.deepEqual(new Set(await all()), new Set([name]));
  }
  assert.equal(sockets.size, 5, "each client kept its connection");
  for (const agent of agents) agent.destroy();
  stop(...servers.map(({ server }) => server));
});

test("a server that closes idle connections, and one that drops a request without a word, are not noticed", async () => {
  const [port, target] = [await freePort(), await freePort()];
  let drops = 0;
  const servers = await webServers(target, ["a"], (name) => (incoming, response) => {
    if (drops > 0) {
      drops--;
      incoming.socket.destroy();
    } else response.end(name);
  });
  await main.sync(state(port, target, ["127.0.7.1"]));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let turn = 0; turn < 5; turn++) {
    assert.equal(await fetchOnce(port, agent), "a");
    servers[0]!.server.closeIdleConnections();
  }
  drops = 1;
  assert.equal(await fetchOnce(port, agent), "a", "asked again");
  drops = 1;
  await assert.rejects(fetchOnce(port, agent, "127.0.0.1", "POST"), "what may have had an effect is not sent twice");
  agent.destroy();
  stop(...servers.map(({ server }) => server));
});

test("an endpoint that refuses is passed over", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["a"]);
  await main.sync(state(port, target, ["127.0.7.1", "127.0.7.8", "127.0.7.9"]));
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 12 }, () => fetchOnce(port)))), new Set(["a"]));
  await main.sync(state(port, target, ["127.0.7.8", "127.0.7.9"]));
  await assert.rejects(fetchOnce(port), { code: "ECONNRESET" });
  stop(...servers.map(({ server }) => server));
});

test("with session affinity a client stays, over new connections, until its endpoint leaves", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["a", "b", "c"]);
  const sticky = { sessionAffinity: "ClientIP" };
  await main.sync(state(port, target, ["127.0.7.1", "127.0.7.2"], sticky));
  const first = await fetchOnce(port);
  for (let turn = 0; turn < 6; turn++) assert.equal(await fetchOnce(port, false, turn % 2 ? "::1" : "127.0.0.1"), first);
  await main.sync(state(port, target, ["127.0.7.3"], sticky));
  assert.equal(await fetchOnce(port), "c");
  stop(...servers.map(({ server }) => server));
});

test("other protocols pass as they are, also when the server speaks first, and outlive a switch", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write("220 hello\n");
    socket
      .on("data", (bytes) => socket.write(`echo ${bytes}`))
      .on("end", () => socket.end("bye\n"))
      .on("error", () => {});
  }).listen(target, "127.0.7.1");
  await once(server, "listening");
  await main.sync(state(port, target, ["127.0.7.1"]));
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).setEncoding("utf8");
  const next = async () => String((await once(socket, "data"))[0]);
  assert.equal(await next(), "220 hello\n");
  socket.write("one\n");
  assert.equal(await next(), "echo one\n");
  await main.sync(state(port, target, ["127.0.7.2"]));
  socket.write("two\n");
  assert.equal(await next(), "echo two\n");
  socket.end();
  assert.equal(await next(), "bye\n", "one side may end before the other");
  await once(socket, "end");
  server.close();
});

test("datagrams go to one endpoint per client, and to another when it has left", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = ["127.0.7.1", "127.0.7.2"].map((ip) => {
    const socket = createSocket("udp4");
    socket.on("message", (_, from) => socket.send(ip, from.port, from.address));
    return { ip, socket };
  });
  for (const { ip, socket } of servers) {
    socket.bind(target, ip);
    await once(socket, "listening");
  }
  const ports = [{ port, protocol: "UDP" }];
  const datagrams = (ips: readonly string[]) => ({ ...state(port, target, [], { ports }), slices: [slice("web", target, ips, "UDP")] });
  const client = createSocket("udp4");
  const ask = async () => {
    client.send("?", port, "127.0.0.1");
    return String((await once(client, "message"))[0]);
  };
  await main.sync(datagrams(["127.0.7.1", "127.0.7.2"]));
  const first = await ask();
  assert.deepEqual([await ask(), await ask()], [first, first]);
  const other = first === "127.0.7.1" ? "127.0.7.2" : "127.0.7.1";
  await main.sync(datagrams([other]));
  assert.equal(await ask(), other);
  client.close();
  for (const { socket } of servers) socket.close();
});

test("large bodies pass whole in both directions", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const size = 8 * 1024 * 1024;
  const servers = await webServers(target, ["a"], () => (incoming, response) => incoming.pipe(response));
  await main.sync(state(port, target, ["127.0.7.1"]));
  const body = Buffer.alloc(size, "windlass");
  const received = await new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    request({ port, host: "127.0.0.1", method: "POST", agent: false }, (response) => {
      response.on("data", (part) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts)));
    })
      .on("error", reject)
      .end(body);
  });
  assert.ok(received.equals(body));
  stop(...servers.map(({ server }) => server));
});

test("nothing is idle while a request is under way, and everything is when it has ended", async () => {
  const [port, target] = [await freePort(), await freePort()];
  let finish = () => {};
  const servers = await webServers(target, ["a", "b"], (name) => (_, response) => {
    if (name === "b") response.end(name);
    else finish = () => response.end(name);
  });
  await main.sync(state(port, target, ["127.0.7.1"]));
  const slow = fetchOnce(port);
  await once(servers[0]!.server, "request");
  await main.sync(state(port, target, ["127.0.7.2"]));
  let isIdle = false;
  const idle = main.whenIdle("127.0.7.1").then(() => (isIdle = true));
  await main.whenIdle("127.0.7.2");
  assert.equal(await fetchOnce(port), "b");
  assert.equal(isIdle, false);
  finish();
  await idle;
  assert.equal(await slow, "a");
  stop(...servers.map(({ server }) => server));
});

test("a port that somebody else has is reported on its Service and taken as soon as it is free", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["a"]);
  const squatter = createServer().listen(port, "127.0.0.1");
  await once(squatter, "listening");
  events.length = 0;
  await main.sync(state(port, target, ["127.0.7.1"]));
  assert.deepEqual(events, ["web Warning PortUnavailable"]);
  squatter.close();
  await once(squatter, "close");
  const untilMs = performance.now() + 5000;
  let text = "";
  while (text !== "a" && performance.now() < untilMs) text = await fetchOnce(port).catch(() => "");
  assert.equal(text, "a");
  stop(...servers.map(({ server }) => server));
});

test("the process outlives a killed engine, serves meanwhile, and obeys the next one", async () => {
  const [port, target] = [await freePort(), await freePort()];
  const servers = await webServers(target, ["a", "b"]);
  const socketPath = join(directory, "adopted");
  const script = `
import { startLoadBalancer } from ${JSON.stringify(join(dirname(entry), "load-balancer.node.ts"))};
import { systemClock, systemRandom } from ${JSON.stringify(join(dirname(entry), "../../../base/system-world.node.ts"))};
const log = { debug() {}, info() {}, warn() {}, error() {} };
const balancer = startLoadBalancer({ spawn: { command: process.execPath, args: [${JSON.stringify(entry)}] }, socketPath: ${JSON.stringify(socketPath)}, world: { clock: systemClock, random: systemRandom, log } });
await balancer.sync(${JSON.stringify(state(port, target, ["127.0.7.1"]))});
console.log("in force");
setInterval(() => {}, 1000);`;
  const engine = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(engine.stdout, "data");
  engine.kill("SIGKILL");
  await once(engine, "exit");
  assert.equal(await fetchOnce(port), "a");
  const next = balancer(socketPath);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal(await fetchOnce(port, agent), "a");
  await next.sync(state(port, target, ["127.0.7.2"]));
  assert.equal(await fetchOnce(port, agent), "b");
  await next.close();
  agent.destroy();
  await assert.rejects(fetchOnce(port), { code: "ECONNREFUSED" });
  stop(...servers.map(({ server }) => server));
});
