import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequest, requestedName } from "./request-info.ts";

/** What a request line says, in short. */
function told(method: string, target: string): string {
  const request = readRequest(method, target);
  if (request.type === "path") return `${request.verb} path ${request.path}`;
  const { verb, group, version, resource, subresource, namespace, name, rest } = request;
  const what = [group, version, resource].filter((part) => part !== "").join("/");
  const parts = [
    `${verb} ${what}`,
    name && `name=${name}`,
    subresource && `sub=${subresource}`,
    namespace && `in ${namespace}`,
    rest && `rest=${rest}`,
  ];
  return parts.filter(Boolean).join(" ");
}

const lines: readonly (readonly [method: string, target: string, meaning: string])[] = [
  ["GET", "/api/v1/pods", "list v1/pods"],
  ["GET", "/api/v1/namespaces/a/pods", "list v1/pods in a"],
  ["GET", "/api/v1/namespaces/a/pods/p", "get v1/pods name=p in a"],
  ["GET", "/api/v1/namespaces/a/pods?watch=true", "watch v1/pods in a"],
  ["GET", "/api/v1/namespaces/a/pods?watch=1", "watch v1/pods in a"],
  ["GET", "/api/v1/namespaces/a/pods?watch=false", "list v1/pods in a"],
  ["GET", "/api/v1/namespaces/a/pods/p?watch=true", "get v1/pods name=p in a"],
  ["GET", "/api/v1/watch/namespaces/a/pods", "watch v1/pods in a"],
  ["POST", "/apis/apps/v1/namespaces/a/deployments", "create apps/v1/deployments in a"],
  ["PUT", "/apis/apps/v1/namespaces/a/deployments/d/scale", "update apps/v1/deployments name=d sub=scale in a"],
  ["DELETE", "/apis/apps/v1/namespaces/a/deployments/d", "delete apps/v1/deployments name=d in a"],
  ["DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection apps/v1/deployments in a"],
  ["GET", "/api/v1/namespaces", "list v1/namespaces"],
  ["GET", "/api/v1/namespaces/a", "get v1/namespaces name=a in a"],
  ["PUT", "/api/v1/namespaces/a/finalize", "update v1/namespaces name=a sub=finalize in a"],
  ["PATCH", "/api/v1/namespaces/a/status", "patch v1/namespaces name=a sub=status in a"],
  ["GET", "/api/v1/namespaces/a/services/http:s:web/proxy/x/y/?q=1", "get v1/services name=http:s:web sub=proxy in a rest=/x/y/"],
  ["GET", "/api/v1/namespaces/a%20b/pods/c%2Fd", "get v1/pods name=c/d in a b"],
  ["GET", "/api/v1", "get path /api/v1"],
  ["GET", "/apis/apps/v1/", "get path /apis/apps/v1/"],
  ["POST", "/version", "post path /version"],
  ["GET", "/", "get path /"],
];
for (const [method, target, meaning] of lines) {
  test(`${method} ${target} means: ${meaning}`, () => assert.equal(told(method, target), meaning));
}

test("malformed targets are refused", () => {
  for (const target of ["", "*", "api", "/api/v1/namespaces/%ff/pods", "/%", `/${"a".repeat(70_000)}`]) {
    assert.throws(
      () => readRequest("GET", target),
      (error: any) => error.code === 400,
      target.slice(0, 20),
    );
  }
});

test("a list narrowed to one name asks for that name", () => {
  const name = (target: string) => {
    const request = readRequest("GET", target);
    return request.type === "resource" ? requestedName(request) : undefined;
  };
  assert.equal(name("/api/v1/pods?fieldSelector=metadata.name%3Dp"), "p");
  assert.equal(name("/api/v1/pods?fieldSelector=metadata.name%3Dp&watch=1"), "p");
  assert.equal(name("/api/v1/pods?fieldSelector=metadata.name!%3Dp"), undefined);
  assert.equal(name("/api/v1/pods?fieldSelector=metadata.name%3Dp,status.phase%3DRunning"), undefined);
  assert.equal(name("/api/v1/pods"), undefined);
});
