import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze } from "../../machinery/freeze.ts";
import { checkShape, prune, shape } from "./shape.ts";

const deployment = (spec: object) => ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec });
const withContainer = (container: object) => deployment({ template: { spec: { containers: [{ name: "c" }, container] } } });
const check = (value: unknown) => checkShape("apps.v1.Deployment", value);

test("API-80: unknown fields are named by their path", () => {
  assert.deepEqual(check({ ...deployment({ foo: 1 }), bar: 2 }).unknown, ["spec.foo", "bar"]);
  assert.deepEqual(check(withContainer({ name: "d", imagee: "x" })).unknown, ["spec.template.spec.containers[1].imagee"]);
  assert.deepEqual(check(withContainer({ name: "d", constructor: 1 })).unknown, ["spec.template.spec.containers[1].constructor"]);
  assert.deepEqual(check(JSON.parse('{"__proto__":{"a":1}}')).unknown, ["__proto__"]);
});

const errors: readonly [what: string, value: unknown, message: string][] = [
  [
    "text for a number",
    deployment({ replicas: "3" }),
    "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    "a fraction",
    deployment({ replicas: 1.5 }),
    "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    "too large a number",
    deployment({ replicas: 3e9 }),
    "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    "a number for text",
    withContainer({ image: 1 }),
    "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string",
  ],
  [
    "text for a list",
    withContainer({ args: "x" }),
    "json: cannot unmarshal string into Go struct field Container.spec.template.spec.containers.args of type []string",
  ],
  [
    "text in place of a struct",
    deployment({ template: "x" }),
    "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec",
  ],
  [
    "a number as label",
    { metadata: { labels: { a: 1 } } },
    "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
  ],
  ["a list as body", [], "json: cannot unmarshal array into Go value of type v1.Deployment"],
  [
    "a flag for a count",
    deployment({ strategy: { rollingUpdate: { maxSurge: true } } }),
    "json: cannot unmarshal bool into Go value of type int32",
  ],
  [
    "a wrong quantity",
    withContainer({ resources: { limits: { cpu: "1x" } } }),
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
];
for (const [what, value, message] of errors) {
  test(`${what} is refused in the words of the API's decoder`, () => {
    assert.deepEqual(check(value).typeErrors, [message]);
  });
}

test("what remains has neither unknown fields nor nulls nor empty optional lists and maps, and is a copy", () => {
  const value = deepFreeze({
    ...deployment({
      replicas: 0,
      paused: null,
      foo: 1,
      template: { metadata: { labels: {}, creationTimestamp: null }, spec: { containers: [], volumes: [{ name: "v", emptyDir: {} }] } },
    }),
    status: {},
  });
  const pruned = prune("apps.v1.Deployment", value);
  assert.deepEqual(pruned, {
    ...deployment({ replicas: 0, template: { metadata: {}, spec: { containers: [], volumes: [{ name: "v", emptyDir: {} }] } } }),
    status: {},
  });
  assert.equal(Object.isFrozen(pruned.metadata), false);
});

test("a null in a map of texts is an empty text", () => {
  assert.deepEqual(prune("core.v1.ConfigMap", { data: { a: null, b: "x" } }), { data: { a: "", b: "x" } });
});

test("a key __proto__ of a map survives as a plain key", () => {
  const pruned = prune("core.v1.ConfigMap", JSON.parse('{"data":{"__proto__":"x"}}'));
  assert.deepEqual(Object.keys(pruned.data), ["__proto__"]);
});

test("secret data must be base64", () => {
  assert.deepEqual(checkShape("core.v1.Secret", { data: { a: "aGk=", b: "not base64" } }).typeErrors, [
    "illegal base64 data at input byte 3",
  ]);
});

test("a type that no table has takes anything", () => {
  assert.deepEqual(shape("example.com.Widget", { a: [null] }), { value: { a: [null] }, unknown: [], typeErrors: [] });
});
