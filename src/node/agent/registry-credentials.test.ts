import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "../../api/types.ts";
import { credentialsFor } from "./registry-credentials.ts";

const modern = (auths: Record<string, unknown>): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s" },
  data: { ".dockerconfigjson": btoa(JSON.stringify({ auths })) },
});

test("a password goes to no registry but its own", () => {
  const secret = modern({
    "https://index.docker.io/v1/": { username: "hub", password: "h" },
    "registry.example:5000": { auth: btoa("team:with:colon") },
    "registry.example:5000/inner": { username: "inner", password: "i" },
    "*.cloud.example": { identitytoken: "t" },
  });
  const rows: [string, unknown[]][] = [
    ["nginx", [{ username: "hub", password: "h" }]],
    ["docker.io/library/nginx:1", [{ username: "hub", password: "h" }]],
    ["registry.example:5000/app:1", [{ username: "team", password: "with:colon" }]],
    [
      "registry.example:5000/inner/app:1",
      [
        { username: "inner", password: "i" },
        { username: "team", password: "with:colon" },
      ],
    ],
    ["registry.example:5000/innermost:1", [{ username: "team", password: "with:colon" }]],
    ["eu.cloud.example/app", [{ identityToken: "t" }]],
    ["a.eu.cloud.example/app", []],
    ["elsewhere.example/app", []],
  ];
  for (const [image, expected] of rows) assert.deepEqual(credentialsFor(image, [secret]), expected, image);
});

test("the old form is read, and what is no credential is passed over", () => {
  const legacy: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "old" },
    data: { ".dockercfg": btoa(JSON.stringify({ "registry.example": { username: "u", password: "p" } })) },
  };
  const broken: Secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "x" }, data: { ".dockerconfigjson": btoa("{") } };
  const opaque: Secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "y" }, data: { token: btoa("t") } };
  assert.deepEqual(credentialsFor("registry.example/app", [broken, opaque, legacy]), [{ username: "u", password: "p" }]);
});
