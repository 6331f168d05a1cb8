import assert from "node:assert/strict";
import { test } from "node:test";
import { createStrategicMerge } from "../../machinery/three-way-merge.ts";
import { applyStrategicMerge } from "../../machinery/strategic-merge.ts";
import { lastAppliedAfter, lastAppliedContent, lastAppliedKey } from "./last-applied.ts";

const schema = "apps.v1.Deployment";
const template = (...names: string[]) => ({ spec: { containers: names.map((name) => ({ name, image: `${name}:1` })) } });
const file = (...names: string[]) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: { template: template(...names) },
});
const live = (applied: unknown, ...names: string[]) => ({
  ...file(...names),
  metadata: { name: "web", annotations: { [lastAppliedKey]: JSON.stringify(applied) } },
});
const namesOf = (object: any): string[] => object.spec.template.spec.containers.map(({ name }: { name: string }) => name);

/** What kubectl apply makes of a file, given what is live and what the annotation says. */
function applied(manifest: ReturnType<typeof file>, object: ReturnType<typeof live>): string[] {
  const original = JSON.parse(object.metadata.annotations[lastAppliedKey] as string);
  return namesOf(applyStrategicMerge(object, createStrategicMerge(original, manifest, object, schema), schema));
}

test("KR-26: after an undo the next apply takes away what the file does not have, instead of keeping it", () => {
  // v1 had two containers, v2 has one; the undo brings two back.
  const object = live(file("app"), "app", "sidecar");
  assert.deepEqual(applied(file("app"), object), ["app", "sidecar"], "the surprise, with the annotation left alone");
  const text = lastAppliedAfter(object, template("app", "sidecar"), undefined) as string;
  const told = { ...object, metadata: { ...object.metadata, annotations: { [lastAppliedKey]: text } } };
  assert.deepEqual(applied(file("app"), told), ["app"]);
});

test("the template that was applied then comes back into the annotation, and nothing else of it changes", () => {
  const object = live({ ...file("new"), spec: { replicas: 3, template: template("new") } }, "new");
  const text = lastAppliedAfter(object, template("old", "injected"), JSON.stringify(template("old"))) as string;
  assert.deepEqual(JSON.parse(text), { ...file("old"), spec: { replicas: 3, template: template("old") } });
});

test("what nobody applied gets no annotation, and what can't be read is left alone", () => {
  assert.equal(lastAppliedAfter({ ...file("a"), metadata: { name: "web" } }, template("a"), undefined), undefined);
  assert.equal(
    lastAppliedAfter({ ...file("a"), metadata: { annotations: { [lastAppliedKey]: "{" } } }, template("a"), undefined),
    undefined,
  );
});

test("the mark of a restart does not become a part of what was applied", () => {
  const restarted = {
    ...template("a"),
    metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" }, labels: { app: "web" } },
  };
  const text = lastAppliedAfter(live(file("b"), "b"), restarted, undefined) as string;
  assert.deepEqual(JSON.parse(text).spec.template, { ...template("a"), metadata: { labels: { app: "web" } } });
});

test("it is spelt as kubectl spells it: an apply of the same file writes the same text", () => {
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { annotations: { [lastAppliedKey]: '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap"}\n' } },
  };
  assert.equal(
    lastAppliedContent(object, { data: { b: "<p>&", a: "2" } }),
    '{"apiVersion":"v1","data":{"a":"2","b":"\\u003cp\\u003e\\u0026"},"kind":"ConfigMap"}\n',
  );
});
