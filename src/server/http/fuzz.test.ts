import assert from "node:assert/strict";
import { constants } from "node:http2";
import { connect as http2Connect, type ClientHttp2Session } from "node:http2";
import { connect as netConnect } from "node:net";
import { after, before, describe, test } from "node:test";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import type { KindDefinition } from "../../api/kind.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import { type Random, randomBytes, randomInt, randomPick, seededRandom } from "../../base/random.ts";
import { fakeNode } from "../streams/fake-node.ts";
import { eventually, type TestClient, testClient } from "./test-client.node.ts";
import { startTestServer, type TestServer } from "./test-server.node.ts";

const seed = Number(process.env["WINDLASS_FUZZ_SEED"] ?? 20261122);

const resources = [
  "/api/v1/namespaces",
  "/api/v1/namespaces/default",
  "/api/v1/nodes",
  "/api/v1/pods",
  "/api/v1/namespaces/default/pods",
  "/api/v1/namespaces/default/pods/p",
  "/api/v1/namespaces/default/pods/p/status",
  "/api/v1/namespaces/default/pods/p/log",
  "/api/v1/namespaces/default/pods/p/binding",
  "/api/v1/namespaces/default/pods/p/eviction",
  "/api/v1/namespaces/default/pods/p/exec",
  "/api/v1/namespaces/default/pods/p/ephemeralcontainers",
  "/api/v1/namespaces/default/configmaps",
  "/api/v1/namespaces/default/configmaps/a",
  "/api/v1/namespaces/default/secrets/a",
  "/api/v1/namespaces/default/services",
  "/api/v1/namespaces/default/services/a",
  "/api/v1/namespaces/default/events",
  "/api/v1/namespaces/default/serviceaccounts/default/token",
  "/apis/apps/v1/namespaces/default/deployments",
  "/apis/apps/v1/namespaces/default/deployments/a",
  "/apis/apps/v1/namespaces/default/deployments/a/scale",
  "/apis/apps/v1/namespaces/default/deployments/a/status",
  "/apis/apps/v1/namespaces/default/statefulsets/a",
  "/apis/apps/v1/namespaces/default/daemonsets",
  "/apis/discovery.k8s.io/v1/endpointslices",
  "/apis/events.k8s.io/v1/namespaces/default/events",
  "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/a",
  "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
  "/apis/authentication.k8s.io/v1/tokenreviews",
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  "/apis/authorization.k8s.io/v1/subjectaccessreviews",
  "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews",
  "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
  "/api",
  "/apis",
  "/apis/apps/v1",
  "/openapi/v3/apis/apps/v1",
  "/version",
  "/readyz",
  "/metrics",
];
const methods = ["GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"];
const oddText = [
  "",
  "x",
  "-1",
  "0",
  "1",
  "99999999999999999999",
  "true",
  "false",
  "null",
  "a=b",
  "a in (",
  "!",
  "%",
  "../..",
  "\u0000",
  "\u{1F680}",
  "__proto__",
  "constructor",
  "{}",
  "[]",
  "a,b,,c",
  "metadata.name=a",
  "All",
  "Strict",
  "'\"<>",
];
const parameters = [
  "watch",
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersionMatch",
  "timeoutSeconds",
  "allowWatchBookmarks",
  "sendInitialEvents",
  "dryRun",
  "fieldValidation",
  "fieldManager",
  "force",
  "pretty",
  "gracePeriodSeconds",
  "propagationPolicy",
  "orphanDependents",
  "includeObject",
  "container",
  "tailLines",
  "sinceSeconds",
  "sinceTime",
  "limitBytes",
  "command",
  "stdout",
  "verbose",
  "exclude",
  "hash",
  "unknown",
];
const contentTypes = [
  "application/json",
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "text/plain",
  "application/json; charset=latin1",
  ";;;",
  "",
];
const accepts = [
  "*/*",
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "text/html",
  "application/json;q=abc",
  ",,;=;",
  "application/json;as=Table;v=v9;g=nobody",
];
const bodies = [
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", labels: { a: "b" } }, data: { a: "1" } },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: {
      replicas: 1,
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80 }] }] } },
    },
  },
  { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { ports: [{ port: 80, targetPort: "http" }], selector: { a: "b" } } },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "a" },
    rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "a" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" },
    subjects: [{ kind: "User", name: "u" }],
  },
  {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { verb: "get", resource: "pods" } },
  },
  {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: "u", groups: ["g"], nonResourceAttributes: { path: "/x", verb: "get" } },
  },
  { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "a.b.c" } },
  {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["a"], expirationSeconds: 600, boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } },
  },
  { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "a" }, spec: { replicas: 3 } },
  { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" }, deleteOptions: { gracePeriodSeconds: 0 } },
  { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid: "x" } },
  { apiVersion: "v1", kind: "Event", metadata: { name: "e" }, involvedObject: { kind: "Pod", name: "p" }, reason: "R", type: "Normal" },
  [
    { op: "add", path: "/metadata/labels/x", value: "y" },
    { op: "test", path: "/data/a", value: "1" },
    { op: "move", from: "/data", path: "/metadata/annotations" },
  ],
  { spec: { template: { spec: { containers: [{ name: "c", $patch: "delete" }], $setElementOrder: 1 } }, $retainKeys: ["x"] } },
];

/** Changes a JSON value somewhere: a value of another type, a key gone or odd, a list where none belongs. */
function mutate(random: Random, value: unknown, depth = 0): unknown {
  const odd = (): unknown =>
    randomPick(random, [
      null,
      true,
      -1,
      1e308,
      "",
      "\u0000",
      "x".repeat(300),
      [],
      {},
      [[[]]],
      { $patch: "replace" },
      { "": 1 },
      2 ** 53,
      0.5,
      "2026-99-99T00:00:00Z",
    ]);
  if (depth > 0 && randomInt(random, 0, 5) === 0) return odd();
  if (Array.isArray(value)) {
    const list = value.map((item) => (randomInt(random, 0, 2) === 0 ? mutate(random, item, depth + 1) : item));
    if (randomInt(random, 0, 6) === 0) list.push(odd());
    return list;
  }
  if (typeof value === "object" && value !== null) {
    const copy: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (randomInt(random, 0, 12) === 0) continue;
      copy[key] = randomInt(random, 0, 2) === 0 ? mutate(random, item, depth + 1) : item;
    }
    if (randomInt(random, 0, 8) === 0)
      Object.defineProperty(copy, randomPick(random, ["__proto__", "constructor", "foo", "", "metadata", "status"]), {
        value: odd(),
        enumerable: true,
      });
    return copy;
  }
  return randomInt(random, 0, 1) === 0 ? odd() : value;
}

function bodyBytes(random: Random): Buffer {
  const text = JSON.stringify(mutate(random, randomPick(random, bodies as readonly unknown[]))) ?? "null";
  const bytes = Buffer.from(text);
  switch (randomInt(random, 0, 9)) {
    case 0:
      return bytes.subarray(0, randomInt(random, 0, bytes.length));
    case 1: {
      if (bytes.length > 0) bytes[randomInt(random, 0, bytes.length - 1)] = randomInt(random, 0, 255);
      return bytes;
    }
    case 2:
      return Buffer.concat([Buffer.from("k8s\0"), randomBytes(random, randomInt(random, 0, 200))]);
    case 3:
      return Buffer.from("[".repeat(randomInt(random, 1, 50_000)));
    case 4:
      return Buffer.from('{"a":'.repeat(randomInt(random, 1, 20_000)));
    case 5:
      return Buffer.from("a: &a [*a, *a]\nb: *c\n? [x]\n: !!binary z\n- ".slice(0, randomInt(random, 1, 44)));
    default:
      return bytes;
  }
}

function target(random: Random): string {
  let path = randomPick(random, resources);
  for (let i = randomInt(random, 0, 2); i > 0 && randomInt(random, 0, 1) === 0; i--) {
    const at = randomInt(random, 1, path.length);
    path =
      path.slice(0, at) +
      randomPick(random, ["/", "%", "%2f", "%00", "%ff", "..", "a", "?", "&", "~", "%F0%9F%9A%80", "watch/"]) +
      path.slice(at);
  }
  const query = Array.from(
    { length: randomInt(random, 0, 3) },
    () => `${randomPick(random, parameters)}=${encodeURIComponent(randomPick(random, oddText))}`,
  );
  if (randomInt(random, 0, 15) === 0) query.push("%zz=%");
  return query.length > 0 ? `${path}?${query.join("&")}` : path;
}

/** Sends one request; resolves with status and body. A stream that would not end is cut after its head. */
function send(
  session: ClientHttp2Session,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Buffer | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: body === undefined });
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (received) => {
      status = Number(received[":status"]);
      if (status === 200 && /watch|follow/.test(path)) stream.close(constants.NGHTTP2_CANCEL);
    });
    stream.on("data", (piece: string) => {
      text += piece;
    });
    stream.on("error", () => {});
    stream.on("close", () => resolve({ status, text }));
    if (body !== undefined) stream.end(body);
  });
}

describe(`nothing that a client sends does harm (seed ${seed})`, () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer({ nodes: () => fakeNode(), users: [{ token: "small", user: { name: "small", groups: [] } }] });
    client = testClient(server);
    const context = { user: { name: "t", groups: ["system:masters"] }, fieldManager: "t" };
    await server.api.create(
      ServiceAccount as unknown as KindDefinition,
      "default",
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } },
      context,
    );
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] },
    };
    await server.api.create(Pod as unknown as KindDefinition, "default", pod, context);
    await server.api.patch(
      Pod as unknown as KindDefinition,
      { namespace: "default", name: "p" },
      "merge",
      { status: { phase: "Running" } },
      context,
      "status",
    );
  });
  after(async () => {
    client.close();
    await server.close();
  });

  test("3,000 requests of any kind each get an answer of their own making, never a fault of ours", async () => {
    const random = seededRandom(seed);
    const session = http2Connect(server.server.address, {
      ca: server.pki.ca,
      cert: server.pki.admin.certificate,
      key: server.pki.admin.key,
    });
    session.on("error", () => {});
    const one = async (): Promise<void> => {
      const method = randomPick(random, methods);
      const path = target(random);
      const headers: Record<string, string> = {};
      if (randomInt(random, 0, 1) === 0) headers["accept"] = randomPick(random, accepts);
      const hasBody = method === "POST" || method === "PUT" || method === "PATCH" || randomInt(random, 0, 3) === 0;
      if (hasBody) headers["content-type"] = randomPick(random, contentTypes);
      if (randomInt(random, 0, 20) === 0)
        headers["impersonate-user"] = randomPick(random, ["u", "system:serviceaccount:a", "system:serviceaccount:a:b:c", "%"]);
      if (randomInt(random, 0, 20) === 0) headers["impersonate-extra-%zz"] = "x";
      const body = hasBody ? bodyBytes(random) : undefined;
      const { status, text } = await send(session, method, path, headers, body);
      const told = `${method} ${path} ${JSON.stringify(headers)} ${body?.subarray(0, 400).toString("latin1")} -> ${status} ${text.slice(0, 400)}`;
      assert.ok(status >= 200 && status < 500, told);
      if (status >= 400 && method !== "HEAD") {
        const answer = JSON.parse(text);
        assert.deepEqual([answer.kind, answer.status, answer.code], ["Status", "Failure", status], told);
      }
    };
    for (let i = 0; i < 300; i++) await Promise.all(Array.from({ length: 10 }, one));
    session.destroy();
    assert.deepEqual(server.errors, []);
  });

  /** Opens a TLS connection, sends the pieces and cuts it off, or waits until the server does. */
  const talk = (
    pieces: readonly Uint8Array[],
    how: "cut" | "wait",
    protocols: readonly string[] = ["http/1.1"],
    as: "admin" | "nobody" = "admin",
  ): Promise<string> =>
    new Promise((resolve) => {
      let text = "";
      const credentials = as === "admin" ? { cert: server.pki.admin.certificate, key: server.pki.admin.key } : {};
      const socket: TLSSocket = tlsConnect(
        { port: server.server.port, host: "127.0.0.1", ca: server.pki.ca, ALPNProtocols: [...protocols], ...credentials },
        () => {
          for (const piece of pieces) socket.write(piece);
          if (how === "cut") socket.write("", () => socket.destroy());
          else socket.end();
        },
      );
      socket.on("data", (bytes: Buffer) => {
        text += bytes.toString("latin1");
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
    });

  test("requests that are cut off, malformed or never finished end with their connection", async () => {
    const random = seededRandom(seed + 1);
    const head = "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    const whole = [
      `${head}content-length: 20\r\n\r\n{"metadata":{"name":`,
      `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"met\r\nzz\r\n`,
      `${head}content-length: -5\r\n\r\n`,
      `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
      "GET /api/v1/pods?watch=1 HTTP/1.1\r\nhost: x\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      `GET /api HTTP/1.1\r\n${"x: y\r\n".repeat(20_000)}\r\n`,
      `GET /${"a".repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      "GET /api HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
      "\r\n\r\n\r\n",
    ];
    for (let i = 0; i < 30; i++) {
      await Promise.all(
        Array.from({ length: 8 }, () => {
          const bytes = Buffer.from(randomPick(random, whole));
          if (randomInt(random, 0, 2) === 0) bytes[randomInt(random, 0, bytes.length - 1)] = randomInt(random, 0, 255);
          const cut = randomInt(random, 0, bytes.length);
          return talk([bytes.subarray(0, cut), bytes.subarray(cut, randomInt(random, cut, bytes.length))], "cut");
        }),
      );
    }
    assert.deepEqual(server.errors, []);
  });

  test("streams that speak nonsense after their upgrade end, and take nothing with them", async () => {
    const random = seededRandom(seed + 2);
    const upgrade = (path: string, method: string, lines: readonly string[]): Buffer =>
      Buffer.from([`${method} ${path} HTTP/1.1`, "host: x", "connection: upgrade", ...lines, "", ""].join("\r\n"));
    const pod = "/api/v1/namespaces/default/pods/p";
    const webSocket = (protocol: string): string[] => [
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
      `sec-websocket-protocol: ${protocol}`,
    ];
    const starts = [
      upgrade(`${pod}/exec?command=cat&stdin=1&stdout=1`, "GET", webSocket("v5.channel.k8s.io")),
      upgrade(`${pod}/exec?command=hang&stdout=1`, "GET", webSocket("v4.base64.channel.k8s.io")),
      upgrade(`${pod}/attach?stdin=1&stdout=1&tty=1`, "GET", webSocket("channel.k8s.io")),
      upgrade(`${pod}/portforward`, "GET", webSocket("SPDY/3.1+portforward.k8s.io")),
      upgrade(`${pod}/portforward?ports=80,81`, "GET", webSocket("v4.channel.k8s.io")),
      upgrade(`${pod}/portforward?ports=x`, "GET", webSocket("v4.channel.k8s.io")),
      upgrade(`${pod}/exec?command=cat&stdin=1&stdout=1`, "GET", webSocket("nobody.knows")),
      upgrade(`${pod}/exec?command=cat&stdin=1&stdout=1`, "POST", ["upgrade: SPDY/3.1", "x-stream-protocol-version: v4.channel.k8s.io"]),
      upgrade(`${pod}/portforward`, "POST", ["upgrade: SPDY/3.1", "x-stream-protocol-version: portforward.k8s.io"]),
      upgrade("/api/v1/namespaces/default/pods/nobody/exec?command=x", "POST", ["upgrade: SPDY/3.1"]),
    ];
    const frames = (): Uint8Array => {
      switch (randomInt(random, 0, 5)) {
        case 0:
          return randomBytes(random, randomInt(random, 1, 2000));
        case 1: // SPDY control frames of any type over garbage.
          return Buffer.concat([
            Buffer.from([0x80, 3, 0, randomInt(random, 0, 12), randomInt(random, 0, 255), 0, 0, 30]),
            randomBytes(random, 30),
          ]);
        case 2: // A SPDY data frame for a stream that nobody opened.
          return Buffer.from([0, 0, 0, randomInt(random, 0, 9), 1, 0, 0, 2, 1, 2]);
        case 3: // A masked WebSocket message.
          return Buffer.concat([Buffer.from([0x82, 0x84, 0, 0, 0, 0, randomInt(random, 0, 255)]), randomBytes(random, 3)]);
        case 4: // A frame that claims to be huge.
          return Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        default: // A ping, and a close.
          return Buffer.from([0x89, 0x80, 0, 0, 0, 0, 0x88, 0x80, 0, 0, 0, 0]);
      }
    };
    for (let i = 0; i < 40; i++) {
      await Promise.all(
        Array.from({ length: 8 }, () => {
          const start = randomPick(random, starts);
          const garbage = Array.from({ length: randomInt(random, 0, 4) }, frames);
          return talk([start, ...garbage], "cut");
        }),
      );
    }
    assert.deepEqual(server.errors, []);
  });

  test("broken HTTP/2 and broken TLS end with their connection", async () => {
    const random = seededRandom(seed + 3);
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    for (let i = 0; i < 20; i++) {
      await Promise.all(
        Array.from({ length: 6 }, () => {
          const frame = Buffer.concat([
            Buffer.from([0, 0, 40, randomInt(random, 0, 10), randomInt(random, 0, 255), 0, 0, 0, randomInt(random, 0, 5)]),
            randomBytes(random, 40),
          ]);
          return talk([preface, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), frame], "cut", ["h2"]);
        }),
      );
    }
    await Promise.all(
      Array.from(
        { length: 40 },
        () =>
          new Promise((resolve) => {
            const socket = netConnect(server.server.port, "127.0.0.1", () => socket.end(randomBytes(random, randomInt(random, 1, 300))));
            socket
              .on("error", () => {})
              .on("close", resolve)
              .resume();
          }),
      ),
    );
    assert.deepEqual(server.errors, []);
  });

  test("afterwards the server serves, and nothing is left open", async () => {
    assert.equal((await client.http2("GET", "/api/v1/namespaces/default")).status, 200);
    const left = async () => {
      const { text } = await client.http2("GET", "/metrics");
      return ["watches", "streams", "requests_in_flight"].map((name) =>
        Number(new RegExp(`^windlass_${name} (\\d+)$`, "m").exec(text)?.[1]),
      );
    };
    let now: number[] = [];
    await eventually("watches, streams and requests are gone", () => {
      void left().then((counts) => {
        now = counts;
      });
      // The question itself is one request.
      return now[0] === 0 && now[1] === 0 && now[2] === 1;
    });
    await eventually("connections are gone", () => server.server.connections <= 2);
  });
});
