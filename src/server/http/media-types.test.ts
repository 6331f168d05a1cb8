import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../api/errors.ts";
import { bodyEncoding, negotiate, patchType } from "./media-types.ts";

const everything = { transforms: true, discovery: true, protobuf: true };
const forms: readonly (readonly [accept: string | undefined, form: string])[] = [
  [undefined, "json object"],
  ["*/*", "json object"],
  ["application/json", "json object"],
  ["application/yaml", "yaml object"],
  ["application/vnd.kubernetes.protobuf", "protobuf object"],
  ["application/vnd.kubernetes.protobuf,application/json", "json object"],
  ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", "json Table"],
  ["application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", "json object"],
  [
    "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
    "json PartialObjectMetadataList",
  ],
  [
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
    "json discovery",
  ],
  ["application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "json object"],
  ["application/json;q=0.5,application/yaml", "yaml object"],
  ["application/json;q=0,application/yaml;q=0.1", "yaml object"],
  ["text/html, */*;q=0.1", "json object"],
];
for (const [accept, form] of forms) {
  test(`API-16: Accept ${accept} is answered as ${form}`, () => {
    const { encoding, as } = negotiate(accept, everything);
    assert.equal(`${encoding} ${as}`, form);
  });
}

test("API-18: what can't be served is refused with what could be", () => {
  for (const accept of ["text/html", "application/json;as=Nothing", "application/json;q=0", ",;="]) {
    assert.throws(
      () => negotiate(accept, everything),
      (error) =>
        error instanceof ApiError &&
        error.code === 406 &&
        error.message ===
          "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    );
  }
  assert.throws(() => negotiate("application/yaml", { stream: true }), { message: /only the following/ });
});

test("API-56: the type of a patch is that of its body, parameters aside", () => {
  assert.equal(patchType("application/merge-patch+json; charset=utf-8"), "merge");
  assert.equal(patchType("application/apply-patch+yaml"), "apply");
  for (const type of ["application/json", "constructor", undefined]) assert.throws(() => patchType(type), { message: /unknown format/ });
});

test("a body without a type is JSON", () => {
  assert.equal(bodyEncoding(undefined), "json");
  assert.equal(bodyEncoding("Application/YAML"), "yaml");
  assert.throws(() => bodyEncoding("application/x-www-form-urlencoded"), { message: /unknown format/ });
});
