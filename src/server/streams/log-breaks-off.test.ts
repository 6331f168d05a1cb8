import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { KindDefinition } from "../../api/kind.ts";
import { Pod } from "../../api/kinds/pod/index.ts";
import { ServiceAccount } from "../../api/kinds/service-account/index.ts";
import { type TestClient, testClient } from "../http/test-client.node.ts";
import { startTestServer, type TestServer } from "../http/test-server.node.ts";
import { fakeNode } from "./fake-node.ts";

describe("a log that can't be read to its end", () => {
  let server: TestServer;
  let client: TestClient;
  before(async () => {
    server = await startTestServer({ nodes: () => fakeNode() });
    client = testClient(server);
    const context = { user: { name: "t", groups: ["system:masters"] }, fieldManager: "t" };
    const create = (kind: KindDefinition<any>, object: object) =>
      server.api.create(kind as KindDefinition, "default", { apiVersion: "v1", ...object } as never, context);
    await create(ServiceAccount, { kind: "ServiceAccount", metadata: { name: "default" } });
    await create(Pod, { kind: "Pod", metadata: { name: "p" }, spec: { nodeName: "n", containers: [{ name: "c", image: "i" }] } });
  });
  after(async () => {
    client.close();
    await server.close();
  });

  for (const how of ["http1", "http2"] as const) {
    test(`${how}: is cut off, so that the client neither waits for more nor takes it for the whole`, { timeout: 5000 }, async () => {
      await assert.rejects(client[how]("GET", "/api/v1/namespaces/default/pods/p/log?sinceSeconds=13"));
      assert.match(server.errors.at(-1) ?? "", /can't be read on/);
    });
  }
});
