import assert from "node:assert/strict";
import { test } from "node:test";
import { disagreements } from "./version-labels.ts";

const template = (labels: Record<string, string>, ...images: string[]) => ({
  metadata: { labels },
  spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) },
});

for (const [name, labels, images, says] of [
  ["exercise 2, step 8: the label says v1 and the image is v2", { version: "v1" }, ["kiamol/ch09-vweb:v2"], 1],
  ["label and tag agree", { version: "v2" }, ["kiamol/ch09-vweb:v2"], 0],
  ["a v in front makes no difference", { version: "1.4.0" }, ["web:v1.4.0"], 0],
  ["a variant of the version is that version", { "app.kubernetes.io/version": "1.25" }, ["nginx:1.25-alpine"], 0],
  ["one of several images agrees", { version: "v2" }, ["proxy:1.0", "web:v2"], 0],
  ["latest says nothing", { version: "v1" }, ["web:latest"], 0],
  ["a digest says nothing", { version: "v1" }, ["web@sha256:abc"], 0],
  ["a registry's port is no tag", { version: "v1" }, ["registry:5000/web"], 0],
  ["a label without a number is no version", { version: "stable" }, ["web:v2"], 0],
  ["both labels lie", { version: "v1", "app.kubernetes.io/version": "1" }, ["web:v2"], 2],
] as const) {
  test(name, () => assert.equal(disagreements(template(labels, ...images)).length, says));
}

test("the sentence names label, value and image", () => {
  assert.deepEqual(disagreements(template({ version: "v1" }, "kiamol/ch09-vweb:v2")), [
    "label version says v1, but the image is kiamol/ch09-vweb:v2",
  ]);
});
