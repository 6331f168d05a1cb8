import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplateSpec } from "../../api/types.ts";
import { changesBetween } from "./changes.ts";

const toText = (value: unknown): string => JSON.stringify(value, undefined, 1);
const template = (image: string, metadata: object = {}): PodTemplateSpec => ({
  metadata: { labels: { app: "web" }, ...metadata },
  spec: { containers: [{ name: "web", image }] },
});
const between = (before: PodTemplateSpec, after: PodTemplateSpec) =>
  changesBetween({ template: before, configuration: [] }, { template: after, configuration: [] }, toText);

test("the empty creation time that some servers give a template is no change, and shows in none", () => {
  const stamped = template("web:v1", { creationTimestamp: null });
  assert.deepEqual(between(stamped, template("web:v1")), []);
  const [change] = between(stamped, template("web:v2"));
  assert.deepEqual(
    change?.lines.filter(({ type }) => type === "removed" || type === "added").map(({ type, text }) => `${type} ${text.trim()}`),
    ['removed "image": "web:v1"', 'added "image": "web:v2"'],
  );
});
