import assert from "node:assert/strict";
import { test } from "node:test";
import { isDns1035Label, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName, nameProblems } from "./names.ts";

test("what may be a name", () => {
  assert.ok(isDns1123Label("web-1") && !isDns1123Label("Web") && !isDns1123Label("a".repeat(64)) && !isDns1123Label("-a"));
  assert.ok(isDns1123Subdomain("a.b-c.d") && !isDns1123Subdomain("a..b") && !isDns1123Subdomain("a".repeat(254)));
  assert.ok(isDns1035Label("a1") && !isDns1035Label("1a"));
  assert.ok(isLabelValue("") && isLabelValue("A_b.c") && !isLabelValue("a b") && !isLabelValue("_a"));
  assert.ok(isQualifiedName("app.kubernetes.io/name") && isQualifiedName("A_b") && !isQualifiedName("a/b/c") && !isQualifiedName("/a"));
});

test("problems are told in the API's words", () => {
  assert.deepEqual(nameProblems("dns1123-label", "Web"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(nameProblems("dns1123-subdomain", "A_b"), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  assert.deepEqual(nameProblems("dns1123-label", "a".repeat(64)), ["must be no more than 63 bytes"]);
  assert.deepEqual(nameProblems("qualified-name", "a/b/c"), [
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
  ]);
  assert.deepEqual(nameProblems("path-segment", "a/b%"), ["may not contain '/'", "may not contain '%'"]);
  assert.deepEqual(nameProblems("config-key", ".."), ["must not be '..'"]);
  assert.deepEqual(nameProblems("label-value", "ok"), []);
});
