import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalReference, parseReference } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

for (const [text, canonical] of [
  ["nginx", "docker.io/library/nginx:latest"],
  ["nginx:1.27", "docker.io/library/nginx:1.27"],
  ["team/app", "docker.io/team/app:latest"],
  ["index.docker.io/library/nginx", "docker.io/library/nginx:latest"],
  ["localhost/app", "localhost/app:latest"],
  ["localhost:5000/app:v1", "localhost:5000/app:v1"],
  ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest"],
  ["registry.example/x@" + digest, `registry.example/x@${digest}`],
  ["registry.example/x:v1@" + digest, `registry.example/x@${digest}`],
] as const) {
  test(`${text} stands for ${canonical}`, () => {
    const reference = parseReference(text);
    assert.ok(reference);
    assert.equal(canonicalReference(reference), canonical);
  });
}

for (const text of ["", "Nginx", "nginx:", "nginx:-x", "a//b", "a/b:c:d", "x@sha256:12", "-a/b", "reg_istry.x/a b", "a".repeat(300)]) {
  test(`${JSON.stringify(text)} is no image name`, () => assert.equal(parseReference(text), undefined));
}
