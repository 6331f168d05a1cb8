import assert from "node:assert/strict";
import { test } from "node:test";
import { explanation } from "./explanation.ts";
import { fromVersion2 } from "./version-2.ts";

const definitions = {
  "io.example.Spec": {
    description: "What is wanted.",
    properties: { $ref: { type: "string" }, size: { type: "integer", format: "int32" } },
  },
  "io.example.Thing": {
    description: "A thing.",
    properties: { spec: { $ref: "#/definitions/io.example.Spec", description: "The wish." } },
    "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Thing" }],
  },
};

test("a server that has OpenAPI v2 alone explains as much", () => {
  const text = explanation(fromVersion2({ definitions }), { group: "apps", version: "v1", kind: "Thing" }, ["spec"], { recursive: false });
  assert.equal(
    text,
    `GROUP:      apps
KIND:       Thing
VERSION:    v1

FIELD: spec <Spec>


DESCRIPTION:
    The wish.
    What is wanted.
    
FIELDS:
  $ref	<string>
    <no description>

  size	<integer>
    <no description>


`,
  );
});
