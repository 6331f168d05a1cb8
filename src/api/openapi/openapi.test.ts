import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { readFields } from "../protobuf/wire.ts";
import { kinds } from "../registry.ts";
import { openApiDocuments } from "./documents.ts";
import { encodeOpenApiV2Protobuf } from "./gnostic.ts";
import { openApiV2, openApiV3, openApiV3Index } from "./openapi.ts";

const apps = openApiV3(kinds, "apps", "v1");
const schemas = apps.components.schemas;
const deployment = "io.k8s.api.apps.v1.Deployment";

test("API-6: kubectl finds a PATCH of the kind with the fieldValidation parameter", () => {
  const { patch } = apps.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
  assert.deepEqual(patch["x-kubernetes-group-version-kind"], { group: "apps", version: "v1", kind: "Deployment" });
  assert.deepEqual(
    patch.parameters.map((parameter: any) => parameter.name),
    ["dryRun", "fieldManager", "fieldValidation", "force"],
  );
  assert.ok("application/strategic-merge-patch+json" in patch.requestBody.content);
});

test("API-7: schemas say how to merge, and name the kinds they belong to", () => {
  assert.deepEqual(schemas[deployment]["x-kubernetes-group-version-kind"], [{ group: "apps", version: "v1", kind: "Deployment" }]);
  const { properties, required } = schemas["io.k8s.api.core.v1.PodSpec"];
  assert.deepEqual(required, ["containers"]);
  assert.equal(properties.containers["x-kubernetes-patch-merge-key"], "name");
  assert.equal(properties.volumes["x-kubernetes-patch-strategy"], "merge,retainKeys");
  assert.deepEqual(properties.containers["x-kubernetes-list-map-keys"], ["name"]);
});

test("every reference leads somewhere, in both dialects", () => {
  const documents = [...new Map(kinds.map((kind) => [`${kind.group}/${kind.version}`, kind])).values()].map((kind) =>
    openApiV3(kinds, kind.group, kind.version),
  );
  for (const document of [...documents, openApiV2(kinds)]) {
    const known = new Set(Object.keys(document.definitions ?? document.components.schemas));
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/(?:definitions|components\/schemas)\/([^"]+)"/g)) {
      assert.ok(known.has(name as string), name);
    }
  }
});

test("API-8: what people ask explain about is described", () => {
  for (const [type, fields] of [
    ["apps.v1.DeploymentSpec", Object.keys(schemas["io.k8s.api.apps.v1.DeploymentSpec"].properties)],
    ["core.v1.Container", ["image", "ports", "env", "readinessProbe", "resources"]],
    ["apps.v1.StatefulSetSpec", ["serviceName", "volumeClaimTemplates"]],
  ] as const) {
    const schema = schemas[`io.k8s.api.${type}`];
    assert.ok(schema.description, type);
    for (const field of fields) assert.ok(schema.properties[field].description, `${type}.${field}`);
  }
});

test("paths fit what each kind serves", () => {
  const core = openApiV3(kinds, "", "v1");
  assert.ok(core.paths["/api/v1/nodes/{name}"] && !core.paths["/api/v1/namespaces/{namespace}/nodes"]);
  assert.ok(core.paths["/api/v1/pods"].get && !core.paths["/api/v1/pods"].post);
  assert.ok(apps.paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"].put);
  const ids = Object.values(apps.paths).flatMap((item: any) =>
    Object.values(item).flatMap((operation: any) => operation.operationId ?? []),
  );
  assert.equal(new Set(ids).size, ids.length, "operation ids are unique");
});

test("the index names every group and version under a digest of its document", () => {
  const index = openApiV3Index(kinds, (root) => root.length.toString());
  assert.equal(index.paths["apis/apps/v1"].serverRelativeURL, "/openapi/v3/apis/apps/v1?hash=12");
  assert.ok(index.paths["api/v1"]);
});

test("API-9: the v2 document has a protobuf form with every path and definition", () => {
  const document = openApiV2(kinds);
  const fields = new Map(readFields(encodeOpenApiV2Protobuf(document)).map(({ number, bytes }) => [number, bytes]));
  assert.equal(new TextDecoder().decode(fields.get(1)), "2.0");
  const names = (bytes: Uint8Array | undefined) =>
    readFields(bytes as Uint8Array).map((entry) => new TextDecoder().decode(readFields(entry.bytes as Uint8Array)[0]?.bytes));
  assert.deepEqual(names(fields.get(8)), Object.keys(document.paths));
  assert.deepEqual(names(fields.get(9)), Object.keys(document.definitions));
});

test("documents are found by path and accepted form, and built once", () => {
  let digests = 0;
  const find = openApiDocuments(kinds, (bytes) => {
    digests++;
    return createHash("sha256").update(bytes).digest("hex");
  });
  const index = find("/openapi/v3", undefined);
  assert.equal(index?.bytes(), index?.bytes());
  const versions = Object.keys(JSON.parse(new TextDecoder().decode(index?.bytes())).paths).length;
  assert.equal(digests, versions);
  const protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  assert.equal(find("/openapi/v2", protobuf)?.contentType, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  assert.equal(find("/openapi/v2", "application/json")?.contentType, "application/json");
  assert.equal(find("/openapi/v3/apis/nothing/v1", undefined), undefined);
  assert.equal(find("/openapi/v3/__proto__", undefined), undefined);
});
