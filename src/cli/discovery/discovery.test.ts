import assert from "node:assert/strict";
import { test } from "node:test";
import type { Transport } from "../../client/transport.ts";
import { discover } from "./discover.ts";
import { resourceMapper } from "./mapper.ts";
import { NoKindError, NoResourceError, type Resource } from "./resource.ts";

const resource = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  shortNames: string[] = [],
  categories: string[] = [],
): Resource => ({
  group,
  version,
  plural,
  kind,
  scope: "Namespaced",
  singular: kind.toLowerCase(),
  shortNames,
  categories,
  verbs: ["get"],
  subresources: [],
});

const pods = resource("", "v1", "pods", "Pod", ["po"], ["all"]);
const deployments = resource("apps", "v1", "deployments", "Deployment", ["deploy"], ["all"]);
const old = resource("apps", "v1beta1", "deployments", "Deployment", ["deploy"]);
const widgets = resource("example.com", "v1", "widgets", "Widget", ["wd"]);

test("people name types in many ways", async () => {
  const mapper = resourceMapper({ read: async () => ({ served: [pods, deployments, old, widgets], isFresh: true }) });
  const table: [string, Resource][] = [
    ["pods", pods],
    ["pod", pods],
    ["po", pods],
    ["Pod", pods],
    ["deploy", deployments],
    ["deploy.apps", deployments],
    ["deployments.v1beta1.apps", old],
    ["widgets.example.com", widgets],
    ["widgets.example", widgets],
    ["widgets.v1.example.com", widgets],
  ];
  for (const [name, found] of table) assert.equal(await mapper.find(name), found, name);
  assert.equal(await mapper.ofKind("apps/v1beta1", "Deployment"), old);
  assert.deepEqual(await mapper.inCategory("all"), [pods, deployments]);
  assert.deepEqual(await mapper.preferred(), [pods, deployments, widgets]);
  await assert.rejects(mapper.find("nope.apps"), (error) => error instanceof NoResourceError && /resource type "nope"/.test(error.message));
  await assert.rejects(mapper.ofKind("v1", "Nope"), NoKindError);
});

test("an old answer that does not know a name is asked for again, once", async () => {
  const asked: boolean[] = [];
  const mapper = resourceMapper({
    async read({ fresh }) {
      asked.push(fresh);
      return { served: fresh ? [pods, widgets] : [pods], isFresh: fresh };
    },
  });
  assert.equal(await mapper.find("pods"), pods);
  assert.equal(await mapper.find("widgets"), widgets);
  await assert.rejects(mapper.find("nope"), NoResourceError);
  assert.deepEqual(asked, [false, true]);
});

/** A server that answers with these documents, whatever is accepted. */
function server(documents: Readonly<Record<string, unknown>>): Transport {
  return {
    server: "https://example",
    async request({ path }) {
      return { status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(documents[path])) };
    },
    must(request) {
      return this.request(request);
    },
    stream: () => assert.fail("nothing is streamed"),
    close() {},
  };
}

test("a server without the aggregated document is asked group by group, the preferred version first", async () => {
  const list = (...names: string[]) => ({
    resources: names.map((name) => ({
      name,
      singularName: "",
      namespaced: true,
      kind: name === "pods/status" ? "Pod" : "Thing",
      verbs: ["get"],
    })),
  });
  const found = await discover(
    server({
      "/api": { kind: "APIVersions", versions: ["v1"] },
      "/api/v1": list("pods", "pods/status"),
      "/apis": {
        kind: "APIGroupList",
        groups: [{ name: "apps", versions: [{ version: "v1beta1" }, { version: "v1" }], preferredVersion: { version: "v1" } }],
      },
      "/apis/apps/v1": list("things"),
      "/apis/apps/v1beta1": list("things"),
    }),
  );
  assert.deepEqual(
    found.map(({ group, version, plural, subresources }) => [group, version, plural, subresources]),
    [
      ["", "v1", "pods", ["status"]],
      ["apps", "v1", "things", []],
      ["apps", "v1beta1", "things", []],
    ],
  );
});
