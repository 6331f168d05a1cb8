import assert from "node:assert/strict";
import { connect as netConnect } from "node:net";
import { connect as http2Connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { type TestClient, eventually, testClient } from "./test-client.node.ts";
import { startTestServer, type TestServer } from "./test-server.node.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, data: Record<string, string> = {}) =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });

describe("the server on its port", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer();
    client = testClient(server);
  });
  after(async () => {
    client.close();
    await server.close();
    assert.deepEqual(server.errors, []);
  });

  for (const http of ["http1", "http2"] as const) {
    test(`${http}: creates, reads, changes and deletes an object`, async () => {
      const path = `${configMaps}/${http}`;
      const created = await client[http]("POST", configMaps, { body: configMap(http, { a: "1" }) });
      assert.equal(created.status, 201);
      assert.equal(created.headers["content-type"], "application/json");
      const { resourceVersion } = created.json().metadata;
      assert.match(resourceVersion, /^\d+$/);
      assert.deepEqual((await client[http]("GET", path)).json(), created.json());
      const patched = await client[http]("PATCH", path, {
        body: '{"data":{"b":"2"}}',
        headers: { "content-type": "application/merge-patch+json" },
      });
      assert.deepEqual(patched.json().data, { a: "1", b: "2" });
      const replaced = await client[http]("PUT", path, { body: configMap(http, { c: "3" }) });
      assert.deepEqual(replaced.json().data, { c: "3" });
      const deleted = await client[http]("DELETE", path);
      assert.equal(deleted.status, 200);
      const { kind, status, details } = deleted.json();
      assert.deepEqual(
        { kind, status, name: details.name, resource: details.kind },
        { kind: "Status", status: "Success", name: http, resource: "configmaps" },
      );
      const gone = await client[http]("GET", path);
      assert.equal(gone.status, 404);
      assert.equal(gone.json().message, `configmaps "${http}" not found`);
    });
  }

  test("API-1, API-3: discovery is aggregated for who asks so, plain for others, and not sent twice", async () => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const aggregated = await client.http2("GET", "/apis", { headers: { accept } });
    assert.equal(aggregated.headers["content-type"], "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    const apps = aggregated.json().items.find((item: any) => item.metadata.name === "apps");
    const deployments = apps.versions[0].resources.find((resource: any) => resource.resource === "deployments");
    assert.deepEqual(deployments.responseKind, { group: "apps", version: "v1", kind: "Deployment" });
    const scale = deployments.subresources.find((sub: any) => sub.subresource === "scale");
    assert.deepEqual(scale.responseKind, { group: "autoscaling", version: "v1", kind: "Scale" });
    const again = await client.http2("GET", "/apis", { headers: { accept, "if-none-match": String(aggregated.headers["etag"]) } });
    assert.deepEqual([again.status, again.text], [304, ""]);
    const plain = await client.http2("GET", "/apis");
    assert.equal(plain.json().kind, "APIGroupList");
    const list = await client.http2("GET", "/apis/apps/v1");
    assert.ok(list.json().resources.some((resource: any) => resource.name === "deployments/scale"));
    assert.equal((await client.http2("GET", "/api/v1")).json().groupVersion, "v1");
    assert.equal((await client.http2("GET", "/apis/nothing.example")).status, 404);
  });

  test("there are no custom resource definitions: kubectl asks before it sends what can't be patched", async () => {
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const list = await client.http2("GET", definitions);
    assert.equal(list.status, 200);
    assert.deepEqual(list.json().items, []);
    assert.equal((await client.http2("GET", `${definitions}/some.example.com`)).status, 404);
    assert.equal((await client.http2("POST", definitions, { body: "{}" })).status, 404);
  });

  test("API-10: the version is told in plain integers, and health to anybody", async () => {
    const { major, minor } = (await client.http1("GET", "/version", { as: "nobody" })).json();
    assert.deepEqual([major, minor], ["1", "35"]);
    for (const path of ["/healthz", "/livez", "/readyz"]) assert.equal((await client.http1("GET", path, { as: "nobody" })).text, "ok");
    assert.match((await client.http1("GET", "/readyz?verbose", { as: "nobody" })).text, /^\[\+\]ping ok\n[\s\S]*readyz check passed\n$/);
    assert.equal((await client.http1("GET", "/readyz/ping", { as: "nobody" })).text, "ok");
    assert.match((await client.http2("GET", "/metrics")).text, /^windlass_requests_total\{verb="get",result="ok"\} \d+$/m);
  });

  test("nobody reads anything else without credentials", async () => {
    for (const path of ["/", "/api", "/apis", "/metrics", "/openapi/v2", "/api/v1/pods", "/nothing", "/versionx"]) {
      const answer = await client.http1("GET", path, { as: "nobody" });
      assert.deepEqual([path, answer.status, answer.json().message], [path, 401, "Unauthorized"]);
    }
  });

  const refusals: readonly (readonly [
    what: string,
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
    code: number,
    text: RegExp,
  ])[] = [
    ["an unknown path", "GET", "/nothing", {}, undefined, 404, /^the server could not find the requested resource$/],
    ["an unknown resource", "GET", "/api/v1/nothings", {}, undefined, 404, /^the server could not find/],
    ["a method that a path does not have", "POST", "/version", {}, "{}", 405, /does not allow this method/],
    ["a method that a resource does not have", "OPTIONS", configMaps, {}, undefined, 405, /options is not supported/],
    ["a malformed path", "GET", "/api/v1/namespaces/%ff/pods", {}, undefined, 400, /malformed/],
    [
      "API-18: an unknown body type",
      "POST",
      configMaps,
      { "content-type": "text/html" },
      "x",
      415,
      /^the body of the request was in an unknown format - accepted media types include: application\/json/,
    ],
    [
      "API-18: an unknown patch type",
      "PATCH",
      `${configMaps}/x`,
      { "content-type": "application/json" },
      "{}",
      415,
      /application\/json-patch\+json/,
    ],
    [
      "API-18: an unacceptable answer",
      "GET",
      configMaps,
      { accept: "text/html" },
      undefined,
      406,
      /^only the following media types are accepted: application\/json/,
    ],
    ["a body that is no JSON", "POST", configMaps, {}, "{", 400, /JSON/],
    ["a body that is no UTF-8", "POST", configMaps, {}, "\xff", 400, /./],
    ["API-56: a body above 3 MiB", "POST", configMaps, {}, " ".repeat(3 * 1024 * 1024 + 1), 413, /^Request entity too large/],
    ["a malformed limit", "GET", `${configMaps}?limit=x`, {}, undefined, 400, /query parameter limit/],
    ["a malformed selector", "GET", `${configMaps}?labelSelector=a%20b`, {}, undefined, 400, /./],
    [
      "an unknown field selector",
      "GET",
      `${configMaps}?fieldSelector=spec.x%3D1`,
      {},
      undefined,
      400,
      /field label not supported|known field selector/,
    ],
    [
      "API-26: initial events on a list",
      "GET",
      `${configMaps}?sendInitialEvents=true`,
      {},
      undefined,
      422,
      /sendInitialEvents is forbidden for list/,
    ],
    [
      "an unknown dryRun",
      "POST",
      `${configMaps}?dryRun=Some`,
      {},
      configMap("x"),
      422,
      /Unsupported value: "Some": supported values: "All"/,
    ],
    [
      "an unknown fieldValidation",
      "POST",
      `${configMaps}?fieldValidation=Hard`,
      {},
      configMap("x"),
      422,
      /fieldValidation: Unsupported value/,
    ],
    [
      "API-80: an unknown field when strict",
      "POST",
      `${configMaps}?fieldValidation=Strict`,
      {},
      '{"metadata":{"name":"x"},"foo":1}',
      400,
      /strict decoding error: unknown field "foo"/,
    ],
    [
      "an apply without a manager",
      "PATCH",
      `${configMaps}/x`,
      { "content-type": "application/apply-patch+yaml" },
      "{}",
      400,
      /is required for apply patch/,
    ],
    ["a delete that contradicts itself", "DELETE", `${configMaps}/x?propagationPolicy=Sideways`, {}, undefined, 422, /propagationPolicy/],
    ["a malformed protobuf body", "POST", configMaps, { "content-type": "application/vnd.kubernetes.protobuf" }, "k8s\0\xff\xff", 400, /./],
    ["a stream without an upgrade", "GET", "/api/v1/namespaces/default/pods/x/exec", {}, undefined, 400, /Upgrade request required/],
  ];
  for (const [what, method, path, headers, body, code, text] of refusals) {
    for (const http of ["http1", "http2"] as const) {
      test(`${http}: ${what} is answered with ${code}`, async () => {
        const answer = await client[http](method, path, { headers, ...(body !== undefined && { body: Buffer.from(body, "latin1") }) });
        const status = answer.json();
        assert.equal(answer.status, code, answer.text);
        assert.deepEqual([status.kind, status.status, status.code], ["Status", "Failure", code]);
        assert.match(status.message, text);
      });
    }
  }

  test("API-81: what is wrong but tolerated is told in Warning headers", async () => {
    const answer = await client.http2("POST", configMaps, { body: '{"metadata":{"name":"warned"},"foo":1,"bar":2}' });
    assert.equal(answer.status, 201);
    const warnings = String(answer.headers["warning"]).split(/, (?=299)/);
    assert.deepEqual(warnings.sort(), ['299 - "unknown field \\"bar\\""', '299 - "unknown field \\"foo\\""']);
  });

  for (const http of ["http1", "http2"] as const) {
    test(`${http}: an answer carries no more warnings than a client can take`, async () => {
      const unknown = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`field${i}`, 1]));
      const body = JSON.stringify({ metadata: { name: `warned-${http}` }, ...unknown });
      const answer = await client[http]("POST", configMaps, { body });
      assert.equal(answer.status, 201);
      const { length } = String(answer.headers["warning"]);
      assert.ok(length > 1000 && length < 8000, `${length} characters`);
    });
  }

  test("a body of YAML is short enough to be read while others wait", async () => {
    const long = await client.http1("POST", configMaps, {
      headers: { "content-type": "application/yaml" },
      body: `a: b\n`.repeat(150_000),
    });
    assert.deepEqual([long.status, long.json().reason], [413, "RequestEntityTooLarge"]);
    const send = (name: string, extra: string) =>
      client.http1("POST", configMaps, {
        headers: { "content-type": "application/yaml" },
        body: `metadata:\n  name: ${name}\ndata:\n${Array.from({ length: 10_000 }, (_, n) => `  key-${n}: a text of some length\n`).join("")}${extra}`,
      });
    assert.equal((await send("many-lines", "")).status, 201, "what is usually written is read fast, and may be long");
    const intricate = await send("intricate", "  last: &anchor text\n");
    assert.deepEqual([intricate.status, intricate.json().reason], [413, "RequestEntityTooLarge"]);
  });

  test("YAML goes in and out", async () => {
    const body = "metadata:\n  name: from-yaml\ndata:\n  a: 'yes'\n  b: |\n    two\n    lines\n";
    const answer = await client.http2("POST", configMaps, {
      body,
      headers: { "content-type": "application/yaml", accept: "application/yaml" },
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers["content-type"], "application/yaml");
    assert.match(answer.text, /^ {2}a: "yes"$/m);
    assert.match(answer.text, /^ {2}creationTimestamp: "\d{4}-/m);
  });

  test("a table is for people, and other forms carry metadata alone", async () => {
    await client.http2("POST", configMaps, { body: configMap("in-a-table", { a: "1", b: "2" }) });
    const table = await client.http2("GET", `${configMaps}/in-a-table`, {
      headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" },
    });
    assert.equal(table.json().kind, "Table");
    assert.equal(table.json().rows[0].cells[0], "in-a-table");
    const partial = await client.http2("GET", configMaps, {
      headers: { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
    });
    assert.equal(partial.json().kind, "PartialObjectMetadataList");
    assert.equal(partial.json().items[0].data, undefined);
  });

  test("a long list comes in pages and as one, whole and well-formed", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `long-${String(i).padStart(2, "0")}`);
    const path = "/api/v1/namespaces/kube-system/configmaps";
    await Promise.all(names.map((name) => client.http2("POST", path, { body: configMap(name, { text: "x".repeat(10_000) }) })));
    const whole = (await client.http1("GET", path)).json();
    assert.deepEqual(
      whole.items.map((item: any) => item.metadata.name),
      names,
    );
    const first = (await client.http2("GET", `${path}?limit=25`)).json();
    assert.equal(first.metadata.remainingItemCount, 35);
    const rest = (await client.http2("GET", `${path}?limit=100&continue=${encodeURIComponent(first.metadata.continue)}`)).json();
    assert.deepEqual(
      [...first.items, ...rest.items].map((item: any) => item.metadata.name),
      names,
    );
    assert.equal(rest.metadata.continue, undefined);
  });

  test("API-30: a watch tells what is there, marks the end of it, then tells what happens", async () => {
    await client.http2("POST", configMaps, { body: configMap("seen") });
    const path = `${configMaps}?watch=1&fieldSelector=metadata.name%3Dseen&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`;
    const watch = await client.watch(path);
    await watch.until("the initial events", (events) => events.some((event) => event.type === "BOOKMARK"));
    await client.http2("PUT", `${configMaps}/seen`, { body: configMap("seen", { a: "1" }) });
    await client.http2("DELETE", `${configMaps}/seen`);
    const events = await watch.until("the deletion", (seen) => seen.some((event) => event.type === "DELETED"));
    assert.deepEqual(
      events.map((event) => event.type),
      ["ADDED", "BOOKMARK", "MODIFIED", "DELETED"],
    );
    assert.equal(events[1].object.metadata.annotations["k8s.io/initial-events-end"], "true");
    watch.cut();
    await watch.ended;
  });

  test("API-34: a watch ends when its time is up", async () => {
    const watch = await client.watch(`${configMaps}?watch=1&timeoutSeconds=1`);
    await watch.ended;
  });

  test("API-35: a watched table has its columns once", async () => {
    const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const watch = await client.watch(`${configMaps}?watch=1&resourceVersion=0`, { headers });
    const events = await watch.until("two rows", (seen) => seen.length >= 2);
    assert.deepEqual(
      events.slice(0, 2).map((event) => event.object.columnDefinitions.length > 0),
      [true, false],
    );
    watch.cut();
  });

  test("a client that is cut off leaves no watch behind", async () => {
    const watching = async () => Number(/^windlass_watches (\d+)$/m.exec((await client.http2("GET", "/metrics")).text)?.[1]);
    const before = await watching();
    const session = http2Connect(server.server.address, {
      ca: server.pki.ca,
      cert: server.pki.admin.certificate,
      key: server.pki.admin.key,
    });
    session.on("error", () => {});
    await Promise.all(
      Array.from(
        { length: 20 },
        () =>
          new Promise((resolve) =>
            session
              .request({ ":path": `${configMaps}?watch=1` })
              .on("error", () => {})
              .on("response", resolve),
          ),
      ),
    );
    assert.equal(await watching(), before + 20);
    session.destroy();
    let left = before + 20;
    await eventually("the watches are gone", () => {
      void watching().then((count) => {
        left = count;
      });
      return left === before;
    });
  });

  test("a watcher that reads nothing is cut off and slows nobody", async () => {
    const session = http2Connect(server.server.address, {
      ca: server.pki.ca,
      cert: server.pki.admin.certificate,
      key: server.pki.admin.key,
    });
    session.on("error", () => {});
    const stalled = session.request({ ":path": `${configMaps}?watch=1&resourceVersion=0` });
    stalled.on("error", () => {});
    await new Promise((resolve) => stalled.on("response", resolve));
    stalled.pause();
    const big = configMap("big", { text: "x".repeat(200_000) });
    await client.http2("POST", configMaps, { body: big });
    const closed = new Promise((resolve) => stalled.on("close", resolve));
    let over = false;
    void closed.then(() => {
      over = true;
    });
    for (let i = 0; !over; i++) {
      assert.ok(i < 2000, "the stalled watcher was never cut off");
      const answer = await client.http2("PATCH", `${configMaps}/big`, {
        body: JSON.stringify({ data: { i: String(i) } }),
        headers: { "content-type": "application/merge-patch+json" },
      });
      assert.equal(answer.status, 200);
    }
    session.destroy();
    await client.http2("DELETE", `${configMaps}/big`);
  });

  test("bytes that are no TLS, and TLS that is no HTTP, harm nobody", async () => {
    const port = server.server.port;
    await new Promise((resolve) =>
      netConnect(port, "127.0.0.1", function (this: any) {
        this.end("GET / HTTP/1.1\r\n\r\n");
      })
        .on("close", resolve)
        .on("error", resolve)
        .resume(),
    );
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = tlsConnect({ port, host: "127.0.0.1", ca: server.pki.ca, ALPNProtocols: ["http/1.1"] }, () =>
        socket.write("NONSENSE\r\n\r\n"),
      );
      socket
        .on("data", (bytes) => (text += bytes))
        .on("close", () => resolve(text))
        .on("error", () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /"kind":"Status"/);
    assert.equal((await client.http1("GET", "/healthz", { as: "nobody" })).status, 200);
  });

  test("a certificate that somebody else signed is nobody's", async () => {
    const other = await startTestServer();
    try {
      const status = await new Promise((resolve, reject) => {
        const session = http2Connect(server.server.address, {
          ca: server.pki.ca,
          cert: other.pki.admin.certificate,
          key: other.pki.admin.key,
        });
        session.on("error", reject);
        session.request({ ":path": "/api" }).on("response", (headers) => {
          resolve(headers[":status"]);
          session.destroy();
        });
      });
      assert.equal(status, 401);
    } finally {
      await other.close();
    }
  });
});

test("the same port is served on a further address when asked, and on no other", async () => {
  const server = await startTestServer();
  const { port } = server.server;
  const reached = (host: string): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = tlsConnect({ port, host, ca: server.pki.ca, servername: "localhost", ALPNProtocols: ["h2"] }, () => {
        resolve(socket.alpnProtocol === "h2");
        socket.destroy();
      });
      socket.on("error", () => resolve(false));
    });
  assert.deepEqual([await reached("127.0.0.1"), await reached("127.0.0.2")], [true, false]);
  await server.server.listenAlso("127.0.0.2");
  assert.equal(await reached("127.0.0.2"), true);
  await assert.rejects(server.server.listenAlso("127.0.0.2"), /EADDRINUSE/);
  await server.close();
  assert.equal(await reached("127.0.0.2"), false);
});

test("a server that closes ends its watches, finishes nothing half and leaves no connection", async () => {
  const server = await startTestServer();
  const client = testClient(server);
  const watch = await client.watch(`${configMaps}?watch=1`);
  const http1 = client.http1("GET", "/healthz");
  await http1;
  await server.close();
  await watch.ended;
  assert.equal(server.server.connections, 0);
  client.close();
});
