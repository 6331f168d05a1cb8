import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "../../api/meta/object.ts";
import { parseFor } from "./condition.ts";

const object: AnyObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", generation: 2 },
  spec: { replicas: 3, paused: false },
  status: {
    observedGeneration: 2,
    conditions: [
      { type: "Available", status: "True" },
      { type: "Progressing", status: "False" },
      { type: "Stale", status: "True", observedGeneration: 1 },
    ],
  },
};

test("--for says what is waited for (KR-55)", () => {
  const table: [text: string, met: boolean][] = [
    ["condition=Available", true],
    ["condition=available", true],
    ["condition=Available=true", true],
    ["condition=Available=false", false],
    ["condition=Progressing", false],
    ["condition=Progressing=False", true],
    ["condition=Nope", false],
    ["condition=Stale", false],
    ["jsonpath={.spec.replicas}", true],
    ["jsonpath={.spec.replicas}=3", true],
    ["jsonpath='{.spec.replicas}'=3", true],
    ["jsonpath=.spec.replicas=3", true],
    ["jsonpath={.spec.replicas}=4", false],
    ["jsonpath={.spec.paused}=false", true],
    ["jsonpath={.spec.nope}", false],
    ['jsonpath={.status.conditions[?(@.type=="Available")].status}=True', true],
    ["create", true],
    ["delete", false],
    ["DELETE", false],
  ];
  for (const [text, met] of table) assert.equal(parseFor(text).test(object), met, text);
});

test("what is not there meets delete and nothing else", () => {
  for (const text of ["condition=Available", "jsonpath={.spec.replicas}", "create"])
    assert.equal(parseFor(text).test(undefined), false, text);
  assert.equal(parseFor("delete").test(undefined), true);
});

test("a condition of an object that its controller has not seen yet says nothing", () => {
  const later = { ...object, metadata: { ...object.metadata, generation: 3 } };
  assert.equal(parseFor("condition=Available").test(later), false);
});

test("what is no form, no path or no single value is refused", () => {
  assert.throws(() => parseFor("nonsense"), /unrecognized condition: "nonsense"/);
  assert.throws(() => parseFor("jsonpath="), /cannot be empty/);
  assert.throws(() => parseFor("jsonpath={.spec.replicas}="), /has to have a value after equal sign/);
  assert.throws(() => parseFor("jsonpath={.spec}=x").test(object), /nested object or list/);
  assert.throws(() => parseFor("jsonpath={.status.conditions[*].type}=x").test(object), /more than one value/);
});
