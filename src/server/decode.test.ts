import assert from "node:assert/strict";
import { test } from "node:test";
import { deployments, pods, refusal, served } from "./core/fixture.suite.ts";
import { bodyTypeOf, type DecodeOptions, decodeJson, decodeValue } from "./decode.ts";

const decode = (text: string, options?: DecodeOptions) => decodeJson(bodyTypeOf(deployments), new TextEncoder().encode(text), options);
const body = (spec: string) => `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":${spec}}`;

test("a body becomes an object without nulls and unknown fields", () => {
  const warnings: string[] = [];
  const object = decode(body('{"replicas":3,"foo":1,"paused":null}'), { warn: (text) => void warnings.push(text) });
  assert.deepEqual(object, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { replicas: 3 } });
  assert.deepEqual(warnings, ['unknown field "spec.foo"'], "API-81");
  decode(body('{"foo":1}'), { fieldValidation: "Ignore", warn: (text) => assert.fail(text) });
  assert.deepEqual(decode('{"metadata":{"name":"web"}}').kind, "Deployment", "the path says what it is");
});

test("API-80: strict validation names every problem", () => {
  assert.throws(
    () => decode(body('{"foo":1,"bar":2,"replicas":1,"replicas":2}'), { fieldValidation: "Strict" }),
    refusal(
      400,
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: duplicate field "spec.replicas", unknown field "spec.foo", unknown field "spec.bar"',
    ),
  );
});

test("a wrong type, kind or version is refused in the decoder's words", () => {
  assert.throws(
    () => decode(body('{"replicas":"x"}')),
    refusal(
      400,
      'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ),
  );
  assert.throws(
    () => decode('{"apiVersion":"apps/v1beta1","kind":"Deployment"}'),
    refusal(400, /the API version in the data \(apps\/v1beta1\) does not match/),
  );
  assert.throws(() => decode('{"apiVersion":"v1","kind":"Pod"}'), refusal(400, /^Pod in version "v1" cannot be handled as a Deployment/));
  for (const text of ["", "[]", "null", "7", '"x"', "{", '{"kind":7}', '{"metadata":[]}', '{"spec":"x"}', "\u0000"]) {
    assert.throws(() => decode(text), refusal(400, /./), text);
  }
});

test("subresources have bodies of their own", () => {
  assert.equal(bodyTypeOf(deployments, "scale").kind, "Scale");
  assert.equal(bodyTypeOf(deployments, "status").schema, "apps.v1.Deployment");
  assert.equal(bodyTypeOf(pods, "eviction").apiVersion, "policy/v1");
  assert.equal(bodyTypeOf(pods, "binding").schema, "core.v1.Binding");
  assert.equal(bodyTypeOf(pods, "ephemeralcontainers").kind, "Pod");
  const token = bodyTypeOf(served("", "serviceaccounts"), "token");
  assert.equal(token.schema, "authentication.v1.TokenRequest");
  assert.equal(decodeValue(token, { spec: { audiences: ["a"] } })["spec"].audiences[0], "a");
});
