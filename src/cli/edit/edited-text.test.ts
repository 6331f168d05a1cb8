/** What an edit shows and what it makes of what comes back; the whole conversation is compared with kubectl's in a scenario. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "../discovery/resource.ts";
import type { Found } from "../objects/selection.ts";
import { headerOf, hasLines, parseEdited, textToEdit, withoutComments } from "./edited-text.ts";

const configMap = (name: string): Found => ({
  resource: { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" } as Resource,
  namespace: "n",
  name,
  source: undefined,
  object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "n" }, data: { a: "1" } } as Found["object"],
});

test("several objects are edited as one List and told apart by their names", () => {
  const found = [configMap("x"), configMap("y")];
  const text = textToEdit(found, "yaml", false).replace('a: "1"', 'a: "2"');
  const parsed = parseEdited(text, found);
  assert.ok("pairs" in parsed);
  assert.deepEqual(
    parsed.pairs.map(({ before, after }) => [before.name, after["data"]]),
    [
      ["x", { a: "2" }],
      ["y", { a: "1" }],
    ],
  );
});

test("what is no YAML, or no object, is told on top of the text, which else stays as it was typed", () => {
  const parsed = parseEdited("a: [", [configMap("x")]);
  assert.ok("reason" in parsed && /syntax error/.test(parsed.reason.head));
  const header = headerOf([parsed.reason]);
  assert.match(header, /^# The edited file had a syntax error: /m);
  assert.equal(withoutComments(`${header}a: [\n`), "a: [\n");
  const nameless = parseEdited("a: 1", [configMap("x")]);
  assert.ok("reason" in nameless && nameless.said === 'error: configmaps "x" is invalid\n');
  assert.equal(hasLines(withoutComments(headerOf([]))), false);
});
