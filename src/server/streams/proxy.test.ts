import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { KindDefinition } from "../../api/kind.ts";
import { EndpointSlice } from "../../api/kinds/endpoint-slice/index.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { Service } from "../../api/kinds/service/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import { type TestClient, testClient } from "../http/test-client.node.ts";
import { startTestServer, type TestServer } from "../http/test-server.node.ts";
import { fakeNode } from "./fake-node.ts";

describe("requests handed on to Pods", () => {
  let server: TestServer;
  let client: TestClient;
  const core = "/api/v1/namespaces/default";
  before(async () => {
    server = await startTestServer({ nodes: () => fakeNode() });
    client = testClient(server);
    const context = { user: { name: "t", groups: ["system:masters"] }, fieldManager: "t" };
    const create = (kind: KindDefinition<any>, object: object) =>
      server.api.create(kind as KindDefinition, "default", { apiVersion: "v1", ...object } as never, context);
    await create(ServiceAccount, { kind: "ServiceAccount", metadata: { name: "default" } });
    const containers = [{ name: "c", image: "i", ports: [{ containerPort: 8080 }] }];
    await create(Pod, { kind: "Pod", metadata: { name: "p" }, spec: { nodeName: "n", containers } });
    const service = (name: string) =>
      create(Service, {
        kind: "Service",
        metadata: { name },
        spec: { clusterIP: "None", ports: [{ name: "web", port: 80, targetPort: 8080 }] },
      });
    await service("s");
    await service("empty");
    await create(EndpointSlice, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "s-1", labels: { "kubernetes.io/service-name": "s" } },
      addressType: "IPv4",
      ports: [{ name: "web", port: 8080 }],
      endpoints: [{ addresses: ["10.1.0.1"], conditions: { ready: true }, targetRef: { kind: "Pod", name: "p" } }],
    });
  });
  after(async () => {
    client.close();
    await server.close();
    assert.deepEqual(server.errors, []);
  });

  for (const how of ["http1", "http2"] as const) {
    test(`${how}: what belongs to the Pod's own connection goes no further`, async () => {
      const { status, headers } = await client[how]("GET", `${core}/pods/p/proxy/path`);
      assert.deepEqual([status, headers["x-from"], headers["proxy-connection"], headers["x-hop"]], [202, "pod", undefined, undefined]);
    });
  }

  for (const path of ["pods/p", "pods/p:8080", "pods/http:p:8080", "services/s", "services/s:web", "services/s:80"]) {
    test(`${path}/proxy reaches the Pod with path, query and body, and brings its answer`, async () => {
      const got = await client.http2("GET", `${core}/${path}/proxy/some/path?a=b`);
      assert.deepEqual([got.status, got.text, got.headers["x-from"]], [202, "GET /some/path?a=b HTTP/1.1 ", "pod"]);
      const sent = await client.http1("POST", `${core}/${path}/proxy/x`, { body: "hello" });
      assert.deepEqual([sent.status, sent.text], [202, "POST /x HTTP/1.1 hello"]);
    });
  }

  test("without a slash at the end a browser is sent to where relative links work", async () => {
    const answer = await client.http2("GET", `${core}/pods/p/proxy?x=1`);
    assert.deepEqual([answer.status, answer.headers["location"]], [301, `${core}/pods/p/proxy/?x=1`]);
  });

  test("what can't be reached is told", async () => {
    const told = async (path: string) => {
      const answer = await client.http2("GET", `${core}/${path}/proxy/`);
      return `${answer.status} ${answer.json().message}`;
    };
    assert.equal(await told("pods/p:81"), "503 error trying to reach service: connect: connection refused");
    assert.equal(await told("pods/none"), '404 pods "none" not found');
    assert.equal(await told("services/empty"), '503 no endpoints available for service "empty"');
    assert.match(await told("pods/a:b:c:d"), /^400 invalid proxy request/);
    assert.match(await told("pods/p:http2"), /^400 invalid port/);
  });
});
