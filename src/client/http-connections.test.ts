import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { after, test } from "node:test";
import { type HttpConnections, httpConnections } from "./http-connections.node.ts";

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

async function connectionsTo(server: net.Server): Promise<HttpConnections & { readonly opened: () => number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  let opened = 0;
  const connections = httpConnections({
    connect() {
      opened++;
      return net.connect(port, "127.0.0.1");
    },
    connected: "connect",
    server: `127.0.0.1:${port}`,
  });
  closers.push(() => {
    connections.close();
    server.close();
    if (server instanceof http.Server) server.closeAllConnections();
  });
  return Object.assign(connections, { opened: () => opened });
}

const get = { method: "GET", path: "/", headers: { host: "x" } };
const text = (body: Uint8Array): string => Buffer.from(body).toString();

/** Answers with what it was sent. */
const echo = (): http.Server =>
  http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end(`${request.method} ${request.url} ${request.headers["x-name"]} ${Buffer.concat(chunks).toString()}`);
  });

test("requests go out one after the other on one connection, and at once on several", async () => {
  const connections = await connectionsTo(echo());
  const ask = async (body: string): Promise<string> =>
    text((await connections.exchange({ method: "POST", path: "/p?q=1", headers: { host: "x", "x-name": ["a", "b"] }, body }).answer).body);
  assert.equal(await ask("one"), "POST /p?q=1 a, b one");
  assert.equal(await ask("two, with é"), "POST /p?q=1 a, b two, with é");
  assert.equal(connections.opened(), 1);
  assert.deepEqual(await Promise.all([ask("three"), ask("four")]), ["POST /p?q=1 a, b three", "POST /p?q=1 a, b four"]);
  assert.equal(connections.opened(), 2);
});

test("a long body comes whole, by chunks and by length", async () => {
  const long = "0123456789".repeat(200_000);
  const connections = await connectionsTo(
    http.createServer((request, response) => {
      if (request.url === "/length") response.setHeader("content-length", long.length);
      response.write(long.slice(0, 1_000_000));
      response.end(long.slice(1_000_000));
    }),
  );
  for (const path of ["/length", "/chunks"]) {
    const { body, status } = await connections.exchange({ ...get, path }).answer;
    assert.equal(status, 200);
    assert.equal(text(body) === long, true, path);
  }
  assert.equal(connections.opened(), 1);
});

test("a connection that the server closes after an answer is not used again", async () => {
  const connections = await connectionsTo(
    http.createServer((_, response) => {
      response.setHeader("connection", "close").end("once");
    }),
  );
  for (const n of [1, 2]) {
    assert.equal(text((await connections.exchange(get).answer).body), "once");
    assert.equal(connections.opened(), n);
  }
});

test("a kept connection that turns out to be closed fails, and says that it had been used", async () => {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    // Answers the first request and hangs up on the second.
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      socket.once("data", () => socket.destroy());
    });
  });
  const connections = await connectionsTo(server);
  const first = connections.exchange(get);
  await first.answer;
  assert.equal(first.isReused, false);
  const second = connections.exchange(get);
  assert.equal(second.isReused, true);
  await assert.rejects(second.answer, /broke|ECONNRESET|EPIPE/);
  const third = connections.exchange(get);
  assert.equal(third.isReused, false);
  assert.equal(text((await third.answer).body), "ok");
});

test("an answer that breaks off, or is none, fails", async () => {
  for (const [answer, message] of [
    ["HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nbroken", /broke in the middle/],
    ["SSH-2.0-OpenSSH\r\n\r\n", /does not speak HTTP/],
  ] as const) {
    const connections = await connectionsTo(
      net.createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(answer));
      }),
    );
    await assert.rejects(connections.exchange(get).answer, message);
  }
});

test("nobody listens: the error says so", async () => {
  const connections = httpConnections({ connect: () => net.connect({ path: "/nonexistent/socket" }), connected: "connect", server: "x" });
  await assert.rejects(connections.exchange(get).answer, { code: "ENOENT" });
});

test("who gives up is told why, and the connection is gone", async () => {
  const connections = await connectionsTo(http.createServer(() => {}));
  const exchange = connections.exchange(get);
  exchange.abandon(new Error("no answer within 5 ms"));
  await assert.rejects(exchange.answer, /no answer within 5 ms/);
});

test("a path or a header that would be read as something else is not sent", async () => {
  const connections = await connectionsTo(echo());
  assert.throws(() => connections.exchange({ ...get, path: "/a b" }), /unescaped/);
  assert.throws(() => connections.exchange({ ...get, headers: { authorization: "Bearer x\r\nhost: y" } }), /Invalid character/);
  assert.equal(connections.opened(), 0);
});
