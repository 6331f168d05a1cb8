/** Client-side apply, the pure part: what is sent, and what is remembered (API-71). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import type { Resource } from "../discovery/resource.ts";
import { lastAppliedAnnotation, lastAppliedOf, lastAppliedText, withLastApplied } from "./last-applied.ts";
import { applyPatch } from "./three-way.ts";

const resource = (group: string, kind: string): Resource => ({
  group,
  version: "v1",
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  scope: "Namespaced",
  shortNames: [],
  categories: [],
  verbs: [],
  subresources: [],
});
const widgets = resource("example.com", "Widget");
const widget = (spec: unknown): AnyObject => ({ apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" }, spec });

/** The patch from a live object that was applied as `before` and then changed by others, without the annotation itself. */
function patchOf(kind: Resource, before: AnyObject, live: AnyObject, wanted: AnyObject): unknown {
  const annotations = { ...live.metadata.annotations, [lastAppliedAnnotation]: lastAppliedText(before) };
  const { type, patch } = applyPatch(kind, withLastApplied(wanted), { ...live, metadata: { ...live.metadata, annotations } });
  const { metadata: _, ...rest } = patch;
  return { type, ...rest };
}

test("a kind without known merge keys gets a merge patch of three sides", () => {
  const table: [sentence: string, before: unknown, live: unknown, wanted: unknown, patch: unknown][] = [
    ["nothing changed", { a: 1 }, { a: 1 }, { a: 1 }, undefined],
    ["a changed value is set", { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
    ["what others changed is set back", { a: 1 }, { a: 5 }, { a: 1 }, { a: 1 }],
    ["what others added stays", { a: 1 }, { a: 1, theirs: 2 }, { a: 1 }, undefined],
    ["what left the manifest goes", { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }, { b: null }],
    [
      "what left the manifest goes inside of objects",
      { o: { x: 1, y: 2 } },
      { o: { x: 1, y: 2, z: 3 } },
      { o: { x: 1 } },
      { o: { y: null } },
    ],
    ["a list is replaced as a whole", { l: [1, 2] }, { l: [1, 2, 3] }, { l: [1] }, { l: [1] }],
    ["a field named like a method is a field", { a: 1 }, { a: 1 }, { a: 1, constructor: "x" }, { constructor: "x" }],
  ];
  for (const [sentence, before, live, wanted, spec] of table) {
    assert.deepEqual(
      patchOf(widgets, widget(before), widget(live), widget(wanted)),
      { type: "merge", ...(spec !== undefined && { spec }) },
      sentence,
    );
  }
});

test("a kind of Kubernetes itself gets a strategic patch, by the names of its list items", () => {
  const deployments = resource("apps", "Deployment");
  const deployment = (image: string, ...others: string[]): AnyObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { template: { spec: { containers: [{ name: "web", image }, ...others.map((name) => ({ name, image: "x" }))] } } },
  });
  const before = deployment("nginx:1");
  assert.deepEqual(patchOf(deployments, before, deployment("nginx:1", "injected"), deployment("nginx:2")), {
    type: "strategic",
    spec: {
      template: { spec: { "$setElementOrder/containers": [{ name: "web" }], containers: [{ image: "nginx:2", name: "web" }] } },
    },
  });
});

test("what is remembered is the manifest without itself, in compact sorted JSON with a line break, as kubectl has it", () => {
  const object: AnyObject = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "c" }, data: { b: "<&>", a: "1" } };
  const text = `{"apiVersion":"v1","data":{"a":"1","b":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"c"}}\n`;
  assert.equal(lastAppliedText(object), text);
  assert.equal(lastAppliedText(withLastApplied(object)), text);
  assert.deepEqual(lastAppliedOf(withLastApplied(object)), JSON.parse(text));
});

test("a note that nobody can read any more counts as none", () => {
  const broken = { apiVersion: "v1", kind: "ConfigMap", metadata: { annotations: { [lastAppliedAnnotation]: "{" } } };
  assert.equal(lastAppliedOf(broken), undefined);
  assert.equal(lastAppliedOf({ ...broken, metadata: {} }), undefined);
});
