import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { networkProber } from "./prober.node.ts";

const servers: { close(): void }[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const who = { podUid: "uid", containerName: "app", host: "127.0.0.1", timeoutMs: 2000 };
const web = { ...who, scheme: "HTTP" as const, headers: [] };

const httpPort = await listening(
  createHttpServer((request, response) => {
    if (request.url === "/redirect") return response.writeHead(302, { location: "/ok" }).end();
    if (request.url === "/elsewhere") return response.writeHead(302, { location: "http://192.0.2.1/" }).end();
    if (request.url === "/silent") return;
    response.writeHead(request.url === "/down" ? 503 : 200).end(`${request.headers["x-probe"] ?? ""}${request.headers["user-agent"]}`);
  }),
);

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("an HTTP probe gives status and body, sends the probe's headers and follows redirects on its host (KUB-25)", async () => {
  assert.deepEqual(await networkProber.http({ ...web, port: httpPort, path: "/ok", headers: [{ name: "X-Probe", value: "yes:" }] }), {
    status: 200,
    body: "yes:kube-probe/1.35",
  });
  assert.equal((await networkProber.http({ ...web, port: httpPort, path: "/down" })).status, 503);
  assert.equal((await networkProber.http({ ...web, port: httpPort, path: "/redirect" })).status, 200);
  assert.equal((await networkProber.http({ ...web, port: httpPort, path: "/elsewhere" })).status, 302);
});

test("failures read as Go's client words them", async () => {
  const port = await closedPort();
  const url = `http://127.0.0.1:${port}/healthz`;
  await assert.rejects(networkProber.http({ ...web, port, path: "/healthz" }), {
    message: `Get "${url}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
  await assert.rejects(networkProber.tcp({ ...who, port }), { message: `dial tcp 127.0.0.1:${port}: connect: connection refused` });
  await assert.rejects(networkProber.http({ ...web, port: httpPort, path: "/silent", timeoutMs: 50 }), {
    message: `Get "http://127.0.0.1:${httpPort}/silent": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
  });
  await networkProber.tcp({ ...who, port: httpPort });
});

test("a gRPC probe asks the health service by hand and reads its status", async () => {
  const asked: string[] = [];
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    const pieces: Buffer[] = [];
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    stream.on("end", () => {
      const service = Buffer.concat(pieces).subarray(7).toString();
      asked.push(service);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": service === "missing" ? "5" : "0" }));
      stream.end(service === "missing" ? Buffer.alloc(0) : Buffer.from([0, 0, 0, 0, 2, 0x08, service === "down" ? 2 : 1]));
    });
  });
  const port = await listening(server as unknown as Server);
  assert.equal(await networkProber.grpc({ ...who, port, service: "" }), "SERVING");
  assert.equal(await networkProber.grpc({ ...who, port, service: "down" }), "NOT_SERVING");
  await assert.rejects(networkProber.grpc({ ...who, port, service: "missing" }), /service "missing" is unknown/);
  assert.deepEqual(asked, ["", "down", "missing"]);
});
